package keyring

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/vault/token"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 22, 10, 0, 0, 123, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func open(t *testing.T, dir string, c *clock) *Keyring {
	t.Helper()
	k, err := Open(dir, Options{EpochLength: time.Hour, Retention: 2 * time.Hour, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func current(t *testing.T, k *Keyring, scope string) *Epoch {
	t.Helper()
	e, err := k.Current(scope)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// print is everything an epoch is and derives.
func print(t *testing.T, e *Epoch) string {
	t.Helper()
	key, err := e.MintKey("email", token.Deterministic)
	if err != nil {
		t.Fatal(err)
	}
	public, err := e.EscrowPublic()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %s %v %v %v %x %x", e.Kid, e.Scope, e.Start, e.End, e.Expires, key[:], public)
}

func TestReopenGivesTheSameKeys(t *testing.T) {
	dir, c := filepath.Join(t.TempDir(), "a", "b"), newClock()
	k := open(t, dir, c)
	if !k.Created() {
		t.Error("first open: Created() = false")
	}
	a, b := print(t, current(t, k, "default")), print(t, current(t, k, "payments"))
	recognition, audit := k.RecognitionKey(), k.AuditKey()
	if a == b {
		t.Error("two scopes share an epoch")
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Current("default"); !errors.Is(err, ErrClosed) {
		t.Errorf("Current after Close: %v", err)
	}
	k = open(t, dir, c)
	if k.Created() {
		t.Error("second open: Created() = true")
	}
	if print(t, current(t, k, "default")) != a || print(t, current(t, k, "payments")) != b {
		t.Error("epochs changed")
	}
	if k.RecognitionKey() != recognition || !k.AuditKey().Equal(audit) {
		t.Error("recognition or audit key changed")
	}
	if got := k.Scopes(); !slices.Equal(got, []string{"default", "payments"}) {
		t.Errorf("Scopes() = %v", got)
	}
}

func TestKeysAreApart(t *testing.T) {
	k := open(t, t.TempDir()+"/k", newClock())
	seen := map[Key]string{}
	for _, scope := range []string{"default", "payments"} {
		for _, class := range []string{"email", "card", "one"} {
			for _, kind := range []token.Kind{token.Deterministic, token.Random, token.OneWay} {
				key, err := current(t, k, scope).MintKey(class, kind)
				if err != nil {
					t.Fatal(err)
				}
				name := scope + " " + class + " " + kind.String()
				if other, ok := seen[key]; ok {
					t.Errorf("%s and %s share a key", name, other)
				}
				seen[key] = name
			}
		}
	}
}

func TestRollover(t *testing.T) {
	c := newClock()
	k := open(t, t.TempDir()+"/k", c)
	first := current(t, k, "default")
	c.add(59 * time.Minute)
	if current(t, k, "default") != first {
		t.Fatal("a new epoch before the first one's end")
	}
	c.add(2 * time.Minute)
	second := current(t, k, "default")
	if second == first || second.Kid == first.Kid {
		t.Fatal("no new epoch after the first one's end")
	}
	if live := k.Live("default"); !slices.Equal(live, []*Epoch{first, second}) {
		t.Fatalf("%d live epochs, want 2, oldest first", len(live))
	}
	if e, err := k.Lookup(first.Kid); err != nil || e != first {
		t.Fatalf("Lookup of the first: %v", err)
	}
	c.add(-2 * time.Minute) // a clock set back must not resurrect the older epoch
	if current(t, k, "default") != second {
		t.Fatal("the clock went back and so did the epoch")
	}
}

func TestExpireDestroys(t *testing.T) {
	dir, c := t.TempDir()+"/k", newClock()
	k := open(t, dir, c)
	old := current(t, k, "default")
	path := k.secretPath(old.Kid)
	wrapped, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	alias := filepath.Join(t.TempDir(), "alias") // shows what the file held when it was removed
	if err := os.Link(path, alias); err != nil {
		t.Fatal(err)
	}
	if kids, err := k.Expire(c.now()); err != nil || len(kids) != 0 {
		t.Fatalf("Expire before its time = %v, %v", kids, err)
	}
	c.add(3*time.Hour + time.Second)
	if _, err := k.Lookup(old.Kid); !errors.Is(err, ErrExpired) {
		t.Fatalf("Lookup after expiry and before Expire: %v, want ErrExpired", err)
	}
	fresh := current(t, k, "default")
	if kids, err := k.Expire(c.now()); err != nil || !slices.Equal(kids, []token.Kid{old.Kid}) {
		t.Fatalf("Expire = %v, %v; want %v", kids, err, old.Kid)
	}
	if kids, err := k.Expire(c.now()); err != nil || len(kids) != 0 {
		t.Fatalf("second Expire = %v, %v", kids, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("secret file: %v, want it gone", err)
	}
	if left, err := os.ReadFile(alias); err != nil || bytes.Contains(left, wrapped[1:20]) || len(bytes.Trim(left, "\x00")) != 0 {
		t.Errorf("secret file was not overwritten: %v", err)
	}
	if _, err := old.MintKey("email", token.Deterministic); !errors.Is(err, ErrExpired) {
		t.Errorf("MintKey of a destroyed epoch: %v", err)
	}
	if _, err := old.EscrowPublic(); !errors.Is(err, ErrExpired) {
		t.Errorf("EscrowPublic of a destroyed epoch: %v", err)
	}
	want := print(t, fresh)
	k.Close()
	// After a restart the tombstone stands, even under a clock that says the epoch is young.
	c.add(-3 * time.Hour)
	k = open(t, dir, c)
	if _, err := k.Lookup(old.Kid); !errors.Is(err, ErrExpired) {
		t.Errorf("Lookup after restart: %v, want ErrExpired", err)
	}
	if e, err := k.Lookup(fresh.Kid); err != nil || print(t, e) != want {
		t.Errorf("the fresh epoch did not survive: %v", err)
	}
}

func TestExpireFinishesAfterACrash(t *testing.T) {
	dir, c := t.TempDir()+"/k", newClock()
	k := open(t, dir, c)
	e := current(t, k, "default")
	// The crash comes after the tombstone and before the file is destroyed.
	if err := k.history.append(event{Event: eventDestroyed, Kid: e.Kid.String()}); err != nil {
		t.Fatal(err)
	}
	k.Close()
	k = open(t, dir, c)
	if _, err := os.Stat(k.secretPath(e.Kid)); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("secret file after restart: %v, want it gone", err)
	}
	if next := current(t, k, "default"); next.Kid == e.Kid {
		t.Fatal("a destroyed epoch mints again")
	}
}

func TestKidsAreNeverReused(t *testing.T) {
	dir, c := t.TempDir()+"/k", newClock()
	seen := map[token.Kid]bool{}
	for range 4 {
		k := open(t, dir, c)
		for i := range 10 {
			e := current(t, k, fmt.Sprint("scope ", i))
			if seen[e.Kid] {
				t.Fatalf("kid %s twice", e.Kid)
			}
			seen[e.Kid] = true
		}
		c.add(4 * time.Hour)
		if kids, err := k.Expire(c.now()); err != nil || len(kids) != 10 {
			t.Fatalf("Expire = %d kids, %v", len(kids), err)
		}
		if len(k.epochs) != len(seen) {
			t.Fatalf("%d kids remembered, want %d", len(k.epochs), len(seen))
		}
		k.Close()
	}
}

func TestLockedByAnother(t *testing.T) {
	dir := t.TempDir() + "/k"
	k := open(t, dir, newClock())
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Fatalf("second Open: %v, want ErrLocked", err)
	}
	k.Close()
	open(t, dir, newClock())
}

func TestScopes(t *testing.T) {
	k := open(t, t.TempDir()+"/k", newClock())
	for name, scope := range map[string]string{
		"empty": "", "newline": "a\nb", "NUL": "\x00", "invalid UTF-8": "\xff", "too long": strings.Repeat("a", 129),
	} {
		if _, err := k.Current(scope); !errors.Is(err, ErrScope) {
			t.Errorf("%s: %v, want ErrScope", name, err)
		}
	}
	if _, err := k.Lookup(1); !errors.Is(err, ErrUnknownKid) {
		t.Errorf("Lookup: %v, want ErrUnknownKid", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	c := newClock()
	k := open(t, t.TempDir()+"/k", c)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 30 {
				e, err := k.Current(fmt.Sprint("scope ", j%3))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := e.MintKey("email", token.Deterministic); err != nil && !errors.Is(err, ErrExpired) {
					t.Error(err)
				}
				if _, err := e.EscrowPublic(); err != nil && !errors.Is(err, ErrExpired) {
					t.Error(err)
				}
				k.Live("scope 0")
				k.Scopes()
				if i == 0 {
					c.add(20 * time.Minute)
					if _, err := k.Expire(c.now()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestKeyNeverPrints(t *testing.T) {
	key := Key{0xab, 0xcd}
	out, err := json.Marshal(map[string]any{"k": key})
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%v %x %d %s %+v %#v", key, key, key, key, struct{ K Key }{key}, &key) + string(out)
	for _, leak := range []string{"ab", "171", "cd", "205"} {
		if strings.Contains(text, leak) {
			t.Errorf("%q shows the key", text)
		}
	}
}
