// Package reveal is the client that opens tokens, and dead letters of the Kafka mode. It has an import path of its own so
// that the power to reveal is easy to find and to forbid: no component that handles telemetry may import it.
//
// [Dial] reaches the vault that runs on a directory, [Over] one across the network, [New] one in this process. All speak
// to the same services.
package reveal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

var (
	// ErrNotRunning says that nobody listens: no vault runs on that directory now, though it may be opened there.
	ErrNotRunning = errors.New("no vault is running there")
	// ErrDenied says that the vault runs and this user may not speak to it.
	ErrDenied = errors.New("this user may not use the vault: run as the user the vault runs as")
)

// Client reveals, and opens dead letters. Safe for concurrent use.
type Client struct {
	reveal vaultpbconnect.RevealServiceClient
	letter vaultpbconnect.LetterServiceClient
	admin  vaultpbconnect.AdminServiceClient
	close  func()
}

// New returns a client of services in this process.
func New(r vaultpbconnect.RevealServiceClient, l vaultpbconnect.LetterServiceClient, a vaultpbconnect.AdminServiceClient) *Client {
	return &Client{reveal: r, letter: l, admin: a, close: func() {}}
}

// dialTimeout is how long the vault may take to accept.
const dialTimeout = 5 * time.Second

// Dial connects to the vault whose directory or reveal socket is at path. It fails with ErrNotRunning or ErrDenied.
func Dial(ctx context.Context, path string) (*Client, error) {
	socket, err := socketOf(path)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	dial := func(ctx context.Context) (net.Conn, error) { return dialer.DialContext(ctx, "unix", socket) }
	first, err := dial(ctx)
	switch {
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("%s: %w", socket, ErrDenied)
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTSOCK):
		return nil, fmt.Errorf("%s: %w", socket, ErrNotRunning)
	case err != nil:
		return nil, fmt.Errorf("reach the vault: %w", err)
	}
	_ = first.Close()
	transport := &http.Transport{
		DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		IdleConnTimeout: time.Minute,
	}
	h := &http.Client{Transport: transport}
	const base = "http://vault" // any name: there is but one socket
	return &Client{
		reveal: vaultpbconnect.NewRevealServiceClient(h, base),
		letter: vaultpbconnect.NewLetterServiceClient(h, base),
		admin:  vaultpbconnect.NewAdminServiceClient(h, base),
		close:  transport.CloseIdleConnections,
	}, nil
}

// Over returns a client of the vault at a URL, such as https://vault.example.org:7444, over an HTTP client that shows a
// certificate.
func Over(h *http.Client, url string) *Client {
	return &Client{
		reveal: vaultpbconnect.NewRevealServiceClient(h, url),
		letter: vaultpbconnect.NewLetterServiceClient(h, url),
		admin:  vaultpbconnect.NewAdminServiceClient(h, url),
		close:  h.CloseIdleConnections,
	}
}

// socketOf is the socket of a vault's directory, or the path itself.
func socketOf(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("%s: %w", path, ErrNotRunning)
	case errors.Is(err, os.ErrPermission):
		return "", fmt.Errorf("%s: %w", path, ErrDenied)
	case err != nil:
		return "", fmt.Errorf("reach the vault: %w", err)
	case !info.IsDir():
		return path, nil
	}
	b, err := os.ReadFile(filepath.Join(path, vaultpb.SocketPointer))
	if err == nil {
		return strings.TrimSpace(string(b)), nil
	}
	if errors.Is(err, os.ErrPermission) {
		return "", fmt.Errorf("%s: %w", path, ErrDenied)
	}
	return filepath.Join(path, vaultpb.SocketName), nil
}

// Close lets go of idle connections.
func (c *Client) Close() { c.close() }

// Service is the reveal service itself.
func (c *Client) Service() vaultpbconnect.RevealServiceClient { return c.reveal }

// Admin is the service that runs the vault.
func (c *Client) Admin() vaultpbconnect.AdminServiceClient { return c.admin }

// Result is what the vault answered for one token.
type Result struct {
	Token   string
	Outcome vaultpb.Outcome
	// Value is the canonical value; nil unless Outcome is revealed.
	Value []byte
	Class string
	Scope string
	// Expires is when the token can be revealed no more; zero when the vault did not say.
	Expires time.Time
	// Audit is the sequence of the answer's audit record.
	Audit uint64
}

// maxBatch is how many tokens or values one call may carry.
const maxBatch = 1000

// Reveal opens tokens. Results are in the order of tokens, each with its own outcome; an error means that the vault
// answered for none of the last thousand asked. The purpose is mandatory and is recorded.
func (c *Client) Reveal(ctx context.Context, purpose string, tokens []string) ([]Result, error) {
	out := make([]Result, 0, len(tokens))
	for part := range slices.Chunk(tokens, maxBatch) {
		res, err := c.reveal.Reveal(ctx, connect.NewRequest(&vaultpb.RevealRequest{Purpose: purpose, Tokens: part}))
		if err != nil {
			return out, fmt.Errorf("reveal: %w", err)
		}
		if len(res.Msg.Results) != len(part) {
			return out, errors.New("reveal: the vault did not answer for every token")
		}
		for i, r := range res.Msg.Results {
			result := Result{
				Token: part[i], Outcome: r.Outcome, Class: r.TokenClass, Scope: r.Scope, Audit: r.AuditSequence,
			}
			if r.Outcome == vaultpb.Outcome_OUTCOME_REVEALED {
				result.Value = append([]byte{}, r.Value...)
			}
			if r.Expires != nil {
				result.Expires = r.Expires.AsTime()
			}
			out = append(out, result)
		}
	}
	return out, nil
}

// Query asks for the tokens of values.
type Query struct {
	// Class is the class of the tokens.
	Class string
	// Scope; empty: every scope.
	Scope string
	// Values in canonical form.
	Values [][]byte
}

// Found is one token of a value.
type Found struct {
	// Value is the index into Query.Values.
	Value int
	Token string
	Kind  token.Kind
	Scope string
	// The token's epoch mints from Start to End; its tokens can be revealed until Expires.
	Start, End, Expires time.Time
	// Escrowed reports whether the token was ever handed in. One-way tokens never are.
	Escrowed bool
	// Erased reports whether it was erased: it can never be revealed.
	Erased bool
}

// Lookup returns the tokens of values in the live epochs, ordered by value, scope and epoch, newest first. Random
// tokens cannot be found by their value.
func (c *Client) Lookup(ctx context.Context, purpose string, q Query) ([]Found, error) {
	var out []Found
	first := 0
	for part := range slices.Chunk(q.Values, maxBatch) {
		res, err := c.reveal.Lookup(ctx, connect.NewRequest(&vaultpb.LookupRequest{
			Purpose: purpose, Scope: q.Scope, TokenClass: q.Class, Values: part,
		}))
		if err != nil {
			return out, fmt.Errorf("look up: %w", err)
		}
		for _, r := range res.Msg.Results {
			kind := token.Deterministic
			if r.Kind == vaultpb.TokenKind_TOKEN_KIND_ONE_WAY {
				kind = token.OneWay
			}
			out = append(out, Found{
				Value: first + int(r.Value), Token: r.Token, Kind: kind, Scope: r.Scope,
				Start: r.EpochStart.AsTime(), End: r.EpochEnd.AsTime(), Expires: r.Expires.AsTime(),
				Escrowed: r.Escrowed, Erased: r.Erased,
			})
		}
		first += len(part)
	}
	return out, nil
}
