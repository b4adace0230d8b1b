// Package keyring holds the keys of a vault: it derives, wraps, rotates and destroys them, and nothing outside it
// touches a cryptographic primitive.
//
// [Open] reads, or on the first start creates, a directory that belongs to the vault alone:
//
//	root.key          32 random bytes, mode 0600; wraps everything else
//	history           one chained line per event, append-only: an epoch began, was ended early, was destroyed; an agent
//	                  was revoked, restored
//	epochs/<kid>.key  the wrapped secret of one epoch, a file of its own so that it can be destroyed
//
// A secret is <kid>.key.new until the history has its line: a .key that the history does not know means that somebody cut
// the history.
//
// An [Epoch] belongs to a scope for a fixed time. Tokens are minted under its keys until its End and can be opened
// until it Expires; [Keyring.Expire] then destroys its secret. A kid is never used twice because the history never
// forgets one. An epoch is on disk, files and directories synced, before [Keyring.Current] returns it, so a crash at
// any byte loses none that was used.
//
// A Keyring and its epochs are safe for concurrent use.
package keyring

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cloakroom/cloakroom/vault/token"
)

// Defaults of [Options].
const (
	DefaultEpochLength = 30 * 24 * time.Hour
	DefaultRetention   = 90 * 24 * time.Hour
)

var (
	// ErrUnknownKid says that this vault never issued the kid.
	ErrUnknownKid = errors.New("unknown key id")
	// ErrExpired says that the epoch's time is over: nothing of it can be minted or opened any more.
	ErrExpired = errors.New("epoch expired")
	// ErrScope says that a scope's name is empty, too long or not printable.
	ErrScope = errors.New("invalid scope: want 1 to 128 bytes of printable UTF-8")
	// ErrExhausted says that every kid has been used.
	ErrExhausted = errors.New("every key id has been used")
	// ErrLocked says that another process has the keyring open.
	ErrLocked = errors.New("keyring is in use by another process")
	// ErrPermissions says that somebody besides the owner may reach a key.
	ErrPermissions = errors.New("permissions too wide")
	// ErrDamaged says that a file of the keyring is not what the keyring wrote.
	ErrDamaged = errors.New("damaged")
	// ErrNewer says that a newer version wrote what this one cannot read. It is not damage: go back to that version.
	ErrNewer = errors.New("written by a newer version")
	// ErrAgent says that the identity of an agent is empty, too long or not printable.
	ErrAgent = errors.New("invalid agent: want 1 to 2048 bytes of printable UTF-8")
	// ErrClosed is returned after [Keyring.Close].
	ErrClosed = errors.New("keyring is closed")
)

// Options are the choices of [Open].
type Options struct {
	// EpochLength is how long one epoch's keys mint; tokens link within it. At least a second. 0: DefaultEpochLength.
	// It governs epochs begun from now on: one that has begun keeps its end.
	EpochLength time.Duration
	// Retention is how long after its end an epoch's tokens can be revealed. 0: DefaultRetention.
	Retention time.Duration
	// Scope says where a scope differs: its epoch length and retention; 0: as above, and so is an epoch length below a
	// second. It is asked whenever an epoch begins, so its answers may change. nil: no scope differs.
	Scope func(scope string) (epochLength, retention time.Duration)
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// Keyring is an open directory of keys. The process that opened it is the only one.
type Keyring struct {
	dir     string
	options Options
	root    *root
	created bool
	unlock  func() error

	// mu guards what follows. Epochs themselves are immutable but for their destruction.
	mu      sync.RWMutex
	history *history
	epochs  map[token.Kid]*Epoch // destroyed ones included, without their secret
	current map[string]*Epoch    // by scope, the one that ends last of those not ended early
	revoked map[string]time.Time // agents, and since when
	closed  bool
}

// Open opens the keyring in dir and creates both when there is none. It refuses with [ErrLocked], [ErrPermissions] or
// [ErrDamaged], each naming the file; nothing is repaired but the traces of an interrupted write.
func Open(dir string, o Options) (*Keyring, error) {
	if o.EpochLength < 0 || o.Retention < 0 || (o.EpochLength > 0 && o.EpochLength < time.Second) {
		return nil, errors.New("open keyring: epoch length must be at least a second and retention not negative")
	}
	o.EpochLength = cmp.Or(o.EpochLength, DefaultEpochLength)
	o.Retention = cmp.Or(o.Retention, DefaultRetention)
	if o.Now == nil {
		o.Now = time.Now
	}
	k := &Keyring{dir: dir, options: o, epochs: map[token.Kid]*Epoch{}, current: map[string]*Epoch{}, revoked: map[string]time.Time{}}
	if err := k.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open keyring %s: %w", dir, err), k.Close())
	}
	return k, nil
}

