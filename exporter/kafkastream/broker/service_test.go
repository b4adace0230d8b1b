//go:build services

package broker_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"

	server "github.com/cloakroom/cloakroom/builder/broker"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
)

// unsecured is a JSON web token without a signature, as Kafka takes them in tests.
func unsecured(subject string, life time.Duration) string {
	enc := base64.RawURLEncoding.EncodeToString
	now := time.Now()
	return enc([]byte(`{"alg":"none"}`)) + "." + enc(fmt.Appendf(nil, `{"sub":%q,"iat":%d,"exp":%d}`, subject, now.Unix(), now.Add(life).Unix())) + "."
}

func TestServiceOpen(t *testing.T) {
	s, err := server.Start(t.Context(), server.Options{TLS: true, Users: []server.User{{Name: user, Password: password}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	bearer := func(token string) configoptional.Optional[broker.SASL] {
		return configoptional.Some(broker.SASL{Mechanism: broker.OAuthBearer, TokenFile: write(t, "token", token)})
	}
	good, wrong := unsecured(user, time.Hour), unsecured(user, -time.Hour)
	for _, tt := range []struct {
		name     string
		listener server.Listener
		sasl     configoptional.Optional[broker.SASL]
		fails    string // what the error says; empty: it works
	}{
		{"plain text", server.Plaintext, configoptional.None[broker.SASL](), ""},
		{"TLS", server.SSL, configoptional.None[broker.SASL](), ""},
		{"PLAIN", server.SASLPlaintext, passwordOf(broker.Plain, password), ""},
		{"PLAIN over TLS", server.SASLSSL, passwordOf(broker.Plain, password), ""},
		{"SCRAM-SHA-256", server.SASLPlaintext, passwordOf(broker.ScramSHA256, password), ""},
		{"SCRAM-SHA-512 over TLS", server.SASLSSL, passwordOf(broker.ScramSHA512, password), ""},
		{"OAUTHBEARER", server.SASLPlaintext, bearer(good), ""},
		{"OAUTHBEARER over TLS", server.SASLSSL, bearer(good), ""},
		{"PLAIN, wrong password", server.SASLPlaintext, passwordOf(broker.Plain, "no "+password), "refused the credentials of sasl (PLAIN, username pipeline)"},
		{"SCRAM-SHA-256, wrong password", server.SASLPlaintext, passwordOf(broker.ScramSHA256, "no "+password), "refused the credentials of sasl (SCRAM-SHA-256, username pipeline)"},
		{"SCRAM-SHA-512, wrong password", server.SASLSSL, passwordOf(broker.ScramSHA512, "no "+password), "refused the credentials of sasl (SCRAM-SHA-512, username pipeline)"},
		{"OAUTHBEARER, expired", server.SASLPlaintext, bearer(wrong), "refused the token invalid_token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := broker.DefaultConfig()
			cfg.Brokers, cfg.SASL = []string{s.Listener(tt.listener)}, tt.sasl
			if tt.listener == server.SSL || tt.listener == server.SASLSSL {
				c := configtls.NewDefaultClientConfig()
				c.CAFile = s.CA()
				cfg.TLS = configoptional.Some(c)
			}
			c := open(t, cfg)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := c.Client.Metadata(ctx, &kafka.MetadataRequest{})
			conn, dialed := c.Dialer.DialContext(ctx, "tcp", cfg.Brokers[0])
			if dialed == nil {
				_, dialed = conn.Brokers()
				conn.Close()
			}
			for who, err := range map[string]error{"transport": c.Explain(err), "dialer": c.Explain(dialed)} {
				if tt.fails == "" && err != nil {
					t.Errorf("%s: %v", who, err)
				}
				if tt.fails != "" && (!errors.Is(err, kafka.SASLAuthenticationFailed) || !strings.Contains(err.Error(), tt.fails)) {
					t.Errorf("%s: want an error that says %q: %v", who, tt.fails, err)
				}
				if err != nil && (strings.Contains(err.Error(), password) || strings.Contains(err.Error(), wrong)) {
					t.Errorf("%s: the error shows the secret", who)
				}
			}
		})
	}
}
