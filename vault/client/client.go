// Package client issues tokens under a vault's grants. It mints locally, seals what it minted for the vault's eyes only
// and hands it in; it cannot reveal.
//
// An [Issuer] works over a [Vault], so a vault in the same process and one across the network run the same code. Once a
// class is known, [Issuer.Mint] touches neither network nor lock; a class or scope seen for the first time, or a grant that
// ended, costs one call to the vault. Grants are renewed in the background
// before they end and when their epoch does, and the vault is listened to for what it revokes. [Issuer.Commit] returns when
// every token of a batch is durable: with the vault, or with a [spool.Spool] on this agent's disk.
//
// Classes that can be guessed the vault may keep to itself. Mint then appends a token the vault minted before, or one
// that stands in for it until Commit has it minted: see [token.Batch.Pend].
//
// What the vault cannot do now wraps [token.ErrUnavailable]: hold the telemetry back and try again. No error carries a
// value.
package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/escrow/spool"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
)

// Settings of an [Issuer]. The zero value is ready for use.
type Settings struct {
	// Scope is the one [Issuer.Start] asks a grant for. "": "default".
	Scope string
	// Timeout bounds one call to the vault. 0: 10 s.
	Timeout time.Duration
	// Spool takes sealed records in the vault's place and ships them: Commit then waits for this agent's disk only. The
	// issuer starts it and does not close it: close the issuer, then the spool. nil: Commit waits for the vault.
	Spool *spool.Spool
	// Unlinked, with a Spool: while the vault does not answer, values that only it may mint get tokens that can be
	// revealed and do not link to those of other agents, or of before. Otherwise their batches wait.
	Unlinked bool
	// Issued is how many tokens that the vault minted are remembered, 48 bytes each. 0: 131,072.
	Issued int
	// Known is how many tokens per epoch are remembered as durable, 16 bytes each. 0: 131,072.
	Known int
	// Now is the clock. nil: the time since the issuer was made, which no correction of the machine's clock moves.
	Now func() time.Time
	// Report is told, from any goroutine, when the vault stops answering (the error) and when it answers again (nil).
	// It must not call the issuer.
	Report func(error)
}

const (
	defaultScope   = "default"
	defaultTimeout = 10 * time.Second
	defaultKnown   = 1 << 17
	defaultIssued  = 1 << 17
)

var (
	// ErrRefused says that the vault does not grant a class. Trying again soon cannot help.
	ErrRefused = errors.New("the vault does not grant this class")
	// ErrClosed is returned after [Issuer.Close]. It wraps [token.ErrUnavailable].
	ErrClosed = fmt.Errorf("%w: issuer is closed", token.ErrUnavailable)
)

// Issuer mints and commits tokens. All methods are safe for concurrent use, each goroutine with its own batch.
type Issuer struct {
	vault    Vault
	settings Settings

	// What the hot path reads is immutable and replaced whole.
	table      atomic.Pointer[table]
	epochs     atomic.Pointer[map[token.Kid]*epoch]
	recognizer atomic.Pointer[token.Recognizer]

	mu          sync.Mutex // guards the next four, and replacing what is above
	scopes      map[string]*scope
	recognition [16]byte
	issuing     map[string]*issuing
	remoteKeys  map[token.Class]keyring.Key // under which values of classes that only the vault mints are remembered

	issuedOnce   sync.Once
	issuedTokens atomic.Pointer[issued]

	outages        map[string]outage // by scope; guarded by mu
	unlinking      chan struct{}
	unlinkedOnce   sync.Once
	unlinkedTokens atomic.Pointer[issued]

	endedKids   sync.Map      // token.Kid: revoked
	losses      atomic.Uint64 // how often the vault asked for an epoch's records again
	revocations atomic.Uint64 // how often the vault said that this agent is revoked
	askAgain    atomic.Int64  // Unix nanoseconds; set while it is

	away   atomic.Bool
	stats  counters
	ctx    context.Context
	cancel context.CancelFunc
	wake   chan struct{} // the renewal
	watch  chan struct{} // another scope is to be watched
	done   sync.WaitGroup
}

