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
	denied  bool // by the vault, when it was asked last
}

const (
	minPause = 500 * time.Millisecond
	maxPause = 5 * time.Second
	refusal  = time.Minute
	// How long to wait before asking a vault again that said no to this agent.
	deniedPause = time.Minute
	keepEpochs  = time.Hour // how long after its end an epoch may still have batches in flight
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
	if now.UnixNano() < i.askAgain.Load() {
		return errRevoked
	}
	if now.Before(s.retryAt) {
		return s.failure
	}
	revocations := i.revocations.Load()
	err := i.grant(ctx, s, now)
	if err == nil && i.revocations.Load() != revocations {
		s.epoch.end() // granted before, and told after
		err = errRevoked
	}
	if err != nil {
		if ctx.Err() == nil {
			s.pause = min(max(2*s.pause, minPause), maxPause)
			wait := jitter(s.pause)
			if s.denied {
				// It may not, or no longer: an operator's choice, which does not change within seconds.
				i.endScope(s.name)
				wait = maxPause + jitter(deniedPause)
			}
			s.retryAt, s.failure = now.Add(wait), err
		}
		i.report(err)
		return err
	}
	i.askAgain.Store(0)
	s.pause, s.retryAt, s.failure = 0, time.Time{}, nil
	i.report(nil)
	signal(i.wake)  // the renewal looks at all scopes
	signal(i.watch) // and so does whoever listens for revocations
	if i.settings.Spool != nil {
		i.settings.Spool.Kick()
	}
	return nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// endScope ends minting in a scope until there is a new grant.
func (i *Issuer) endScope(name string) {
	for _, e := range *i.epochs.Load() {
		if e.scope == name {
			e.end()
		}
	}
}

// jitter spreads agents that failed or began together: half to all of d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

func (i *Issuer) grant(ctx context.Context, s *scope, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, i.settings.Timeout)
	defer cancel()
	asked := slices.SortedFunc(maps.Keys(s.wanted), func(a, b token.Class) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
	})
	request := &vaultpb.GrantRequest{Scope: s.name, Issue: true, Suites: []vaultpb.Suite{vaultpb.Suite_SUITE_XWING_HKDF_SHA256_AES256GCM}}
	for _, c := range asked {
		request.Classes = append(request.Classes, &vaultpb.MintClass{Name: c.Name, Kind: kinds[c.Kind]})
	}
	response, err := i.vault.Grant(ctx, connect.NewRequest(request))
	s.denied = connect.CodeOf(err) == connect.CodePermissionDenied
	i.answers(s.name, err == nil || !unanswered(err))
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
	remote, err := remoteClasses(s.name, g)
	if err != nil {
		return err
	}
	if i.settings.Spool != nil {
		if err := i.settings.Spool.Bind(g.RecognitionKey); err != nil {
			return err
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.recognize(g.RecognitionKey); err != nil {
		return err
	}
	if i.hasEnded(token.Kid(g.Kid)) {
		return errors.New("the vault granted a key that it has revoked")
	}
	t, err := timesOf(g, now)
	if err != nil {
		return err
	}
	e := s.epoch
	if e == nil || e.kid != token.Kid(g.Kid) {
		if e, err = newEpoch(s.name, g, i.settings.Known); err != nil {
			return err
		}
		if s.epoch != nil {
			s.epoch.minted.Store(nil) // with its keys
		}
		i.keep(e, now)
	}
	e.renew(g)
	s.epoch, e.ends = e, t.epochEnds
	e.begin(t.ends)
	s.renewAt = t.renew
	i.limit(s.name, e, g)
	i.replace(s, asked, keys, remote, now)
	return nil
}

// times of a grant, on this agent's clock.
type times struct{ ends, epochEnds, renew time.Time }

// timesOf counts from when the vault granted, by its own clock, and from when it was asked, by ours: what the two clocks
// show does not matter, only that they go equally fast. The answer's way back is to our disadvantage.
func timesOf(g *vaultpb.GrantResponse, asked time.Time) (times, error) {
	here := func(there time.Time) time.Time { return there }
	if g.GrantedAt != nil {
		granted := g.GrantedAt.AsTime()
		here = func(there time.Time) time.Time { return asked.Add(there.Sub(granted)) }
	}
	t := times{ends: here(g.GrantExpires.AsTime()), epochEnds: here(g.EpochEnd.AsTime())}
	if t.epochEnds.Before(t.ends) {
		t.ends = t.epochEnds
	}
	life := t.ends.Sub(asked)
	if life <= 0 {
		return times{}, errors.New("the grant has ended before it came: compare the clocks of agent and vault")
	}
	// At 40 to 50 % of its life, so that an outage of as long again ends no grant; not over and over where the end of
	// the epoch makes life short, and at that end in any case, when there is something new to be had.
	t.renew = asked.Add(max(life*2/5+rand.N(life/10+1), minRenew))
	if t.renew.After(t.ends) {
		t.renew = t.ends
	}
	return t, nil
}

// minRenew is the least time between two grants that both were had.
const minRenew = 30 * time.Second

// limit passes the grant's limits on. i.mu is held.
func (i *Issuer) limit(scope string, e *epoch, g *vaultpb.GrantResponse) {
	if i.settings.Spool != nil {
		i.settings.Spool.SetLimits(e.limits.records, e.limits.bytes)
	}
	q := i.issuingIn(scope)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.most = bounded(g.GetLimits().GetIssueValues(), maxIssueValues)
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

// remoteClasses returns the classes that only the vault mints.
func remoteClasses(scope string, g *vaultpb.GrantResponse) (map[token.Class]bool, error) {
	remote := map[token.Class]bool{}
	for _, c := range g.Issue {
		kind := slices.Index(kinds[:], c.GetKind())
		if kind < 0 || !token.ValidClass(c.GetName()) {
			return nil, errors.New("the vault's grant has a class of an unknown kind")
		}
		remote[token.Class{Name: c.Name, Scope: scope, Kind: token.Kind(kind)}] = true
	}
	for _, k := range g.MintKeys {
		delete(remote, token.Class{Name: k.Class.Name, Scope: scope, Kind: token.Kind(slices.Index(kinds[:], k.Class.Kind))})
	}
	return remote, nil
}

// remoteKey is random, made once, and never leaves this process. i.mu is held.
func (i *Issuer) remoteKey(class token.Class) keyring.Key {
	key, made := i.remoteKeys[class]
	if !made {
		a, b := keyring.RandomID(), keyring.RandomID()
		copy(key[:16], a[:])
		copy(key[16:], b[:])
		i.remoteKeys[class] = key
	}
	return key
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
func (i *Issuer) replace(s *scope, asked []token.Class, keys map[token.Class]keyring.Key, remote map[token.Class]bool, now time.Time) {
	old := *i.table.Load()
	next, changed := maps.Clone(old), false
	for _, class := range asked {
		key, ok := keys[class]
		if !ok && remote[class] {
			key, ok = i.remoteKey(class), true
		}
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
			next[class] = newMinter(s.epoch, class, key, remote[class])
			changed = true
		}
	}
	if changed {
		i.table.Store(&next)
	}
}

// keep adds an epoch to those that commits look up, and forgets those no batch can be in flight of.
func (i *Issuer) keep(e *epoch, now time.Time) {
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
	if i.settings.Spool != nil && i.first(i.ctx) != nil {
		wait = maxPause // what lies in the spool from earlier waits for it
	}
	for _, s := range scopes {
		s.mu.Lock()
		if s.epoch != nil {
			now := i.settings.Now()
			if !now.Before(s.renewAt) || s.epoch.until.Load() == 0 {
				_ = i.ask(i.ctx, s) // reported, and tried again at retryAt
			}
			next := s.renewAt
			if s.epoch.until.Load() == 0 {
				next = now
			}
			if s.retryAt.After(next) {
				next = s.retryAt
			}
			if again := time.Unix(0, i.askAgain.Load()); again.After(next) {
				next = again
			}
			wait = min(wait, next.Sub(now))
		}
		s.mu.Unlock()
	}
	return max(wait, 10*time.Millisecond)
}