func (k *Keyring) open() error {
	if err := makePrivateDir(k.dir); err != nil {
		return err
	}
	var err error
	if k.unlock, err = lock(filepath.Join(k.dir, lockFile)); err != nil {
		return err
	}
	if err := makePrivateDir(filepath.Join(k.dir, epochsDir)); err != nil {
		return err
	}
	if k.root, k.created, err = openRoot(k.dir); err != nil {
		return err
	}
	var events []event
	if k.history, events, err = openHistory(filepath.Join(k.dir, historyFile), k.root.historyKey); err != nil {
		return err
	}
	if err := k.replay(events); err != nil {
		return err
	}
	return k.removeTemporary()
}

// replay rebuilds the epochs from the history. A secret that the history declared destroyed and that a crash left
// behind is destroyed now.
func (k *Keyring) replay(events []event) error {
	for n, ev := range events {
		if err := k.replayEvent(ev); err != nil {
			return fmt.Errorf("%s: line %d: %w", historyFile, n+1, err)
		}
	}
	if err := k.refuseUnknown(); err != nil {
		return err
	}
	for _, e := range k.epochs {
		if e.destroyed {
			if err := destroyFile(k.secretPath(e.Kid)); err != nil {
				return err
			}
			e.erased = true
			continue
		}
		if err := k.completeSecret(e.Kid); err != nil {
			return err
		}
		seed, err := readSecret(k.secretPath(e.Kid), k.root, e.Kid, e.Scope)
		if err != nil {
			return err
		}
		e.secret = newSecret(seed)
	}
	return nil
}

func (k *Keyring) replayEvent(ev event) error {
	switch ev.Event {
	case eventRevoked:
		k.revoked[ev.Agent] = unix(ev.At)
		return nil
	case eventRestored:
		delete(k.revoked, ev.Agent)
		return nil
	case eventBegun, eventEnded, eventDestroyed:
	default:
		return fmt.Errorf("event %q: %w", ev.Event, ErrNewer)
	}
	kid, err := token.ParseKid(ev.Kid)
	if err != nil {
		return fmt.Errorf("key id: %w", ErrDamaged)
	}
	known := k.epochs[kid]
	switch {
	case ev.Event == eventBegun && known == nil:
		k.add(ev.epoch(kid))
	case ev.Event == eventEnded && known != nil:
		known.ended.Store(true)
	case ev.Event == eventDestroyed && known != nil:
		known.destroy()
	default:
		return fmt.Errorf("impossible event for %s: %w", kid, ErrDamaged)
	}
	return nil
}

// refuseUnknown refuses secrets that the history does not know: all that remains of a history somebody cut.
func (k *Keyring) refuseUnknown() error {
	names, err := filepath.Glob(filepath.Join(k.dir, epochsDir, "*"+secretSuffix))
	if err != nil {
		return err
	}
	for _, name := range names {
		kid, err := token.ParseKid(strings.TrimSuffix(filepath.Base(name), secretSuffix))
		if err != nil || k.epochs[kid] == nil {
			return fmt.Errorf("%s: %w: it does not know the key %s; restore it from a backup", historyFile, ErrDamaged, name)
		}
	}
	return nil
}

// completeSecret gives a secret its name when a crash came between its line and that.
func (k *Keyring) completeSecret(kid token.Kid) error {
	path := k.secretPath(kid)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(path+pending, path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // reading says what is missing
		}
		return err
	}
	reached("secret renamed")
	return syncDir(filepath.Dir(path))
}

