package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// scope is what this agent asks of one scope.
type scope struct {
	name string

	// mu is held while the vault is asked: one question at a time, and whoever waits finds the answer. Minting what
	// is granted never takes it.
	mu      sync.Mutex
	wanted  map[token.Class]struct{}
	refused map[token.Class]time.Time // until when not to ask again
	epoch   *epoch
	renewAt time.Time
	retryAt time.Time // after a failure; mints fail without asking until then
	pause   time.Duration
	failure error
}

const (
	minPause   = 500 * time.Millisecond
	maxPause   = 5 * time.Second
	refusal    = time.Minute
	keepEpochs = time.Hour // how long after its end an epoch may still have batches in flight
)

func (i *Issuer) scope(name string) *scope {
	i.mu.Lock()
	defer i.mu.Unlock()
	s := i.scopes[name]
	if s == nil {
		s = &scope{name: name, wanted: map[token.Class]struct{}{}, refused: map[token.Class]time.Time{}}
		i.scopes[name] = s
	}
	return s
}

// obtain makes sure that class is granted.
func (i *Issuer) obtain(class token.Class) error {
	s := i.scope(class.Scope)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := i.settings.Now()
	if m := (*i.table.Load())[class]; m != nil && now.UnixNano() < m.epoch.until.Load() {
		return nil // somebody else asked meanwhile
	}
	if now.Before(s.refused[class]) {
		return fmt.Errorf("mint %s: %w", class.Name, ErrRefused)
	}
	s.wanted[class] = struct{}{}
	if class.Kind == token.Deterministic {
		// What `on_unavailable: one_way` falls back to has to be here before the vault is away.
		s.wanted[token.Class{Name: class.Name, Scope: class.Scope, Kind: token.OneWay}] = struct{}{}
	}
	if err := i.ask(i.ctx, s); err != nil {
		return err
	}
	if now.Before(s.refused[class]) {
		return fmt.Errorf("mint %s: %w", class.Name, ErrRefused)
	}
	return nil
}

// ask gets a grant for everything wanted in s, whose lock is held. Soon after a failure it repeats the failure.
func (i *Issuer) ask(ctx context.Context, s *scope) error {
	now := i.settings.Now()
	if now.Before(s.retryAt) {
		return s.failure
	}
	err := i.grant(ctx, s, now)
	if err != nil {
		if ctx.Err() == nil {
			s.pause = min(max(2*s.pause, minPause), maxPause)
			s.retryAt, s.failure = now.Add(jitter(s.pause)), err
		}
		i.report(err)
		return err
	}
	s.pause, s.retryAt, s.failure = 0, time.Time{}, nil
	i.report(nil)
	select {
	case i.wake <- struct{}{}:
	default: // the renewal looks at all scopes anyway
	}
	return nil
}

// jitter spreads agents that failed or began together: half to all of d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

func (i *Issuer) grant(ctx context.Context, s *scope, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, i.settings.Timeout)
	defer cancel()
	asked := slices.SortedFunc(maps.Keys(s.wanted), func(a, b token.Class) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
	})
	request := &vaultpb.GrantRequest{Scope: s.name, Suites: []vaultpb.Suite{vaultpb.Suite_SUITE_XWING_HKDF_SHA256_AES256GCM}}
	for _, c := range asked {
		request.Classes = append(request.Classes, &vaultpb.MintClass{Name: c.Name, Kind: kinds[c.Kind]})
	}
	response, err := i.vault.Grant(ctx, connect.NewRequest(request))
	if err == nil {
		err = i.adopt(s, asked, response.Msg, now)
	}
	if err != nil {
		return fmt.Errorf("ask the vault for a grant of scope %q: %w", s.name, i.unavailable(err))
	}
	i.stats.grants.Add(1)
	return nil
}

var kinds = [...]vaultpb.TokenKind{
	token.Deterministic: vaultpb.TokenKind_TOKEN_KIND_DETERMINISTIC,
	token.Random:        vaultpb.TokenKind_TOKEN_KIND_RANDOM,
	token.OneWay:        vaultpb.TokenKind_TOKEN_KIND_ONE_WAY,
}

// adopt puts a grant to use. s.mu is held.
func (i *Issuer) adopt(s *scope, asked []token.Class, g *vaultpb.GrantResponse, now time.Time) error {
	keys, err := mintKeys(s.name, g)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.recognize(g.RecognitionKey); err != nil {
		return err
	}
	e := s.epoch
	if e == nil || e.kid != token.Kid(g.Kid) {
		if e, err = newEpoch(s.name, g, i.settings.Known); err != nil {
			return err
		}
		i.remember(e, now)
	}
	ends := g.EpochEnd.AsTime()
	if expires := g.GrantExpires.AsTime(); expires.Before(ends) {
		ends = expires
	}
	if !now.Before(ends) {
		return errors.New("the grant has ended before it came: compare the clocks of agent and vault")
	}
	s.epoch = e
	e.until.Store(ends.UnixNano())
	// Early enough to try again several times; at an epoch's end there is nothing to be had before.
	s.renewAt = now.Add(jitter(ends.Sub(now) * 4 / 5))
	if ends.Equal(g.EpochEnd.AsTime()) {
		s.renewAt = ends
	}
	i.replace(s, asked, keys, now)
	return nil
}

