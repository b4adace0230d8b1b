package keyring

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/vault/token"
)

func TestRevoke(t *testing.T) {
	dir, c := t.TempDir()+"/k", newClock()
	k := open(t, dir, c)
	old, other := current(t, k, "default"), current(t, k, "payments")
	before := print(t, old)
	if ended, err := k.Revoke(old.Kid); err != nil || !ended {
		t.Fatalf("Revoke: %v, %v", ended, err)
	}
	if ended, err := k.Revoke(old.Kid); err != nil || ended {
		t.Fatalf("Revoke again: %v, %v", ended, err)
	}
	if _, err := k.Revoke(token.Kid((uint32(old.Kid) + 1) % uint32(token.Kids))); !errors.Is(err, ErrUnknownKid) {
		t.Fatalf("Revoke of an unknown kid: %v", err)
	}
	next := current(t, k, "default")
	if next.Kid == old.Kid || current(t, k, "payments").Kid != other.Kid {
		t.Fatal("the scope mints on, or another scope suffered")
	}
	for range 2 {
		if e, err := k.Lookup(old.Kid); err != nil || print(t, e) != before {
			t.Fatalf("what was minted cannot be opened: %v", err)
		}
		if got := k.RevokedKids("default"); !slices.Equal(got, []token.Kid{old.Kid}) {
			t.Fatalf("RevokedKids() = %v", got)
		}
		if got := current(t, k, "default"); got.Kid != next.Kid {
			t.Fatalf("mints %s, want %s", got.Kid, next.Kid)
		}
		k.Close()
		k = open(t, dir, c)
	}
	kids, err := k.RevokeScope("default")
	if err != nil || !slices.Equal(kids, []token.Kid{next.Kid}) {
		t.Fatalf("RevokeScope: %v, %v", kids, err)
	}
	if kids, err := k.RevokeScope("nowhere"); err != nil || len(kids) != 0 {
		t.Fatalf("RevokeScope of one without epochs: %v, %v", kids, err)
	}
	if _, err := k.RevokeScope("\n"); !errors.Is(err, ErrScope) {
		t.Fatalf("RevokeScope of no scope: %v", err)
	}
	c.add(4 * time.Hour)
	if got := k.RevokedKids("default"); len(got) != 0 {
		t.Fatalf("expired epochs are still told: %v", got)
	}
}

