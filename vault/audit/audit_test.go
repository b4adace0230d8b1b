package audit_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/audit"
)

func testKey(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
}

var (
	key    = testKey(1)
	public = key.Public().(ed25519.PublicKey)
)

func open(t *testing.T, path string) *audit.Log {
	t.Helper()
	l, err := audit.Open(path, key)
	require.NoError(t, err)
	return l
}

func event(i int) audit.Event {
	return audit.Event{
		Actor: "uid:1000", Action: audit.ActionReveal, Outcome: audit.OutcomeOK,
		Purpose: fmt.Sprintf("INC-%d, a \"quoted\" purpose, \"hash\":\"x\"", i),
	}
}

// write makes a log of n entries, each its own group.
func write(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path)
	for i := range n {
		_, err := l.Append(t.Context(), event(i))
		require.NoError(t, err)
	}
	require.NoError(t, l.Close())
	return path
}

func verify(t *testing.T, path string, known ...audit.Head) *audit.Report {
	t.Helper()
	r, err := audit.Verify(t.Context(), path, public, known...)
	require.NoError(t, err)
	return r
}

func TestAppendReadVerify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path)
	var want []audit.Entry
	for i := range 5 {
		e, err := l.Append(t.Context(), event(i))
		require.NoError(t, err)
		require.EqualValues(t, i+1, e.Sequence)
		require.NotEmpty(t, e.Signature)
		want = append(want, e)
	}
	live, err := l.Verify(t.Context())
	require.NoError(t, err)
	require.True(t, live.Intact(), live.Faults)
	require.EqualValues(t, 5, live.Signatures)
	require.Equal(t, want[4].Hash, l.Head().Hash)
	require.NoError(t, l.Close())
	_, err = l.Append(t.Context(), event(9))
	require.ErrorIs(t, err, audit.ErrUnavailable)
	require.NoError(t, l.Close())

	var got []audit.Entry
	bad, err := audit.Read(t.Context(), path, func(e audit.Entry) error {
		got = append(got, e)
		return nil
	})
	require.NoError(t, err)
	require.Zero(t, bad)
	require.Equal(t, want, got)

	l = open(t, path)
	e, err := l.Append(t.Context(), event(6))
	require.NoError(t, err)
	require.EqualValues(t, 6, e.Sequence)
	require.Equal(t, want[4].Hash, e.Prev)
	require.NoError(t, l.Close())
	require.True(t, verify(t, path).Intact())

	for _, f := range []string{path, audit.HeadPath(path)} {
		info, err := os.Stat(f)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), f)
	}
}

func TestEmpty(t *testing.T) {
	path := write(t, 0)
	r := verify(t, path)
	require.True(t, r.Intact(), r.Faults)
	require.Zero(t, r.Entries)
}

func TestConcurrentAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path)
	var wg sync.WaitGroup
	var seen sync.Map
	for g := range 16 {
		wg.Go(func() {
			for i := range 50 {
				e, err := l.Append(t.Context(), event(g*100+i))
				if err != nil {
					t.Error(err)
				}
				if _, twice := seen.LoadOrStore(e.Sequence, e.Hash); twice {
					t.Errorf("entry %d was handed out twice", e.Sequence)
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, l.Close())
	r := verify(t, path)
	require.True(t, r.Intact(), r.Faults)
	require.EqualValues(t, 800, r.Entries)
	require.Less(t, r.Signatures, r.Entries, "events at the same time share a signature and an fsync")
	_, err := audit.Read(t.Context(), path, func(e audit.Entry) error {
		h, ok := seen.Load(e.Sequence)
		require.True(t, ok)
		require.Equal(t, h, e.Hash)
		return nil
	})
	require.NoError(t, err)
}

func TestEndedContext(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "audit.log"))
	defer func() { require.NoError(t, l.Close()) }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := l.Append(ctx, event(0))
	require.ErrorIs(t, err, context.Canceled)
}

func TestTooLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path)
	ev := event(0)
	ev.Purpose = strings.Repeat("x", audit.MaxLine)
	_, err := l.Append(t.Context(), ev)
	require.ErrorIs(t, err, audit.ErrTooLong)
	_, err = l.Append(t.Context(), event(1))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	r := verify(t, path)
	require.True(t, r.Intact(), r.Faults)
	require.EqualValues(t, 1, r.Entries)
}

