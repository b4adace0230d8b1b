// Package server is the vault: four services over keyring, escrow, store and audit log.
//
//   - [Issuer] grants the right to mint and takes sealed records. It cannot open one.
//   - [Reveal] turns tokens into values and values into tokens, each answer recorded before it is given.
//   - [Letter] opens dead letters of the Kafka mode, likewise.
//   - [Admin] erases, reports and verifies.
//
// They are separate types and implement vaultpbconnect's handlers. A handler has the shape of a client, so a caller in
// the same process calls the service itself and runs the code a remote one would. [Embedded] puts them together on a
// directory.
//
// Errors are Connect errors. None holds a value, nor text that a caller sent as a token.
package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"connectrpc.com/connect"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

// Core is what the services share. Safe for concurrent use.
type Core struct {
	Keys  *keyring.Keyring
	Store store.Store
	Audit *audit.Log
	// Now is the clock; it decides what has expired. Default time.Now.
	Now func() time.Time
	// Hooks are told what the services do.
	Hooks Hooks
	// Log is told what administrators change. Default: nobody.
	Log *zap.Logger

	rules     atomic.Pointer[Rules]
	grantLife atomic.Int64 // nanoseconds; 0: DefaultGrantLife
	watchers  watchers
	refusals  notices
	begun     notices // escrow sessions
	callers   seen[string]
}

// DefaultGrantLife is how long an agent may mint before it has to ask again. Agents ask at less than half of it, so an
// outage of an hour ends no grant.
const DefaultGrantLife = 2 * time.Hour

// SetGrantLife has grants from now on live for d. 0: [DefaultGrantLife].
func (c *Core) SetGrantLife(d time.Duration) { c.grantLife.Store(int64(d)) }

func (c *Core) lifeOfGrants() time.Duration {
	return cmp.Or(time.Duration(c.grantLife.Load()), DefaultGrantLife)
}

// Hooks count what the services do, for metrics. Each may be nil and must be safe for concurrent use.
type Hooks struct {
	// Escrowed is called after every Escrow call with its number of records, and how long the store took.
	Escrowed func(ctx context.Context, records int, took time.Duration, err error)
	// Revealed is called with the number of tokens of a Reveal call that had the outcome.
	Revealed func(ctx context.Context, outcome string, tokens int)
	// Granted is called after every Grant call.
	Granted func(ctx context.Context, err error)
	// Issued is called after every Issue call that minted, with the name of the caller's rule and the number of values.
	Issued func(ctx context.Context, rule string, values int)
	// Limited is called with the values of an Issue call that its caller's rate did not allow.
	Limited func(ctx context.Context, rule string, values int)
	// Refused is called with calls and records that their caller may not make: service is grant, escrow, issue, watch,
	// reveal, letter or admin.
	Refused func(ctx context.Context, service string, n int)
	// Poisoned is called when a record did not hold what its token was minted from.
	Poisoned func(ctx context.Context, class string)
	// Expired is called after the janitor deleted expired records.
	Expired func(ctx context.Context, records int)
}

func (c *Core) withDefaults() *Core {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Hooks.Escrowed == nil {
		c.Hooks.Escrowed = func(context.Context, int, time.Duration, error) {}
	}
	if c.Hooks.Revealed == nil {
		c.Hooks.Revealed = func(context.Context, string, int) {}
	}
	if c.Hooks.Granted == nil {
		c.Hooks.Granted = func(context.Context, error) {}
	}
	if c.Hooks.Issued == nil {
		c.Hooks.Issued = func(context.Context, string, int) {}
	}
	if c.Hooks.Limited == nil {
		c.Hooks.Limited = func(context.Context, string, int) {}
	}
	if c.Hooks.Refused == nil {
		c.Hooks.Refused = func(context.Context, string, int) {}
	}
	if c.Hooks.Poisoned == nil {
		c.Hooks.Poisoned = func(context.Context, string) {}
	}
	if c.Hooks.Expired == nil {
		c.Hooks.Expired = func(context.Context, int) {}
	}
	return c
}

const (
	maxPurpose = 512
	maxBatch   = 1000
)

// checkPurpose says what is wrong with a purpose. It goes into the audit log on one line and in full.
func checkPurpose(p string) error {
	blank := true
	for _, r := range p {
		// Also what has no width or turns the direction of writing: an auditor reads what is there.
		if !unicode.IsPrint(r) && r != utf8.RuneError && !unicode.Is(unicode.Zs, r) {
			return errors.New("purpose must be one line without control or invisible characters")
		}
		blank = blank && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}
	switch {
	case blank:
		return errors.New("a purpose is mandatory, and holds a letter or a digit")
	case !utf8.ValidString(p):
		return errors.New("purpose must be UTF-8")
	case utf8.RuneCountInString(p) > maxPurpose:
		return fmt.Errorf("purpose is longer than %d characters", maxPurpose)
	}
	return nil
}

// fault turns an error of the parts into a Connect error that a caller can act on.
func fault(err error) error {
	code := connect.CodeInternal
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		code = connect.CodeCanceled
	case errors.Is(err, context.DeadlineExceeded):
		code = connect.CodeDeadlineExceeded
	case errors.Is(err, store.ErrInvalid), errors.Is(err, keyring.ErrScope):
		code = connect.CodeInvalidArgument
	case errors.Is(err, keyring.ErrUnknownKid), errors.Is(err, keyring.ErrExpired):
		code = connect.CodeFailedPrecondition
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, audit.ErrUnavailable), errors.Is(err, keyring.ErrClosed):
		code = connect.CodeUnavailable
	}
	return connect.NewError(code, err)
}

func invalid(format string, args ...any) error {
	return connect.NewError(connect.CodeInvalidArgument, fmt.Errorf(format, args...))
}

// deny records a refusal and returns why. When even that cannot be recorded, the answer is a refusal all the same.
func (c *Core) deny(ctx context.Context, ev audit.Event, err error) error {
	ev.Outcome, ev.Reason = audit.OutcomeDenied, err.Error()
	ev = by(ctx, ev)
	if _, auditErr := c.Audit.Append(ctx, ev); auditErr != nil {
		return fault(auditErr)
	}
	return connect.NewError(connect.CodeInvalidArgument, err)
}

// minter mints again what agents minted, to compare or to look up. Not for concurrent use; one serves one call.
type minter struct {
	recognizer *token.Recognizer
	macs       map[macKey]*keyring.MAC
}

type macKey struct {
	kid   token.Kid
	class string
	kind  token.Kind
}

func (c *Core) newMinter() *minter {
	return &minter{token.NewRecognizer(c.Keys.RecognitionKey()), map[macKey]*keyring.MAC{}}
}

func (m *minter) mac(e *keyring.Epoch, class string, kind token.Kind) (*keyring.MAC, error) {
	k := macKey{e.Kid, class, kind}
	if mac := m.macs[k]; mac != nil {
		return mac, nil
	}
	key, err := e.MintKey(class, kind)
	if err != nil {
		return nil, err
	}
	m.macs[k] = keyring.NewMAC(key)
	return m.macs[k], nil
}

// mint is the deterministic or one-way token of a value.
func (m *minter) mint(e *keyring.Epoch, class string, kind token.Kind, value []byte) (string, error) {
	mac, err := m.mac(e, class, kind)
	if err != nil {
		return "", err
	}
	id := mac.Identity(value)
	return token.Token{Class: class, Kid: e.Kid, Identity: id, Tag: m.recognizer.Tag(class, e.Kid, id)}.String(), nil
}
