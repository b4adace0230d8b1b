package spool

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// killEnv names the directory the re-executed test binary is to work in, the point it is to die at, and how often it
// passes that point before.
const killEnv = "CLOAKROOM_SPOOL_KILL_TEST"

func TestMain(m *testing.M) {
	if job := strings.Split(os.Getenv(killEnv), "|"); len(job) == 3 {
		appendUntilKilled(job[0], job[1], job[2])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// appendUntilKilled appends, prints what was acknowledged, ships to a file, and kills itself at the point.
func appendUntilKilled(dir, point, times string) {
	die := func(err error) {
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	var left int
	_, err := fmt.Sscan(times, &left)
	die(err)
	s, err := Open(Settings{Directory: filepath.Join(dir, "spool"), MaxBytes: 128 << 10, Hooks: Hooks{At: func(at string) {
		if at == point {
			if left--; left < 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
	}}})
	die(err)
	vault, err := os.OpenFile(filepath.Join(dir, "vault"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	die(err)
	s.Start(func(_ context.Context, r *vaultpb.EscrowRequest) (*vaultpb.EscrowResponse, error) {
		for _, rec := range r.Records {
			fmt.Fprintln(vault, rec.Token)
		}
		return &vaultpb.EscrowResponse{}, nil
	})
	die(s.Bind([]byte("recognition key.")))
	for n := 0; ; n++ {
		name := fmt.Sprintf("%s.%d.%d", strings.ReplaceAll(point, " ", "_"), os.Getpid(), n)
		if s.Append(context.Background(), batch(name, 20)) == nil {
			fmt.Println(strings.Join(names(name, 20), "\n"))
		}
	}
}

// TestKill kills at every point, several times in the same directory. What was acknowledged is in the vault or in the
// spool; what is in the spool ships.
func TestKill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for _, point := range []string{
		"before append", "after append", "before sync", "after sync", "before ship", "after ship", "before remove", "after remove",
	} {
		for _, times := range []int{0, 3} {
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%s|%d", killEnv, dir, point, times))
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if strings.HasPrefix(lines.Text(), "error:") {
					t.Fatalf("%s: %s", point, lines.Text())
				}
				acknowledged[lines.Text()] = true
			}
			if cmd.Wait() == nil {
				t.Fatalf("%s: ended without being killed", point)
			}
		}
	}
	s, k := open(t, dir, nil), &sink{}
	s.serve(t, k)
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "vault"))
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]bool{}
	for _, tok := range append(strings.Split(string(b), "\n"), k.tokens()...) {
		has[tok] = true
	}
	for tok := range acknowledged {
		if !has[tok] {
			t.Errorf("%s was acknowledged and is lost", tok)
		}
	}
	t.Logf("%d records acknowledged", len(acknowledged))
	if len(acknowledged) < 100 {
		t.Error("too few to mean anything")
	}
}

// TestTornTail cuts the last file at every length: what was whole before the cut ships, and appending goes on.
func TestTornTail(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	add(t, s, batch("a", 2))
	whole := s.Stats().Bytes
	add(t, s, batch("b", 2))
	shut(t, s)
	path := filepath.Join(dir, "spool", segmentName("", 1))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut < len(b); cut += 1 + cut/40 {
		if err := os.WriteFile(path, b[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s, k := open(t, dir, nil), &sink{}
		add(t, s, batch("new", 1))
		s.serve(t, k)
		if err := s.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		var want []string
		if cut >= int(whole) {
			want = names("a", 2)
		} else {
			want = intact(b[:cut])
		}
		if cut > int(whole) && len(k.tokens()) > 3 {
			want = append(want, "b-0")
		}
		same(t, k.tokens(), append(want, "new-0"))
		if s.Stats().Quarantined != 0 {
			t.Fatal("a torn tail was never acknowledged, and is no damage")
		}
		files, err := filepath.Glob(filepath.Join(dir, "spool", "*.seg"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			os.Remove(f)
		}
	}
}

// intact are the records that stand in b whole.
func intact(b []byte) (out []string) {
	sessions := map[[16]byte]*vaultpb.EscrowSession{}
	frames(b[min(len(b), len(fileMagic)):], func(_ int, p []byte) {
		if p[0] == frameSession {
			one := readSession(p)
			sessions[[16]byte(one.Id)] = one
		} else {
			records(p, sessions, func(it item) { out = append(out, string(it.token)) })
		}
	}, func(int, int) {})
	return out
}

// TestDamage flips bytes in the middle of a file: what is around ships in order, what is hit is put aside, and nothing
// blocks.
func TestDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 30 {
		dir := t.TempDir()
		s := open(t, dir, nil)
		var want []string
		for n := range 30 {
			add(t, s, batch(fmt.Sprint(n), 4))
			want = append(want, names(fmt.Sprint(n), 4)...)
		}
		shut(t, s)
		path := filepath.Join(dir, "spool", segmentName("", 1))
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at := len(fileMagic) + 3000 + rng.IntN(len(b)-6000) // behind the sessions, before the last frame
		b[at] ^= 1 << rng.IntN(8)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, k := open(t, dir, nil), &sink{}
		s.serve(t, k)
		if err := s.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		got := k.tokens()
		if len(got) != len(want)-2 {
			t.Fatalf("round %d: %d of %d records, want all but the 2 of one frame", round, len(got), len(want))
		}
		n := 0
		for _, tok := range want {
			if n < len(got) && got[n] == tok {
				n++
			}
		}
		if n != len(got) {
			t.Fatal("out of order")
		}
		bad, err := filepath.Glob(filepath.Join(dir, "spool", quarantineDir, "*.bad"))
		if err != nil || len(bad) != 1 || s.Stats().Quarantined == 0 {
			t.Fatalf("quarantined: %v, %v, %d bytes", bad, err, s.Stats().Quarantined)
		}
	}
}

func FuzzFrames(f *testing.F) {
	parts, _, err := encode(batch("seed", 3), timeZero)
	if err != nil {
		f.Fatal(err)
	}
	var b []byte
	for _, p := range parts {
		if b, err = appendSession(b, p.session); err != nil {
			f.Fatal(err)
		}
		b = append(b, p.frames...)
	}
	f.Add(b)
	f.Add(append([]byte("noise"+frameMagic), b[:len(b)-1]...))
	f.Add([]byte(frameMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		var seen bytes.Buffer // every byte is in a frame, in damage, or behind the end
		at := 0
		sessions := map[[16]byte]*vaultpb.EscrowSession{}
		end := frames(b, func(from int, p []byte) {
			if from != at {
				t.Fatal("a gap")
			}
			at = from + frameHeader + len(p)
			seen.Write(b[from:at])
			if s := readSession(p); p[0] == frameSession && s != nil {
				sessions[[16]byte(s.Id)] = s
			}
			if p[0] == frameRecords {
				records(p, sessions, func(item) {})
			}
		}, func(from, to int) {
			if from != at {
				t.Fatal("a gap")
			}
			at = to
			seen.Write(b[from:to])
		})
		if end != at || !bytes.Equal(append(seen.Bytes(), b[end:]...), b) {
			t.Fatal("bytes got lost")
		}
	})
}

var timeZero = time.Unix(0, 0)
