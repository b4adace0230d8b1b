package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// mechanism starts one authentication with the secrets as they are now.
type mechanism struct {
	name  Mechanism
	start func(ctx context.Context) (sasl.StateMachine, []byte, error)
}

func (m *mechanism) Name() string { return string(m.name) }

func (m *mechanism) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	return m.start(ctx)
}

// open returns what authenticates connections; HTTP requests of its own end with ctx.
func (s *SASL) open(ctx context.Context, timeout time.Duration) (sasl.Mechanism, error) {
	m := &mechanism{name: s.Mechanism}
	switch s.Mechanism {
	case Plain, ScramSHA256, ScramSHA512:
		m.start = s.startPassword
	case OAuthBearer:
		token, err := s.tokens(ctx, timeout)
		if err != nil {
			return nil, err
		}
		m.start = func(context.Context) (sasl.StateMachine, []byte, error) { return startBearer(token, s.Extensions) }
	default:
		return nil, fmt.Errorf("sasl.mechanism: %q is not known", string(s.Mechanism))
	}
	return m, nil
}

func (s *SASL) startPassword(ctx context.Context) (sasl.StateMachine, []byte, error) {
	password := string(s.Password)
	if s.PasswordFile != "" {
		var err error
		if password, err = readSecret(s.PasswordFile); err != nil {
			return nil, nil, fmt.Errorf("sasl.password_file: %w", err)
		}
	}
	if s.Mechanism == Plain {
		return plain.Mechanism{Username: s.Username, Password: password}.Start(ctx)
	}
	m, err := s.scram(password)
	if err != nil {
		return nil, nil, fmt.Errorf("sasl.password: %w", err)
	}
	return m.Start(ctx)
}

var errPrep = errors.New("the username or the password holds characters that SCRAM does not allow (RFC 4013)")

func (s *SASL) scram(password string) (sasl.Mechanism, error) {
	algorithm := scram.SHA256
	if s.Mechanism == ScramSHA512 {
		algorithm = scram.SHA512
	}
	m, err := scram.Mechanism(algorithm, s.Username, password)
	if err != nil {
		return nil, errPrep // its own text may quote the password
	}
	return m, nil
}

const maxSecret = 1 << 20

// readSecret returns a file's text without the white space around it.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.IsDir() || info.Size() > maxSecret {
		return "", fmt.Errorf("%s: want a file of at most 1 MiB", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(b))
	if secret == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return secret, nil
}

// tokens returns what gives the token to show now.
func (s *SASL) tokens(ctx context.Context, timeout time.Duration) (func() (string, error), error) {
	if s.TokenFile != "" {
		return func() (string, error) {
			token, err := readSecret(s.TokenFile)
			if err != nil {
				return "", fmt.Errorf("sasl.token_file: %w", err)
			}
			return token, nil
		}, nil
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if s.TokenTLS.HasValue() {
		t, err := s.TokenTLS.Get().LoadTLSConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("sasl.token_tls: %w", err)
		}
		transport.TLSClientConfig = t
	}
	// A token is fetched about once an hour: no connection is kept for the next one.
	transport.DisableKeepAlives = true
	client := &http.Client{Transport: transport, Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("it redirects, and the secret is not shown elsewhere")
	}}
	source := &credentials{ctx: context.WithValue(ctx, oauth2.HTTPClient, client), sasl: s}
	return source.token, nil
}

// credentials asks for tokens by OAuth2's client credentials, and keeps one until shortly before it expires.
type credentials struct {
	ctx  context.Context
	sasl *SASL

	mu      sync.Mutex
	current *oauth2.Token
}

func (c *credentials) token() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current.Valid() {
		return c.current.AccessToken, nil
	}
	secret := string(c.sasl.ClientSecret)
	if c.sasl.ClientSecretFile != "" {
		var err error
		if secret, err = readSecret(c.sasl.ClientSecretFile); err != nil {
			return "", fmt.Errorf("sasl.client_secret_file: %w", err)
		}
	}
	conf := clientcredentials.Config{ClientID: c.sasl.ClientID, ClientSecret: secret, TokenURL: c.sasl.TokenURL, Scopes: c.sasl.Scopes}
	t, err := conf.Token(c.ctx)
	if err != nil {
		return "", fmt.Errorf("sasl.token_url: %w", withoutAnswer(err))
	}
	c.current = t
	return t.AccessToken, nil
}

// withoutAnswer tells what a token endpoint's refusal says in the words of RFC 6749; the rest of its answer may quote the
// request.
func withoutAnswer(err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return err
	}
	status := "no status"
	if refused.Response != nil {
		status = refused.Response.Status
	}
	return fmt.Errorf("no token was given: %s %s", status, word(refused.ErrorCode))
}

// word returns s where it is a short word of a protocol, such as invalid_token.
func word(s string) string {
	odd := func(r rune) bool { return (r < 'a' || 'z' < r) && r != '_' }
	if len(s) > 40 || strings.ContainsFunc(s, odd) {
		return ""
	}
	return s
}

// startBearer begins OAUTHBEARER.
//
// Source: RFC 7628, sections 3.1 and 3.2; KIP-255, KIP-342 (extensions).
func startBearer(token func() (string, error), extensions map[string]string) (sasl.StateMachine, []byte, error) {
	t, err := token()
	if err != nil {
		return nil, nil, err
	}
	if strings.ContainsFunc(t, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, nil, errors.New("sasl: the token holds characters that no bearer token has (RFC 6750)")
	}
	first := "n,,\x01auth=Bearer " + t + "\x01"
	for _, key := range sortedKeys(extensions) {
		first += key + "=" + extensions[key] + "\x01"
	}
	return bearer{}, []byte(first + "\x01"), nil
}

// bearer reads the broker's only answer: nothing, or why the token is refused.
type bearer struct{}

func (bearer) Next(_ context.Context, challenge []byte) (bool, []byte, error) {
	if len(challenge) == 0 {
		return true, nil, nil
	}
	var refusal struct {
		Status string `json:"status"`
	}
	_ = json.Unmarshal(challenge, &refusal) // without a status, a refusal is one all the same
	return false, nil, &refusedToken{word(refusal.Status)}
}

type refusedToken struct{ status string }

func (e *refusedToken) Error() string {
	return strings.TrimSpace("the broker refused the token " + e.status)
}