// TestVerifyFinds does what somebody without the key can do to the files of a log of 10 entries.
func TestVerifyFinds(t *testing.T) {
	lines := func(b []byte) [][]byte { return bytes.SplitAfter(bytes.TrimSuffix(b, []byte("\n")), []byte("\n")) }
	join := func(l [][]byte) []byte { return append(bytes.TrimSuffix(bytes.Join(l, nil), []byte("\n")), '\n') }
	for _, c := range []struct {
		name string
		harm func(log []byte) []byte
		head func(head []byte) []byte
		want string
	}{
		{name: "a line is cut out", harm: func(b []byte) []byte { l := lines(b); return join(append(l[:4], l[5:]...)) }, want: "line 5: entry 6 follows entry 4"},
		{name: "the first line is cut out", harm: func(b []byte) []byte { return join(lines(b)[1:]) }, want: "line 1: entry 2 follows entry 0"},
		{name: "two lines are swapped", harm: func(b []byte) []byte { l := lines(b); l[2], l[3] = l[3], l[2]; return join(l) }, want: "line 3: entry 4 follows entry 2"},
		{name: "a line is repeated", harm: func(b []byte) []byte { l := lines(b); l[5] = l[4]; return join(l) }, want: "line 6: entry 5 follows entry 5"},
		{name: "a purpose is edited", harm: func(b []byte) []byte { return bytes.Replace(b, []byte("INC-3"), []byte("INC-4"), 1) }, want: "line 4: edited"},
		{name: "the last purpose is edited", harm: func(b []byte) []byte { return bytes.Replace(b, []byte("INC-9"), []byte("INC-8"), 1) }, want: "line 10: edited"},
		{name: "a signature is edited", harm: func(b []byte) []byte { return bytes.Replace(b, []byte(`"sig":"`), []byte(`"sig":"AAAA`), 1) }, want: "line 1: its signature"},
		{name: "a signature is taken away from the last line", harm: func(b []byte) []byte {
			i := bytes.LastIndex(b, []byte(`,"sig"`))
			return append(b[:i:i], "}\n"...)
		}, want: "last 1 lines are not signed"},
		{name: "a byte more in a line", harm: func(b []byte) []byte { return bytes.Replace(b, []byte("}\n"), []byte(" }\n"), 1) }, want: "line 1: "},
		{name: "a field is added behind the hash", harm: func(b []byte) []byte {
			return bytes.Replace(b, []byte(`,"sig":"`), []byte(`,"actor":"uid:7","sig":"`), 1)
		}, want: "line 1: not an audit entry"},
		{name: "the tail is truncated", harm: func(b []byte) []byte { return join(lines(b)[:7]) }, want: "truncated: it ends at entry 7 and was known to reach 10"},
		{name: "everything is truncated", harm: func([]byte) []byte { return nil }, want: "truncated"},
		{name: "the tail is truncated and the head removed", harm: func(b []byte) []byte { return join(lines(b)[:7]) }, head: func([]byte) []byte { return nil }, want: "head file is missing"},
		{name: "the tail is truncated and the head edited", harm: func(b []byte) []byte { return join(lines(b)[:7]) }, head: func(h []byte) []byte {
			return bytes.Replace(h, []byte(`"seq":10`), []byte(`"seq":7`), 1)
		}, want: "head file is not signed"},
		{name: "the head is garbage", head: func([]byte) []byte { return []byte("{{{") }, want: "head file cannot be read"},
		{name: "garbage is added", harm: func(b []byte) []byte { return append(b, "hello\n"...) }, want: "line 11: not an audit entry"},
		{name: "half a line is added", harm: func(b []byte) []byte { return append(b, `{"seq":11`...) }, want: "line 11: not an audit entry"},
		{name: "an unsigned line is added", harm: func(b []byte) []byte {
			last := lines(b)[9]
			return append(b, last[:bytes.LastIndex(last, []byte(`,"sig"`))]...)
		}, want: "line 11: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, 10)
			require.True(t, verify(t, path).Intact(), "before")
			change(t, path, c.harm)
			change(t, audit.HeadPath(path), c.head)
			r := verify(t, path)
			require.False(t, r.Intact())
			require.Contains(t, fmt.Sprint(r.Faults), c.want)
		})
	}
}

func change(t *testing.T, path string, how func([]byte) []byte) {
	t.Helper()
	if how == nil {
		return
	}
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, how(b), 0o600))
}

// TestVerifyFindsInGroup edits a line within a group, whose last line alone is signed, and makes its hash fit again.
func TestVerifyFindsInGroup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := open(t, path)
	entries, err := l.AppendAll(t.Context(), []audit.Event{event(1), event(2), event(3)})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	r := verify(t, path)
	require.True(t, r.Intact(), r.Faults)
	require.EqualValues(t, 1, r.Signatures)
	change(t, path, func(b []byte) []byte {
		lines := bytes.SplitAfter(b, []byte("\n"))
		body := bytes.Replace(lines[1], []byte("INC-2"), []byte("INC-7"), 1)
		body = body[:bytes.LastIndex(body, []byte(`,"hash":"`))]
		lines[1] = fmt.Appendf(body, `,"hash":"%x"}`+"\n", sha256.Sum256(body))
		require.NotContains(t, string(lines[1]), entries[1].Hash)
		return bytes.Join(lines, nil)
	})
	require.Contains(t, fmt.Sprint(verify(t, path).Faults), "line 3: the chain is broken")
}