func TestRevokedAgents(t *testing.T) {
	dir, c := t.TempDir()+"/k", newClock()
	k := open(t, dir, c)
	for _, id := range []string{"", "a\nb", "\xff", strings.Repeat("x", MaxAgent+1)} {
		if err := k.RevokeAgent(id); !errors.Is(err, ErrAgent) {
			t.Errorf("RevokeAgent(%d bytes): %v", len(id), err)
		}
	}
	for _, id := range []string{"spiffe://example.org/b", "a.example.org", "a.example.org", strings.Repeat("z", MaxAgent)} {
		if err := k.RevokeAgent(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(k.RestoreAgent("a.example.org"), k.RestoreAgent("never revoked"), k.RestoreAgent(strings.Repeat("z", MaxAgent))); err != nil {
		t.Fatal(err)
	}
	k.Close()
	k = open(t, dir, c)
	if got := k.RevokedAgents(); !slices.Equal(got, []string{"spiffe://example.org/b"}) {
		t.Fatalf("RevokedAgents() = %q", got)
	}
	if !k.AgentRevoked("spiffe://example.org/b") || k.AgentRevoked("a.example.org") {
		t.Error("AgentRevoked")
	}
	history, err := os.ReadFile(filepath.Join(dir, historyFile))
	if err != nil || bytes.Count(history, []byte("\n")) != 5 {
		t.Errorf("repetitions are in the history: %s, %v", history, err)
	}
}

func TestScopesOfTheirOwn(t *testing.T) {
	c := newClock()
	k, err := Open(t.TempDir()+"/k", Options{EpochLength: time.Hour, Retention: 2 * time.Hour, Now: c.now, Scope: func(scope string) (time.Duration, time.Duration) {
		switch scope {
		case "short":
			return time.Minute, 5 * time.Minute
		case "kept":
			return 0, 24 * time.Hour
		}
		return time.Millisecond, -1
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	for scope, want := range map[string][2]time.Duration{
		"short": {time.Minute, 5 * time.Minute}, "kept": {time.Hour, 24 * time.Hour}, "other": {time.Hour, 2 * time.Hour},
	} {
		e := current(t, k, scope)
		if got := [2]time.Duration{e.End.Sub(e.Start), e.Expires.Sub(e.End)}; got != want {
			t.Errorf("%s: epoch and retention %v, want %v", scope, got, want)
		}
	}
}

// TestNewerHistory: an event this version does not know is no damage, and nobody may go on without it.
func TestNewerHistory(t *testing.T) {
	dir, c := t.TempDir()+"/k", newClock()
	k := open(t, dir, c)
	current(t, k, "default")
	if err := k.history.append(event{Event: "split", Agent: "x"}); err != nil {
		t.Fatal(err)
	}
	k.Close()
	_, err := Open(dir, Options{Now: c.now})
	if !errors.Is(err, ErrNewer) || errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), `line 2: event "split"`) {
		t.Fatalf("Open: %v", err)
	}
}

// TestOldHistory reads what was written before there was anything to revoke.
func TestOldHistory(t *testing.T) {
	dir, c := t.TempDir()+"/k", newClock()
	k := open(t, dir, c)
	e := current(t, k, "default")
	k.Close()
	history, err := os.ReadFile(filepath.Join(dir, historyFile))
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := bytes.Cut(history, []byte(" "))
	want := fmt.Sprintf(`{"event":"begun","kid":%q,"scope":"default","start":%d,"end":%d,"expires":%d}`+"\n", e.Kid.String(), e.Start.Unix(), e.End.Unix(), e.Expires.Unix())
	if string(body) != want {
		t.Fatalf("the form of a line has changed:\n%s%s", body, want)
	}
}

func TestGrantID(t *testing.T) {
	dir, c := t.TempDir()+"/k", newClock()
	k := open(t, dir, c)
	e := current(t, k, "default")
	id := k.NewGrantID("a", "default", e.Kid)
	if again := k.NewGrantID("a", "default", e.Kid); again == id {
		t.Error("two grants have one id")
	}
	k.Close()
	k = open(t, dir, c)
	if err := k.CheckGrantID(id[:], "a", "default", e.Kid); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	flipped := id
	flipped[15] ^= 1
	for name, check := range map[string]error{
		"another caller": k.CheckGrantID(id[:], "b", "default", e.Kid),
		"another scope":  k.CheckGrantID(id[:], "a", "payments", e.Kid),
		"shifted":        k.CheckGrantID(id[:], "ad", "efault", e.Kid),
		"another kid":    k.CheckGrantID(id[:], "a", "default", e.Kid+1),
		"flipped":        k.CheckGrantID(flipped[:], "a", "default", e.Kid),
		"short":          k.CheckGrantID(id[:15], "a", "default", e.Kid),
		"none":           k.CheckGrantID(nil, "a", "default", e.Kid),
	} {
		if !errors.Is(check, ErrGrant) {
			t.Errorf("%s: %v", name, check)
		}
	}
}

// TestKillInRotation kills a process at each point of an epoch's beginning and finds a keyring that starts, knows every
// epoch announced before, and goes on.
func TestKillInRotation(t *testing.T) {
	if point := os.Getenv("KEYRING_KILL_POINT"); point != "" {
		k, err := Open(os.Getenv("KEYRING_KILL_AT"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.RevokeScope("default"); err != nil {
			t.Fatal(err)
		}
		reached = func(p string) {
			if p == point {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
		_, _ = k.Current("default")
		t.Fatal("the point was never reached")
	}
	for point, exists := range map[string]bool{"pending secret written": false, "history appended": true, "secret renamed": true} {
		t.Run(point, func(t *testing.T) {
			dir := t.TempDir() + "/k"
			k, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			first := current(t, k, "default")
			key := print(t, first)
			k.Close()
			cmd := exec.Command(os.Args[0], "-test.run=^TestKillInRotation$")
			cmd.Env = append(os.Environ(), "KEYRING_KILL_POINT="+point, "KEYRING_KILL_AT="+dir)
			out, err := cmd.CombinedOutput()
			var status *exec.ExitError
			if !errors.As(err, &status) || status.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the child ended otherwise: %v\n%s", err, out)
			}
			if k, err = Open(dir, Options{}); err != nil {
				t.Fatal(err)
			}
			defer k.Close()
			if e, err := k.Lookup(first.Kid); err != nil || print(t, e) != key || !e.Revoked() {
				t.Fatalf("the epoch before is lost, or mints again: %v", err)
			}
			if live := k.Live("default"); (len(live) == 2) != exists {
				t.Fatalf("%d live epochs", len(live))
			}
			print(t, current(t, k, "default"))
			if left, _ := filepath.Glob(filepath.Join(dir, epochsDir, "*"+pending)); len(left) != 0 {
				t.Fatalf("left behind: %v", left)
			}
		})
	}
}
