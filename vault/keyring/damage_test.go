package keyring

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/vault/token"
)

func TestTornHistory(t *testing.T) {
	dir, c := t.TempDir()+"/k", newClock()
	k := open(t, dir, c)
	var prints []string
	for i := range 3 {
		prints = append(prints, print(t, current(t, k, fmt.Sprint("scope ", i))))
	}
	k.Close()
	path := filepath.Join(dir, historyFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1 // where the third line starts
	third := k.secretPath(k.current["scope 2"].Kid)
	secret, err := os.ReadFile(third)
	if err != nil {
		t.Fatal(err)
	}
	for cut := last; cut <= len(whole); cut++ {
		for name, tail := range map[string]string{"cut": "", "then zeros": "\x00\x00\x00", "then noise": "x{"} {
			if tail != "" && cut%8 != 0 && cut < len(whole)-2 {
				continue // each is an open and two syncs; the plain cuts cover every byte
			}
			if err := os.WriteFile(path, append(bytes.Clone(whole[:cut]), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			// While a line is being written its secret has not got its name.
			if err := errors.Join(destroyFile(third), os.WriteFile(third+pending, secret, 0o600)); err != nil {
				t.Fatal(err)
			}
			k := open(t, dir, c)
			if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, whole[:last]) && !bytes.Equal(left, whole) {
				t.Fatalf("byte %d %s: the repair left %d bytes of %d or %d, %v", cut, name, len(left), last, len(whole), err)
			}
			want := 2
			if cut == len(whole) || cut == len(whole)-1 && tail == "" { // whole but for its newline: nothing is missing
				want = 3
			}
			for i := range want {
				live := k.Live(fmt.Sprint("scope ", i))
				if len(live) != 1 || print(t, live[0]) != prints[i] {
					t.Fatalf("byte %d %s: epoch %d of %d is lost", cut, name, i, want)
				}
			}
			if want == 2 && len(k.Live("scope 2")) != 0 {
				t.Fatalf("byte %d %s: a torn line came to life", cut, name)
			}
			// The history goes on after the repair, and what is appended survives.
			next := print(t, current(t, k, "scope 3"))
			k.Close()
			k = open(t, dir, c)
			if live := k.Live("scope 3"); len(live) != 1 || print(t, live[0]) != next {
				t.Fatalf("byte %d %s: the epoch begun after the repair is lost", cut, name)
			}
			again := k.secretPath(k.current["scope 3"].Kid)
			k.Close()
			remove(t, again) // the next round knows nothing of it
		}
	}
}

func TestRefusesDamage(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir, secret string)
		want   error
		names  string // what the message names
	}{
		"directory open to others": {func(t *testing.T, dir, _ string) { chmod(t, dir, 0o755) }, ErrPermissions, "chmod 700"},
		"root key open to group":   {func(t *testing.T, dir, _ string) { chmod(t, dir+"/root.key", 0o640) }, ErrPermissions, "root.key"},
		"secret open to others":    {func(t *testing.T, _, secret string) { chmod(t, secret, 0o604) }, ErrPermissions, "chmod 600"},
		"history open to others":   {func(t *testing.T, dir, _ string) { chmod(t, dir+"/history", 0o644) }, ErrPermissions, "history"},
		"root key empty":           {func(t *testing.T, dir, _ string) { edit(t, dir+"/root.key", func([]byte) []byte { return nil }) }, ErrDamaged, "root.key"},
		"root key short": {func(t *testing.T, dir, _ string) {
			edit(t, dir+"/root.key", func(b []byte) []byte { return b[:len(b)-5] })
		}, ErrDamaged, "root.key"},
		"root key not base64": {func(t *testing.T, dir, _ string) {
			edit(t, dir+"/root.key", func(b []byte) []byte { b[len(b)-9] = '!'; return b })
		}, ErrDamaged, "base64"},
		"another root key": {func(t *testing.T, dir, _ string) {
			edit(t, dir+"/root.key", func([]byte) []byte { return newRootFile() })
		}, ErrDamaged, "history"},
		"root key missing": {func(t *testing.T, dir, _ string) { remove(t, dir+"/root.key") }, ErrDamaged, "restore"},
		"root key and history missing": {func(t *testing.T, dir, _ string) {
			remove(t, dir+"/root.key")
			remove(t, dir+"/history")
		}, ErrDamaged, "restore"},
		"history missing": {func(t *testing.T, dir, _ string) { remove(t, dir+"/history") }, ErrDamaged, "restore"},
		"history empty":   {func(t *testing.T, dir, _ string) { edit(t, dir+"/history", func([]byte) []byte { return nil }) }, ErrDamaged, "restore"},
		"history cut at a line": {func(t *testing.T, dir, _ string) {
			edit(t, dir+"/history", func(b []byte) []byte { return b[:bytes.IndexByte(b, '\n')+1] })
		}, ErrDamaged, "restore"},
		"history cut in a line": {func(t *testing.T, dir, _ string) {
			edit(t, dir+"/history", func(b []byte) []byte { return b[:len(b)-9] })
		}, ErrDamaged, "restore"},
		"history line edited": {func(t *testing.T, dir, _ string) {
			edit(t, dir+"/history", func(b []byte) []byte { return bytes.Replace(b, []byte("payments"), []byte("paymentz"), 1) })
		}, ErrDamaged, "line 2"},
		"history line dropped": {func(t *testing.T, dir, _ string) {
			edit(t, dir+"/history", func(b []byte) []byte { return b[bytes.IndexByte(b, '\n')+1:] })
		}, ErrDamaged, "line 1"},
		"secret missing":   {func(t *testing.T, _, secret string) { remove(t, secret) }, ErrDamaged, "restore"},
		"secret short":     {func(t *testing.T, _, secret string) { edit(t, secret, func(b []byte) []byte { return b[:10] }) }, ErrDamaged, ".key"},
		"secret flipped":   {func(t *testing.T, _, secret string) { edit(t, secret, func(b []byte) []byte { b[20] ^= 1; return b }) }, ErrDamaged, ".key"},
		"secret exchanged": {exchange, ErrDamaged, ".key"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir() + "/k"
			k := open(t, dir, newClock())
			current(t, k, "default")
			current(t, k, "payments")
			secret := k.secretPath(current(t, k, "default").Kid)
			k.Close()
			before := listing(t, dir)
			c.damage(t, dir, secret)
			_, err := Open(dir, Options{Now: newClock().now})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.names) {
				t.Fatalf("Open: %v; want %v naming %q", err, c.want, c.names)
			}
			if after := listing(t, dir); strings.Count(after, secretSuffix) < strings.Count(before, secretSuffix)-2 {
				t.Fatalf("a refusal destroyed keys: %s, before %s", after, before)
			}
		})
	}
}

