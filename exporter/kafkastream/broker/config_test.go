package broker_test

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/confmap"
	"gopkg.in/yaml.v3"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
)

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// component embeds the configuration as receiver and exporter do.
type component struct {
	broker.Config `mapstructure:",squash"`
}

func (c *component) Validate() error { return c.Check() }

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		want       []string // none: valid
	}{
		{"all defaults", "brokers: [kafka:9092]", nil},
		{"nothing", "{}", []string{"brokers: must be set"}},
		{"IPv6", `brokers: ["[::1]:9092"]`, nil},
		{
			"addresses", "brokers: [kafka, 'kafka:0', 'kafka:99999', ':9092', 'https://kafka:1', 'user@kafka:1']\ndial_timeout: -1s",
			[]string{"brokers[0]", "brokers[1]", "brokers[2]", "brokers[3]", "brokers[4]", "brokers[5]", "dial_timeout: -1s"},
		},
		{"TLS with no more than its name", "brokers: [kafka:9092]\ntls:", nil},
		{"TLS files that are not there", "brokers: [kafka:9092]\ntls: {ca_file: /nowhere/ca.pem}", []string{"tls: ", "/nowhere/ca.pem"}},
		{"TLS key without certificate", "brokers: [kafka:9092]\ntls: {key_file: /nowhere/key.pem}", []string{"tls: ", "provide both certificate and key"}},
		{
			"PLAIN without TLS", "brokers: ['127.0.0.1:1', 'kafka:9092']\nsasl: {mechanism: PLAIN, username: u, password: p}",
			[]string{"sasl.mechanism: PLAIN shows the secret", "kafka:9092", "allow_plaintext"},
		},
		{
			"PLAIN with TLS switched off", "brokers: ['kafka:9092']\ntls: {insecure: true}\nsasl: {mechanism: PLAIN, username: u, password: p}",
			[]string{"sasl.mechanism: PLAIN shows the secret"},
		},
		{"PLAIN without TLS, accepted", "brokers: ['kafka:9092']\nsasl: {mechanism: PLAIN, username: u, password: p, allow_plaintext: true}", nil},
		{"PLAIN over loopback", "brokers: ['127.0.0.1:1', '[::1]:1', 'localhost:1']\nsasl: {mechanism: PLAIN, username: u, password: p}", nil},
		{"PLAIN with TLS", "brokers: ['kafka:9092']\ntls: {}\nsasl: {mechanism: PLAIN, username: u, password: p}", nil},
		{"SCRAM without TLS", "brokers: ['kafka:9092']\nsasl: {mechanism: SCRAM-SHA-512, username: u, password: p}", nil},
		{"an unknown mechanism", "brokers: ['kafka:9092']\nsasl: {mechanism: GSSAPI}", []string{`sasl.mechanism: "GSSAPI": want one of [PLAIN SCRAM-SHA-256 SCRAM-SHA-512 OAUTHBEARER]`}},
		{"SCRAM without anything", "brokers: ['kafka:9092']\nsasl: {mechanism: SCRAM-SHA-256}", []string{"sasl.username: must be set", "sasl.password, sasl.password_file: set one"}},
		{
			"a password twice", "brokers: ['kafka:9092']\nsasl: {mechanism: SCRAM-SHA-256, username: u, password: p, password_file: /nowhere/p, scopes: [a]}",
			[]string{"sasl.password, sasl.password_file: set one", "sasl.password_file: stat /nowhere/p", "scopes, extensions: go with mechanism OAUTHBEARER"},
		},
		{"a password SCRAM does not allow", "brokers: ['kafka:9092']\nsasl: {mechanism: SCRAM-SHA-256, username: u, password: \"a\\u0007b\"}", []string{"RFC 4013"}},
		{
			"OAUTHBEARER without TLS", "brokers: ['kafka:9092']\nsasl: {mechanism: OAUTHBEARER, token_url: 'https://idp/', client_id: a, client_secret: b}",
			[]string{"sasl.mechanism: OAUTHBEARER shows the secret"},
		},
		{
			"OAUTHBEARER without anything", "brokers: ['kafka:9092']\ntls: {}\nsasl: {mechanism: OAUTHBEARER, username: u}",
			[]string{"sasl.token_file, sasl.token_url: set one", "go with PLAIN and SCRAM"},
		},
		{
			"a token URL", "brokers: ['kafka:9092']\ntls: {}\nsasl: {mechanism: OAUTHBEARER, token_url: 'http://idp/', extensions: {auth: a, 'a b': c}, token_tls: {ca_file: /nowhere/ca.pem}}",
			[]string{"sasl.token_url: idp would see", "sasl.client_id: must be set", "sasl.client_secret, sasl.client_secret_file", `sasl.extensions: "a b"`, `sasl.extensions: "auth"`, "sasl.token_tls"},
		},
		{
			"a token URL with a user", "brokers: ['kafka:9092']\ntls: {}\nsasl: {mechanism: OAUTHBEARER, token_url: 'https://me:hunter2@idp/', client_id: a, client_secret: b}",
			[]string{"sasl.token_url: want an https URL without a user"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := component{broker.DefaultConfig()}
			var values map[string]any
			if err := yaml.Unmarshal([]byte(tt.yaml), &values); err != nil {
				t.Fatal(err)
			}
			if err := confmap.NewFromStringMap(values).Unmarshal(&cfg); err != nil {
				t.Fatal(err)
			}
			err := confmap.Validate(&cfg)
			if len(tt.want) == 0 && err != nil {
				t.Errorf("refused: %v", err)
			}
			for _, w := range tt.want {
				if err == nil || !strings.Contains(err.Error(), w) {
					t.Errorf("nothing says %q: %v", w, err)
				}
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the error shows a password")
			}
		})
	}
}