// removeTemporary destroys secrets a crash left half written, or without a line in the history: they were never used.
func (k *Keyring) removeTemporary() error {
	var names []string
	for _, suffix := range []string{temporary, pending} {
		found, err := filepath.Glob(filepath.Join(k.dir, epochsDir, "*"+suffix))
		if err != nil {
			return err
		}
		names = append(names, found...)
	}
	for _, name := range names {
		if err := destroyFile(name); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keyring) secretPath(kid token.Kid) string {
	return filepath.Join(k.dir, epochsDir, kid.String()+secretSuffix)
}

func (k *Keyring) add(e *Epoch) {
	k.epochs[e.Kid] = e
	if last := k.current[e.Scope]; last == nil || last.ended.Load() || last.End.Before(e.End) {
		k.current[e.Scope] = e
	}
}

// Created reports whether Open created the root key: the first start of this vault.
func (k *Keyring) Created() bool { return k.created }

// Current returns the epoch that mints for scope now and begins one when there is none. A new epoch is durable before
// Current returns. It fails with [ErrScope], [ErrExhausted] or an error of the file system.
func (k *Keyring) Current(scope string) (*Epoch, error) {
	if !ValidScope(scope) {
		return nil, ErrScope
	}
	now := k.options.Now()
	k.mu.RLock()
	e, closed := k.current[scope], k.closed
	k.mu.RUnlock()
	if closed {
		return nil, ErrClosed
	}
	if e.mints(now) {
		return e, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil, ErrClosed
	}
	if e := k.current[scope]; e.mints(now) {
		return e, nil
	}
	e, err := k.begin(scope, now)
	if err != nil {
		return nil, fmt.Errorf("begin an epoch of scope %q: %w", scope, err)
	}
	return e, nil
}

// Begun reports whether scope has had an epoch since [Open], or had a live one then.
func (k *Keyring) Begun(scope string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.current[scope] != nil
}

// begin makes a new epoch durable: first its secret, then the line that makes it exist, then the secret's name.
func (k *Keyring) begin(scope string, now time.Time) (*Epoch, error) {
	kid, err := k.freshKid()
	if err != nil {
		return nil, err
	}
	// Whole seconds: an epoch's times travel in records and grants.
	start := now.UTC().Truncate(time.Second)
	length, retention := k.lifeOf(scope)
	e := &Epoch{Kid: kid, Scope: scope, Start: start, End: start.Add(length).Truncate(time.Second)}
	e.Expires = e.End.Add(retention).Truncate(time.Second)
	var seed Key
	rand.Read(seed[:])
	if err := writeSecret(k.secretPath(kid)+pending, k.root, kid, scope, seed); err != nil {
		return nil, err
	}
	reached("pending secret written")
	if err := k.history.append(begun(e)); err != nil {
		return nil, errors.Join(err, destroyFile(k.secretPath(kid)+pending))
	}
	reached("history appended")
	e.secret = newSecret(seed)
	k.epochs[kid] = e // its kid is taken, whatever comes
	if err := k.completeSecret(kid); err != nil {
		return nil, err
	}
	k.add(e)
	return e, nil
}

// lifeOf is how long epochs of scope mint, and how long after that their tokens can be revealed.
func (k *Keyring) lifeOf(scope string) (length, retention time.Duration) {
	if k.options.Scope != nil {
		length, retention = k.options.Scope(scope)
	}
	if length < time.Second {
		length = k.options.EpochLength
	}
	if retention <= 0 {
		retention = k.options.Retention
	}
	return length, retention
}

// reached is told where in a rotation the process is. Tests kill it there.
var reached = func(point string) {}

func (k *Keyring) freshKid() (token.Kid, error) {
	if len(k.epochs) >= int(token.Kids-1) {
		return 0, ErrExhausted
	}
	for {
		var b [8]byte
		rand.Read(b[:])
		// 64 bits over 3.2 million kids: the bias is below 2^-42.
		// The last kid is never given out: clients mark with it what the vault is yet to mint.
		kid := token.Kid(binary.LittleEndian.Uint64(b[:]) % uint64(token.Kids-1))
		if k.epochs[kid] != nil {
			continue
		}
		if _, err := os.Lstat(k.secretPath(kid)); errors.Is(err, fs.ErrNotExist) {
			return kid, nil
		} else if err != nil {
			return 0, err
		}
	}
}

// Lookup returns the epoch of a kid, or [ErrUnknownKid], or [ErrExpired] whether or not its secret is destroyed yet.
func (k *Keyring) Lookup(kid token.Kid) (*Epoch, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	e := k.epochs[kid]
	switch {
	case k.closed:
		return nil, ErrClosed
	case e == nil:
		return nil, ErrUnknownKid
	case !e.live(k.options.Now()):
		return nil, ErrExpired
	}
	return e, nil
}

// Live returns the epochs of scope that have not expired, oldest first.
func (k *Keyring) Live(scope string) []*Epoch {
	now := k.options.Now()
	k.mu.RLock()
	defer k.mu.RUnlock()
	var live []*Epoch
	for _, e := range k.epochs {
		if e.Scope == scope && e.live(now) {
			live = append(live, e)
		}
	}
	slices.SortFunc(live, func(a, b *Epoch) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Kid, b.Kid)) })
	return live
}