// TestRollback: a log and head that are both an old copy pass for whole, unless somebody knows a later end.
func TestRollback(t *testing.T) {
	path := write(t, 3)
	old, err := os.ReadFile(path)
	require.NoError(t, err)
	oldHead, err := os.ReadFile(audit.HeadPath(path))
	require.NoError(t, err)
	l := open(t, path)
	_, err = l.Append(t.Context(), event(3))
	require.NoError(t, err)
	known := l.Head()
	require.NoError(t, l.Close())
	change(t, path, func([]byte) []byte { return old })
	change(t, audit.HeadPath(path), func([]byte) []byte { return oldHead })
	require.True(t, verify(t, path).Intact())
	require.Contains(t, fmt.Sprint(verify(t, path, known).Faults), "truncated")
}

func TestOtherKey(t *testing.T) {
	path := write(t, 3)
	r, err := audit.Verify(t.Context(), path, testKey(2).Public().(ed25519.PublicKey))
	require.NoError(t, err)
	require.False(t, r.Intact())
}

func TestTruncationIsRemembered(t *testing.T) {
	path := write(t, 10)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := bytes.SplitAfter(b, []byte("\n"))
	require.NoError(t, os.WriteFile(path, bytes.Join(lines[:6], nil), 0o600))
	l := open(t, path)
	_, err = l.Append(t.Context(), event(11))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.Contains(t, fmt.Sprint(verify(t, path).Faults), "line 7: the vault found its log truncated: log ended at entry 6, its head at 10")
}

// TestTornTail ends the log after every byte of its last group, as a crash may.
func TestTornTail(t *testing.T) {
	path := write(t, 3)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	head, err := os.ReadFile(audit.HeadPath(path))
	require.NoError(t, err)
	group := bytes.TrimSuffix(whole, []byte("\n"))
	start := bytes.LastIndexByte(group, '\n') + 1
	for end := start; end <= len(whole); end += 7 {
		dir := t.TempDir()
		path := filepath.Join(dir, "audit.log")
		require.NoError(t, os.WriteFile(path, whole[:end], 0o600))
		// The head was not written yet: it follows the log's fsync.
		require.NoError(t, os.WriteFile(audit.HeadPath(path), headOf(t, whole[:start], head), 0o600))
		l := open(t, path)
		_, err := l.Append(t.Context(), event(4))
		require.NoError(t, err)
		require.NoError(t, l.Close())
		r := verify(t, path)
		require.True(t, r.Intact(), "cut at %d: %v", end, r.Faults)
		aside, err := filepath.Glob(path + ".torn-*")
		require.NoError(t, err)
		if end > start && end < len(whole) {
			require.Len(t, aside, 1)
			torn, err := os.ReadFile(aside[0])
			require.NoError(t, err)
			require.Equal(t, whole[start:end], torn)
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Contains(t, string(b), audit.ActionRecovered)
		} else {
			require.Empty(t, aside)
		}
	}
}

// headOf is the head file for a log's first two lines, made by the log itself.
func headOf(t *testing.T, log, _ []byte) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.log")
	require.NoError(t, os.WriteFile(path, log, 0o600))
	var last audit.Entry
	_, err := audit.Read(t.Context(), path, func(e audit.Entry) error { last = e; return nil })
	require.NoError(t, err)
	return fmt.Appendf(nil, `{"seq":%d,"hash":%q,"sig":%q}`, last.Sequence, last.Hash, b64(last.Signature))
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("{}\n"))
	f.Add([]byte(`{"seq":1,"prev":"","hash":"","sig":""}` + "\n" + `{"seq":2`))
	f.Add([]byte(`,"hash":"` + "\n\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "audit.log")
		require.NoError(t, os.WriteFile(path, b, 0o600))
		_, err := audit.Verify(t.Context(), path, public)
		require.NoError(t, err)
		l := open(t, path)
		_, err = l.Append(t.Context(), event(1))
		require.NoError(t, err)
		require.NoError(t, l.Close())
		r := verify(t, path)
		require.True(t, r.Intact(), "nothing of it was signed: all of it is set aside: %v", r.Faults)
	})
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