// New returns an issuer of the vault. It does nothing yet but renew grants once there are some: see [Issuer.Start]. With
// a spool it asks for the first one by itself. Close it.
func New(vault Vault, s Settings) *Issuer {
	s.Scope = cmp.Or(s.Scope, defaultScope)
	s.Timeout = cmp.Or(s.Timeout, defaultTimeout)
	s.Known = cmp.Or(s.Known, defaultKnown)
	if s.Now == nil {
		begun := time.Now()
		s.Now = func() time.Time { return begun.Add(time.Since(begun)) }
	}
	i := &Issuer{
		vault: vault, settings: s, scopes: map[string]*scope{}, issuing: map[string]*issuing{}, remoteKeys: map[token.Class]keyring.Key{},
		outages: map[string]outage{}, unlinking: make(chan struct{}, 1),
		wake: make(chan struct{}, 1), watch: make(chan struct{}, 1),
	}
	i.table.Store(&table{})
	i.epochs.Store(&map[token.Kid]*epoch{})
	i.ctx, i.cancel = context.WithCancel(context.Background())
	i.done.Go(i.renew)
	i.done.Go(i.watchRevocations)
	if s.Spool != nil {
		s.Spool.Start(i.ship)
		signal(i.wake) // what an earlier process left ships as soon as the vault is known to be the same
	}
	return i
}

// Start asks for the first grant, and so for the key that recognizes tokens. Without it the first use of the issuer
// does.
func (i *Issuer) Start(ctx context.Context) error { return i.first(ctx) }

// Close ends the renewal of grants and overwrites the keys of escrow sessions. What was committed is durable already;
// batches in flight fail with [ErrClosed].
func (i *Issuer) Close() error {
	i.cancel()
	i.done.Wait()
	for _, e := range *i.epochs.Load() {
		e.rest()
	}
	return nil
}

// Recognize returns the length of the verified token of this vault that s starts with, its kept part included, or 0.
//
// Without a grant nothing can be verified, so the first call may ask for one. While the vault has not answered yet,
// every token looks foreign; none can be minted from it either, so nothing is tokenized twice.
func (i *Issuer) Recognize(s string) int {
	r := i.recognizer.Load()
	if r == nil {
		if start, _ := token.Next(s[:min(len(s), token.MaxSize+1)], 0); start != 0 || i.first(i.ctx) != nil {
			return 0
		}
		r = i.recognizer.Load()
	}
	return r.Match(s)
}

// first makes sure that a grant was had once.
func (i *Issuer) first(ctx context.Context) error {
	if i.recognizer.Load() != nil {
		return nil
	}
	s := i.scope(i.settings.Scope)
	s.mu.Lock()
	defer s.mu.Unlock()
	if i.recognizer.Load() != nil {
		return nil
	}
	return i.ask(ctx, s)
}

// Stats are running totals.
type Stats struct {
	Escrowed uint64 // records handed to the vault
	Known    uint64 // records that were known to be durable already
	Calls    uint64 // Escrow calls that succeeded
	Sessions uint64
	Grants   uint64
	Spooled  uint64 // records left in the spool

	Issued      uint64 // tokens the vault minted
	IssuedKnown uint64 // tokens it had minted before
	IssueCalls  uint64 // Issue calls that succeeded
	Unlinked    uint64 // tokens made in the vault's place while it did not answer
}

type counters struct {
	escrowed, known, calls, sessions, grants, spooled, issued, issuedKnown, issueCalls, unlinked atomic.Uint64
}

// Stats returns what the issuer did so far.
func (i *Issuer) Stats() Stats {
	return Stats{
		Escrowed: i.stats.escrowed.Load(), Known: i.stats.known.Load(), Calls: i.stats.calls.Load(),
		Sessions: i.stats.sessions.Load(), Grants: i.stats.grants.Load(), Spooled: i.stats.spooled.Load(),
		Issued: i.stats.issued.Load(), IssuedKnown: i.stats.issuedKnown.Load(), IssueCalls: i.stats.issueCalls.Load(), Unlinked: i.stats.unlinked.Load(),
	}
}

// report passes a change of the vault's reachability on.
func (i *Issuer) report(err error) {
	if i.ctx.Err() != nil || i.away.Swap(err != nil) == (err != nil) || i.settings.Report == nil {
		return
	}
	i.settings.Report(err)
}

// unavailable wraps the error of a call to the vault. Whatever its code, the telemetry is worth keeping: what cannot
// succeed now may after an operator's correction. The code's name, which says no more than that, is left out.
func (i *Issuer) unavailable(err error) error {
	if i.ctx.Err() != nil {
		return ErrClosed
	}
	if said := new(connect.Error); errors.As(err, &said) && said.Message() != "" {
		err = said.Unwrap()
	}
	return fmt.Errorf("%w: %w", token.ErrUnavailable, err)
}
