package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// Settings of an embedded vault.
type Settings struct {
	// Directory is where it lives, mode 0700: keys, store, audit log, socket. Created when it is not there.
	Directory string
	// Epoch is how long one key mints, Retention how long after that its tokens can be revealed. Zero: the keyring's
	// defaults.
	Epoch, Retention time.Duration
	// Listen opens the reveal socket in the directory.
	Listen bool
	// Logger. Default: nobody.
	Logger *zap.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Hooks count what the services do.
	Hooks Hooks
	// Store are settings of the token store in the directory.
	Store pebble.Options
	// OpenStore opens a token store elsewhere. used says that keys are older than this start: then an empty store in the
	// place of theirs would answer for their tokens as if they had never been, and is to be refused.
	OpenStore func(used bool) (store.Store, error)
	// Rules say who may do what of those who come over a network. nil: nobody.
	Rules *Rules
	// GrantLife is how long an agent may mint before it has to ask again. Default DefaultGrantLife.
	GrantLife time.Duration
	// Lives says where a scope differs from Epoch and Retention; 0: it does not.
	Lives func(scope string) (epoch, retention time.Duration)
}

// ErrInUse says that another process has the vault's directory open. If it is a collector, its reveal socket answers.
var ErrInUse = errors.New("vault is in use by another process")

// Embedded is a vault in this process, on a directory.
type Embedded struct {
	dir    string
	core   *Core
	issuer *Issuer
	reveal *Reveal
	letter *Letter
	admin  *Admin
	log    *zap.Logger
	http   *http.Server
	socket string

	stop context.CancelFunc
	done sync.WaitGroup
	once sync.Once
	err  error
}

// The parts of a vault's directory.
const (
	keysDir   = "keys"
	storeDir  = "store"
	auditFile = "audit.log"
)

// AuditPath is where the embedded vault in dir keeps its audit log.
func AuditPath(dir string) string { return filepath.Join(dir, auditFile) }

// Open opens the vault in a directory, and creates it at the first start. Close it.
func Open(s Settings) (*Embedded, error) {
	if s.Logger == nil {
		s.Logger = zap.NewNop()
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Store.Logger == nil {
		s.Store.Logger = s.Logger
	}
	if s.Directory == "" {
		return nil, errors.New("open vault: no directory")
	}
	// Absolute: Status tells it to callers that run elsewhere.
	dir, err := filepath.Abs(s.Directory)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	v := &Embedded{dir: dir, log: s.Logger, core: &Core{Now: s.Now, Hooks: s.Hooks, Log: s.Logger}}
	if s.Rules != nil {
		v.core.SetRules(s.Rules)
	}
	v.core.SetGrantLife(s.GrantLife)
	if err := v.open(s); err != nil {
		return nil, errors.Join(fmt.Errorf("open vault %s: %w", s.Directory, err), v.closeParts())
	}
	var ctx context.Context
	ctx, v.stop = context.WithCancel(context.Background())
	v.done.Go(func() { v.janitor(ctx) })
	return v, nil
}

func (v *Embedded) open(s Settings) (err error) {
	if err := privateDir(v.dir); err != nil {
		return err
	}
	v.core.Keys, err = keyring.Open(filepath.Join(v.dir, keysDir), keyring.Options{EpochLength: s.Epoch, Retention: s.Retention, Scope: s.Lives, Now: s.Now})
	if errors.Is(err, keyring.ErrLocked) {
		return fmt.Errorf("%w: %w", ErrInUse, err)
	}
	if err != nil {
		return err
	}
	// What follows is guarded by the keyring's lock.
	if v.core.Audit, err = audit.Open(AuditPath(v.dir), v.core.Keys.AuditKey()); err != nil {
		return err
	}
	used := len(v.core.Keys.Scopes()) > 0
	if s.OpenStore == nil {
		s.OpenStore = v.openStore(s.Store)
	}
	opened, err := s.OpenStore(used)
	if err != nil {
		return err
	}
	v.core.Store = opened
	if err := v.recordStart(); err != nil {
		return err
	}
	v.issuer, v.reveal, v.letter = NewIssuer(v.core), NewReveal(v.core), NewLetter(v.core)
	v.admin = NewAdmin(v.core, About{
		Directory:  v.dir,
		Keyholders: "1 of 1: whoever can read " + filepath.Join(v.dir, keysDir, "root.key"),
	})
	if s.Listen {
		return v.listen()
	}
	return nil
}

// openStore opens the store in the vault's directory.
func (v *Embedded) openStore(o pebble.Options) func(bool) (store.Store, error) {
	return func(used bool) (store.Store, error) {
		o.MustExist = o.MustExist || used
		opened, err := pebble.Open(filepath.Join(v.dir, storeDir), o)
		if err != nil {
			return nil, err // not a nil *pebble.Store in an interface
		}
		return opened, nil
	}
}

// privateDir makes a directory that only its owner can enter, or checks that the one there is.
func privateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return fmt.Errorf("mode %#o lets others in: it holds keys; make it 0700", perm)
	}
	return nil
}