// mintKeys checks a grant and returns its keys by class.
func mintKeys(scope string, g *vaultpb.GrantResponse) (map[token.Class]keyring.Key, error) {
	if g.Scope != scope || g.Kid >= uint32(token.Kids) {
		return nil, errors.New("the vault's grant is of another scope, or its key id is out of range")
	}
	if g.Suite != vaultpb.Suite_SUITE_XWING_HKDF_SHA256_AES256GCM {
		return nil, fmt.Errorf("the vault's grant: %w %d", keyring.ErrSuite, g.Suite)
	}
	if g.EpochEnd == nil || g.GrantExpires == nil || g.RecordsExpire == nil {
		return nil, errors.New("the vault's grant lacks a time")
	}
	keys := map[token.Class]keyring.Key{}
	for _, k := range g.MintKeys {
		kind := slices.Index(kinds[:], k.GetClass().GetKind())
		if kind < 0 {
			return nil, errors.New("the vault's grant has a key of an unknown kind")
		}
		class := token.Class{Name: k.Class.Name, Scope: scope, Kind: token.Kind(kind)}
		var key keyring.Key
		if copy(key[:], k.Key) != len(key) {
			return nil, fmt.Errorf("the vault's grant has a key of %d bytes, want %d", len(k.Key), len(key))
		}
		keys[class] = key
	}
	return keys, nil
}

// recognize takes the vault's recognition key. i.mu is held.
func (i *Issuer) recognize(key []byte) error {
	if len(key) != len(i.recognition) {
		return fmt.Errorf("the vault's recognition key has %d bytes, want %d", len(key), len(i.recognition))
	}
	if r := i.recognizer.Load(); r == nil {
		i.recognition = [16]byte(key)
		i.recognizer.Store(token.NewRecognizer(i.recognition))
	} else if i.recognition != [16]byte(key) {
		return errors.New("the vault's recognition key has changed: this is another vault")
	}
	return nil
}

// replace makes a new table in which the classes asked of s are as granted. i.mu and s.mu are held. A grant that only
// lasts longer keeps the table, and with it every batch its MACs.
func (i *Issuer) replace(s *scope, asked []token.Class, keys map[token.Class]keyring.Key, now time.Time) {
	old := *i.table.Load()
	next, changed := maps.Clone(old), false
	for _, class := range asked {
		key, ok := keys[class]
		if !ok {
			s.refused[class] = now.Add(refusal)
			if next[class] != nil {
				delete(next, class)
				changed = true
			}
			continue
		}
		delete(s.refused, class)
		if m := next[class]; m == nil || m.epoch != s.epoch || m.key != key {
			next[class] = &minter{epoch: s.epoch, key: key}
			changed = true
		}
	}
	if changed {
		i.table.Store(&next)
	}
}

// remember adds an epoch to those that commits look up, and forgets those no batch can be in flight of.
func (i *Issuer) remember(e *epoch, now time.Time) {
	next := map[token.Kid]*epoch{e.kid: e}
	for kid, old := range *i.epochs.Load() {
		if now.Before(old.ends.Add(keepEpochs)) {
			next[kid] = old
		}
	}
	i.epochs.Store(&next)
}

// renew keeps grants alive until Close.
func (i *Issuer) renew() {
	defer close(i.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-i.ctx.Done():
			return
		case <-i.wake:
		case <-timer.C:
		}
		timer.Reset(i.renewDue())
	}
}

// renewDue renews the grants whose time has come and returns how long it is until the next one's.
func (i *Issuer) renewDue() time.Duration {
	i.mu.Lock()
	scopes := slices.Collect(maps.Values(i.scopes))
	i.mu.Unlock()
	wait := time.Hour
	for _, s := range scopes {
		s.mu.Lock()
		if s.epoch != nil {
			now := i.settings.Now()
			if !now.Before(s.renewAt) {
				_ = i.ask(i.ctx, s) // reported, and tried again at retryAt
			}
			next := s.renewAt
			if s.retryAt.After(next) {
				next = s.retryAt
			}
			wait = min(wait, next.Sub(now))
		}
		s.mu.Unlock()
	}
	return max(wait, 10*time.Millisecond)
}
