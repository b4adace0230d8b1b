package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// Commit makes every token of b durable: sealed, and handed to the vault and acknowledged, or on disk in the spool. What
// only the vault may mint it has the vault mint. It may be repeated; what was
// acknowledged before a failure is not sent again. It fails with [token.ErrUnavailable], and then nothing of the
// telemetry may be forwarded. That it was a commit that failed is for the caller to say.
func (i *Issuer) Commit(ctx context.Context, b *token.Batch) error {
	if s, ok := b.State.(*scratch); ok && b.Known() > 0 && s.losses != i.losses.Load() {
		// The batch has to be minted again, as it has no record of what the vault may have lost.
		return fmt.Errorf("%w: the vault asked for records again while they were relied on", token.ErrUnavailable)
	}
	c := call{issuer: i, now: i.settings.Now(), known: uint64(b.Known())}
	epochs := *i.epochs.Load()
	pending := false
	for n := range b.Len() {
		r := b.At(n)
		e := epochs[r.Kid]
		switch {
		case r.Pending:
			pending = true
			continue
		case r.Class.Kind == token.OneWay, r.Settled: // what the vault issued is durable since then
			continue
		case e == nil:
			// Its grant is long over: the batch has to be minted again.
			return fmt.Errorf("%w: no grant of key id %s", token.ErrUnavailable, r.Kid)
		}
		if r.Class.Kind == token.Deterministic {
			if memory := e.minted.Load(); e.known.has(r.Identity) {
				i.remember(memory, r)
				c.known++
				continue
			}
		}
		if c.full(e, len(r.Canonical)) {
			if err := c.send(ctx); err != nil {
				return err
			}
		}
		if c.items == nil {
			c.reserve(min(b.Len()-n, e.limits.records))
		}
		if err := c.seal(e, r, nil); err != nil {
			return err
		}
	}
	if err := c.send(ctx); err != nil {
		return err
	}
	i.stats.known.Add(c.known)
	if pending {
		return i.issue(ctx, b)
	}
	return nil
}

// call collects what one Escrow call carries. Its buffers are not reused: a vault in this process may still read them
// after a call that timed out.
type call struct {
	issuer *Issuer
	now    time.Time
	known  uint64

	sessions []*session
	items    []item
	tokens   []byte
	sealed   []byte
}

type item struct {
	epoch    *epoch
	identity token.Identity
	kind     token.Kind
	session  int
	token    int // where it ends in tokens
	sealed   int // where it ends in sealed
}

// reserve makes room for n records of ordinary size.
func (c *call) reserve(n int) {
	const ordinary = 64
	c.items = make([]item, 0, n)
	c.tokens = make([]byte, 0, n*ordinary)
	c.sealed = make([]byte, 0, n*ordinary)
}

// full reports whether a value of that length has to wait for the next call. One value alone is always sent.
func (c *call) full(e *epoch, value int) bool {
	return len(c.items) >= e.limits.records ||
		len(c.items) > 0 && len(c.sealed)+value+escrow.Overhead > e.limits.bytes
}

// seal adds a record to the call. salt is that of an unlinked token, else nil.
func (c *call) seal(e *epoch, r token.Record, salt *keyring.Salt) error {
	for {
		live, err := e.current(c.now, &c.issuer.stats.sessions)
		if err != nil {
			return fmt.Errorf("%w: %w", token.ErrUnavailable, err)
		}
		var sealed []byte
		if salt == nil {
			sealed, err = live.Seal(c.sealed, r.Token, e.scope, e.expires, r.Canonical)
		} else {
			sealed, err = live.SealUnlinked(c.sealed, r.Token, e.scope, e.expires, *salt, r.Canonical)
		}
		if errors.Is(err, escrow.ErrSpent) {
			continue // others used it up since
		}
		if err != nil {
			return err
		}
		c.sealed, c.tokens = sealed, append(c.tokens, r.Token...)
		at := slices.Index(c.sessions, live)
		if at < 0 {
			at = len(c.sessions)
			c.sessions = append(c.sessions, live)
		}
		c.items = append(c.items, item{e, r.Identity, r.Class.Kind, at, len(c.tokens), len(c.sealed)})
		return nil
	}
}

// send hands in what was collected and starts over.
func (c *call) send(ctx context.Context) error {
	if len(c.items) == 0 {
		return nil
	}
	i := c.issuer
	var err error
	if i.settings.Spool != nil {
		err = i.spool(ctx, c)
	} else {
		err = i.escrow(ctx, c)
	}
	if err != nil {
		return err
	}
	for _, it := range c.items {
		if it.kind == token.Deterministic {
			it.epoch.known.add(it.identity)
		}
	}
	*c = call{issuer: i, now: c.now, known: c.known}
	return nil
}

// spool leaves what was collected on this agent's disk.
func (i *Issuer) spool(ctx context.Context, c *call) error {
	if i.ctx.Err() != nil {
		return ErrClosed
	}
	if err := i.settings.Spool.Append(ctx, c.request()); err != nil {
		return err
	}
	i.stats.spooled.Add(uint64(len(c.items)))
	return nil
}

// escrow hands what was collected to the vault.
func (i *Issuer) escrow(ctx context.Context, c *call) error {
	ctx, cancel := context.WithTimeout(ctx, i.settings.Timeout)
	defer cancel()
	if _, err := i.vault.Escrow(ctx, connect.NewRequest(c.request())); err != nil {
		if connect.CodeOf(err) == connect.CodeFailedPrecondition {
			// The epoch is over or revoked, whatever the grant said: what is minted next asks for a new one.
			for _, it := range c.items {
				it.epoch.end()
			}
		}
		err = i.unavailable(err)
		if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			i.report(err)
		}
		return err
	}
	i.stats.calls.Add(1)
	i.stats.escrowed.Add(uint64(len(c.items)))
	i.report(nil)
	return nil
}

func (c *call) request() *vaultpb.EscrowRequest {
	request := &vaultpb.EscrowRequest{
		Sessions: make([]*vaultpb.EscrowSession, len(c.sessions)),
		Records:  make([]*vaultpb.EscrowRecord, len(c.items)),
	}
	for n, s := range c.sessions {
		h := s.Header()
		request.Sessions[n] = &vaultpb.EscrowSession{
			Id: h.ID[:], Kid: uint32(h.Kid), Suite: vaultpb.Suite(h.Suite), Enc: h.Enc, GrantId: s.grant,
		}
	}
	tokens := string(c.tokens) // one string that every record has a part of
	records := make([]vaultpb.EscrowRecord, len(c.items))
	tokenStart, sealedStart := 0, 0
	for n, it := range c.items {
		r := &records[n]
		r.Token, r.Session, r.ExpiresUnix = tokens[tokenStart:it.token], uint32(it.session), it.epoch.expires
		r.Sealed = c.sealed[sealedStart:it.sealed:it.sealed]
		request.Records[n] = r
		tokenStart, sealedStart = it.token, it.sealed
	}
	return request
}