// recordStart writes the first entry of this run. A log without entries beside keys of an earlier run was emptied.
func (v *Embedded) recordStart() error {
	if !v.core.Keys.Created() && v.core.Audit.Fresh() {
		ev := audit.Event{Actor: "vault", Action: audit.ActionTruncated, Outcome: audit.OutcomeFailed, Reason: "log is empty, and the vault's keys are older"}
		if _, err := v.core.Audit.Append(context.Background(), ev); err != nil {
			return err
		}
	}
	ev := audit.Event{Actor: "vault", Action: audit.ActionStarted, Outcome: audit.OutcomeOK}
	if v.core.Keys.Created() {
		ev.Action = audit.ActionKeys
	}
	_, err := v.core.Audit.Append(context.Background(), ev)
	return err
}

// Created reports whether Open created the vault's keys: its first start.
func (v *Embedded) Created() bool { return v.core.Keys.Created() }

// Directory is where the vault is.
func (v *Embedded) Directory() string { return v.dir }

// Socket is the path of the reveal socket; empty without one.
func (v *Embedded) Socket() string { return v.socket }

// Issuer is the issuing service.
func (v *Embedded) Issuer() *Issuer { return v.issuer }

// Reveal is the revealing service. Called in this process, it records this process's user as the actor.
func (v *Embedded) Reveal() *Reveal { return v.reveal }

// Letter is the service that opens dead letters; as Reveal.
func (v *Embedded) Letter() *Letter { return v.letter }

// Admin is the administrating service.
func (v *Embedded) Admin() *Admin { return v.admin }

// Core is what the services share: who assembles listeners of its own sets Access there.
func (v *Embedded) Core() *Core { return v.core }

// Stats counts what is in the store.
func (v *Embedded) Stats(ctx context.Context) (store.Stats, error) { return v.core.Store.Stats(ctx) }

// janitorEvery is how often expired epochs are looked for.
const janitorEvery = 10 * time.Minute

func (v *Embedded) janitor(ctx context.Context) {
	tick := time.NewTicker(janitorEvery)
	defer tick.Stop()
	for {
		if err := v.Expire(ctx); err != nil && ctx.Err() == nil {
			v.log.Error("vault: what has expired could not be destroyed yet", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Expire destroys the keys of epochs whose retention is over, and then drops their rows. The janitor calls it every
// ten minutes; that nothing is revealed after expiry does not depend on it.
func (v *Embedded) Expire(ctx context.Context) error {
	now := v.core.Now()
	kids, err := v.core.Keys.Expire(now)
	faults := []error{err}
	for _, kid := range kids {
		_, err := v.core.Audit.Append(ctx, audit.Event{
			Actor: "vault", Action: audit.ActionExpire, Outcome: audit.OutcomeOK, Kid: kid.String(), Reason: "retention is over: key destroyed",
		})
		faults = append(faults, err)
	}
	n, err := v.core.Store.DeleteExpired(ctx, now)
	if n > 0 {
		v.core.Hooks.Expired(ctx, n)
		v.log.Info("vault: expired records deleted", zap.Int("records", n))
	}
	return errors.Join(append(faults, err)...)
}

// handler serves Reveal, Letter and Admin over HTTP. The listener must know the caller: see the socket.
func (v *Embedded) handler() http.Handler {
	mux := http.NewServeMux()
	options := []connect.HandlerOption{
		connect.WithReadMaxBytes(16 << 20),
		connect.WithRecover(func(context.Context, connect.Spec, http.Header, any) error {
			// What a panic carries may be anything.
			return connect.NewError(connect.CodeInternal, errors.New("internal error"))
		}),
	}
	mux.Handle(vaultpbconnect.NewRevealServiceHandler(v.reveal, options...))
	mux.Handle(vaultpbconnect.NewLetterServiceHandler(v.letter, options...))
	mux.Handle(vaultpbconnect.NewAdminServiceHandler(v.admin, options...))
	return mux
}

// Close stops listening, lets calls under way finish as long as ctx allows, and closes what is open. Issuing must have
// ended before.
func (v *Embedded) Close(ctx context.Context) error {
	v.once.Do(func() {
		if v.http != nil {
			if v.http.Shutdown(ctx) != nil { // time is up: calls under way are cut off
				v.err = v.http.Close()
			}
		}
		v.stop()
		v.done.Wait()
		v.core.flushNotices()
		_, err := v.core.Audit.Append(context.WithoutCancel(ctx), audit.Event{Actor: "vault", Action: audit.ActionStopped, Outcome: audit.OutcomeOK})
		v.err = errors.Join(v.err, err, v.closeParts())
	})
	return v.err
}

// closeParts closes what is open, in the reverse order of opening.
func (v *Embedded) closeParts() error {
	var faults []error
	v.removeSocket()
	if v.core.Store != nil {
		faults = append(faults, v.core.Store.Close())
	}
	if v.core.Audit != nil {
		faults = append(faults, v.core.Audit.Close())
	}
	if v.core.Keys != nil {
		faults = append(faults, v.core.Keys.Close())
	}
	return errors.Join(faults...)
}

// AuditHead is the end of the audit log.
func (v *Embedded) AuditHead() audit.Head { return v.core.Audit.Head() }