func exchange(t *testing.T, dir, _ string) {
	names, err := filepath.Glob(filepath.Join(dir, epochsDir, "*"))
	if err != nil || len(names) != 2 {
		t.Fatal(names, err)
	}
	for _, step := range [][2]string{{names[0], dir + "/x"}, {names[1], names[0]}, {dir + "/x", names[1]}} {
		if err := os.Rename(step[0], step[1]); err != nil {
			t.Fatal(err)
		}
	}
}

func listing(t *testing.T, dir string) string {
	names, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func edit(t *testing.T, path string, f func([]byte) []byte) {
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, f(raw), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestModes(t *testing.T) {
	dir := t.TempDir() + "/k"
	current(t, open(t, dir, newClock()), "default")
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFailedAppendLeavesNothing(t *testing.T) {
	dir, c := t.TempDir()+"/k", newClock()
	k := open(t, dir, c)
	first := print(t, current(t, k, "default"))
	writable := k.history.file
	readOnly, err := os.Open(writable.Name())
	if err != nil {
		t.Fatal(err)
	}
	k.history.file = readOnly
	if _, err := k.Current("payments"); err == nil {
		t.Fatal("an epoch began that the history does not know")
	}
	if names, _ := filepath.Glob(filepath.Join(dir, epochsDir, "*")); len(names) != 1 {
		t.Fatalf("%d secrets, want the one of the first epoch", len(names))
	}
	if e, err := k.Current("default"); err != nil || print(t, e) != first {
		t.Fatalf("the first epoch suffered: %v", err)
	}
	writable.Close()
	k.Close()
	k = open(t, dir, c)
	if print(t, current(t, k, "default")) != first {
		t.Fatal("the first epoch is lost")
	}
}

// TestHistoryRemovedUnderneath: no epoch begins once the history is gone.
func TestHistoryRemovedUnderneath(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"history removed":   func(dir string) error { return os.Remove(dir + "/history") },
		"directory removed": os.RemoveAll,
		"exchanged": func(dir string) error {
			return errors.Join(os.Rename(dir, dir+".away"), os.CopyFS(dir, os.DirFS(dir+".away")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir() + "/k"
			k := open(t, dir, newClock())
			current(t, k, "default")
			if err := damage(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := k.Current("payments"); err == nil {
				t.Fatal("an epoch began in files that are gone")
			}
		})
	}
}

// TestKill kills a process that begins and expires epochs and finds every epoch it had announced.
func TestKill(t *testing.T) {
	if dir := os.Getenv("KEYRING_KILL_DIR"); dir != "" {
		beginUntilKilled(dir)
	}
	dir := t.TempDir() + "/k"
	announced := map[string]bool{}
	for round := range 12 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), "KEYRING_KILL_DIR="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Kill after some announcements and a little more, so that it lands at another point each round.
		lines := bufio.NewScanner(out)
		for range 1 + round {
			if !lines.Scan() {
				t.Fatal("the child stopped by itself")
			}
			announced[lines.Text()] = true
		}
		time.Sleep(time.Duration(round) * 370 * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			announced[lines.Text()] = true
		}
		_ = cmd.Wait() // it was killed: there is no other outcome

		k, err := Open(dir, Options{})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for kid := range announced {
			id, err := token.ParseKid(strings.TrimSpace(kid))
			if err != nil {
				continue // a line the kill cut
			}
			if e, err := k.Lookup(id); err != nil {
				t.Fatalf("round %d: epoch %s, announced, is lost: %v", round, id, err)
			} else if _, err := e.MintKey("email", token.Deterministic); err != nil {
				t.Fatalf("round %d: epoch %s has no keys: %v", round, id, err)
			}
		}
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func beginUntilKilled(dir string) {
	k, err := Open(dir, Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		e, err := k.Current(fmt.Sprintf("scope %d of %d", i, os.Getpid()))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_, _ = io.WriteString(os.Stdout, e.Kid.String()+"\n")
	}
}