// Scopes returns the scopes that have a live epoch, sorted.
func (k *Keyring) Scopes() []string {
	now := k.options.Now()
	k.mu.RLock()
	defer k.mu.RUnlock()
	scopes := map[string]struct{}{}
	for _, e := range k.epochs {
		if e.live(now) {
			scopes[e.Scope] = struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(scopes))
}

// Expire destroys the secrets of all epochs that expired at or before now and returns their kids in order. What could
// not be destroyed is in the error and is tried again by the next call or the next Open.
func (k *Keyring) Expire(now time.Time) ([]token.Kid, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil, ErrClosed
	}
	var kids []token.Kid
	var faults []error
	for _, kid := range slices.Sorted(maps.Keys(k.epochs)) {
		e := k.epochs[kid]
		if e.Expires.After(now) || e.erased {
			continue
		}
		if err := k.destroy(e, now); err != nil {
			faults = append(faults, fmt.Errorf("destroy epoch %s: %w", kid, err))
			continue
		}
		kids = append(kids, kid)
	}
	return kids, errors.Join(faults...)
}

// destroy writes the tombstone first: after a crash the history says that the file has to go, whatever the clock says.
func (k *Keyring) destroy(e *Epoch, now time.Time) error {
	if !e.isDestroyed() {
		if err := k.history.append(event{Event: eventDestroyed, Kid: e.Kid.String(), At: now.Unix()}); err != nil {
			return err
		}
		e.destroy()
	}
	if err := destroyFile(k.secretPath(e.Kid)); err != nil {
		return err
	}
	e.erased = true
	return nil
}

// RecognitionKey is the key of the tags of this vault's tokens.
func (k *Keyring) RecognitionKey() [16]byte { return k.root.recognition }

// AuditKey signs the checkpoints of the vault's audit log.
func (k *Keyring) AuditKey() ed25519.PrivateKey { return slices.Clone(k.root.audit) }

// Close overwrites the keys in memory and lets another process open the keyring. Epochs handed out stop working.
func (k *Keyring) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil
	}
	k.closed = true
	for _, e := range k.epochs {
		e.destroy()
	}
	var faults []error
	if k.history != nil {
		faults = append(faults, k.history.close())
	}
	if k.root != nil {
		k.root.wrap.zero()
		k.root.grant.zero()
	}
	if k.unlock != nil {
		faults = append(faults, k.unlock())
	}
	return errors.Join(faults...)
}

const maxScope = 128

// ValidScope reports whether s can name a scope: 1 to 128 bytes of printable UTF-8.
func ValidScope(s string) bool { return printable(s, maxScope) }

func printable(s string, most int) bool {
	if s == "" || len(s) > most || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
