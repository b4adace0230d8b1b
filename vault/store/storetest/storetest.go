// Package storetest is the conformance suite of the store contract. Every implementation passes it, the memory store
// included.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

// Opener opens the stores under test.
type Opener struct {
	// New opens an empty store. The suite closes it.
	New func(t *testing.T) store.Store
	// Reopen opens again what a store made by New held when it was closed. Nil: the store does not outlive Close.
	Reopen func(t *testing.T, closed store.Store) store.Store
}

// Run runs the suite.
func Run(t *testing.T, o Opener) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, store.Store)
	}{
		{"put and get", putAndGet},
		{"the first record of a token stays", firstStays},
		{"a record needs its session", needsSession},
		{"sessions put earlier count", earlierSession},
		{"invalid records store nothing", invalid},
		{"delete leaves a tombstone", tombstone},
		{"delete expired", deleteExpired},
		{"discard", discard},
		{"each row exactly once", eachRow},
		{"each resumes anywhere", eachResumes},
		{"each lets others write", eachAndWrite},
		{"stats", stats},
		{"slices are not kept", slicesNotKept},
		{"an ended context", endedContext},
		{"concurrent put, get, delete", concurrent},
		{"concurrent put, discard, delete", concurrentDiscard},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := o.New(t)
			t.Cleanup(func() { _ = s.Close() })
			c.run(t, s)
		})
	}
	t.Run("closed", func(t *testing.T) { closed(t, o.New(t)) })
	if o.Reopen != nil {
		t.Run("survives close", func(t *testing.T) { survives(t, o) })
	}
}

// Epoch returns when records of the suite expire, n days from a fixed moment.
func Epoch(n int) time.Time {
	return time.Unix(1_800_000_000, 0).Add(time.Duration(n) * 24 * time.Hour).UTC()
}

// Session returns the n-th session of a kid.
func Session(kid token.Kid, n int) store.Session {
	s := store.Session{Kid: kid, Suite: 1, Enc: fmt.Appendf(nil, "encapsulated key %d of %s", n, kid), Expires: Epoch(1)}
	copy(s.ID[:], fmt.Sprintf("%s-%09d", kid, n))
	return s
}

// Record returns the n-th record sealed in s.
func Record(s store.Session, n int) store.Record {
	id := token.Identity{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), 7}
	return store.Record{
		Token: token.Token{Class: "email", Kid: s.Kid, Identity: id, Tag: uint32(n) & (1<<token.TagBits - 1)}.String(),
		Scope: "default", Kid: s.Kid, Session: s.ID, Expires: s.Expires, Sealed: fmt.Appendf(nil, "sealed %d", n),
	}
}

// Records returns n records sealed in s, from the first-th on.
func Records(s store.Session, first, n int) []store.Record {
	out := make([]store.Record, n)
	for i := range out {
		out[i] = Record(s, first+i)
	}
	return out
}

func tombs(rs ...store.Record) []store.Tombstone {
	out := make([]store.Tombstone, len(rs))
	for i, r := range rs {
		out[i] = store.Tombstone{Token: r.Token, Expires: r.Expires}
	}
	return out
}

func requireHas(t *testing.T, s store.Store, n store.Session, r store.Record) {
	t.Helper()
	got, gotSession, err := s.Get(t.Context(), r.Token)
	require.NoError(t, err)
	require.True(t, r.Expires.Equal(got.Expires), "expiry %s, want %s", got.Expires, r.Expires)
	got.Expires = r.Expires
	require.Equal(t, r, got)
	require.True(t, n.Expires.Equal(gotSession.Expires))
	gotSession.Expires = n.Expires
	require.Equal(t, n, gotSession)
}

func requireNot(t *testing.T, s store.Store, r store.Record, want error) {
	t.Helper()
	_, _, err := s.Get(t.Context(), r.Token)
	require.ErrorIs(t, err, want)
}

func putAndGet(t *testing.T, s store.Store) {
	a, b := Session(1, 1), Session(2, 1)
	rs := append(Records(a, 0, 3), Records(b, 0, 3)...)
	requireNot(t, s, rs[0], store.ErrNotFound)
	require.NoError(t, s.Put(t.Context(), []store.Session{a, b}, rs))
	for i, r := range rs {
		requireHas(t, s, []store.Session{a, b}[i/3], r)
	}
	requireNot(t, s, Record(a, 99), store.ErrNotFound)
	require.NoError(t, s.Put(t.Context(), nil, nil))
}

func firstStays(t *testing.T, s store.Store) {
	a, b := Session(1, 1), Session(1, 2)
	first := Record(a, 1)
	second := Record(b, 1)
	second.Sealed = []byte("the same token, sealed by somebody else")
	require.NoError(t, s.Put(t.Context(), []store.Session{a}, []store.Record{first}))
	require.NoError(t, s.Put(t.Context(), []store.Session{b}, []store.Record{second, Record(b, 2)}))
	requireHas(t, s, a, first)
	requireHas(t, s, b, Record(b, 2))

	forged := a
	forged.Enc = []byte("another key under a known id")
	require.NoError(t, s.Put(t.Context(), []store.Session{forged}, []store.Record{Record(a, 3)}))
	requireHas(t, s, a, Record(a, 3))

	twice := []store.Record{Record(b, 4), Record(b, 4)}
	twice[1].Sealed = []byte("second in one call")
	require.NoError(t, s.Put(t.Context(), []store.Session{b}, twice))
	requireHas(t, s, b, twice[0])
	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 4, st.Records)
}

func needsSession(t *testing.T, s store.Store) {
	a := Session(1, 1)
	require.ErrorIs(t, s.Put(t.Context(), nil, Records(a, 0, 2)), store.ErrInvalid)
	requireNot(t, s, Record(a, 0), store.ErrNotFound)
	require.ErrorIs(t, s.Put(t.Context(), []store.Session{Session(2, 1)}, Records(a, 0, 2)), store.ErrInvalid)
	requireNot(t, s, Record(a, 0), store.ErrNotFound)
}

func earlierSession(t *testing.T, s store.Store) {
	a := Session(1, 1)
	require.NoError(t, s.Put(t.Context(), []store.Session{a}, nil))
	require.NoError(t, s.Put(t.Context(), nil, Records(a, 0, 2)))
	requireHas(t, s, a, Record(a, 1))
}

func invalid(t *testing.T, s store.Store) {
	a := Session(1, 1)
	for _, c := range []struct {
		name string
		harm func(*store.Session, *store.Record)
	}{
		{"not a token", func(_ *store.Session, r *store.Record) { r.Token = "alice@example.com" }},
		{"another kid than its token's", func(_ *store.Session, r *store.Record) { r.Kid = 2 }},
		{"another kid than its session's", func(n *store.Session, _ *store.Record) { n.Kid = 2 }},
		{"nothing sealed", func(_ *store.Session, r *store.Record) { r.Sealed = nil }},
		{"no expiry", func(_ *store.Session, r *store.Record) { r.Expires = time.Time{} }},
		{"session without key", func(n *store.Session, _ *store.Record) { n.Enc = nil }},
		{"session without expiry", func(n *store.Session, _ *store.Record) { n.Expires = time.Time{} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, r := a, Record(a, 1)
			c.harm(&n, &r)
			err := s.Put(t.Context(), []store.Session{n}, []store.Record{Record(a, 0), r})
			require.ErrorIs(t, err, store.ErrInvalid)
			require.NotContains(t, err.Error(), "alice", "an error must not carry what may be a value")
			requireNot(t, s, Record(a, 0), store.ErrNotFound)
		})
	}
}

func tombstone(t *testing.T, s store.Store) {
	a := Session(1, 1)
	rs := Records(a, 0, 3)
	require.NoError(t, s.Put(t.Context(), []store.Session{a}, rs))
	never := Record(a, 7)
	n, err := s.Delete(t.Context(), tombs(rs[0], never, rs[0]))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	requireNot(t, s, rs[0], store.ErrErased)
	requireNot(t, s, rs[0], store.ErrNotFound)
	requireNot(t, s, never, store.ErrErased)
	requireHas(t, s, a, rs[1])

	require.NoError(t, s.Put(t.Context(), []store.Session{a}, []store.Record{rs[0], never}), "a late spool is passed over")
	requireNot(t, s, rs[0], store.ErrErased)
	requireNot(t, s, never, store.ErrErased)

	n, err = s.Delete(t.Context(), tombs(rs[0]))
	require.NoError(t, err)
	require.Zero(t, n)
}

func deleteExpired(t *testing.T, s store.Store) {
	soon, late := Session(1, 1), Session(2, 1)
	late.Expires = Epoch(5)
	mixed := Session(3, 1)
	mixed.Expires = Epoch(5)
	early := Record(mixed, 1)
	early.Expires = Epoch(1)
	require.NoError(t, s.Put(t.Context(), []store.Session{soon, late, mixed},
		append(append(Records(soon, 0, 10), Records(late, 0, 10)...), early, Record(mixed, 2))))
	_, err := s.Delete(t.Context(), tombs(Record(soon, 0), Record(late, 0)))
	require.NoError(t, err)

	n, err := s.DeleteExpired(t.Context(), Epoch(1).Add(-time.Second))
	require.NoError(t, err)
	require.Zero(t, n)

	n, err = s.DeleteExpired(t.Context(), Epoch(1))
	require.NoError(t, err)
	require.Equal(t, 10, n, "9 of the first kid and the early one")
	requireNot(t, s, Record(soon, 1), store.ErrNotFound)
	requireNot(t, s, early, store.ErrNotFound)
	requireHas(t, s, mixed, Record(mixed, 2))
	requireHas(t, s, late, Record(late, 1))
	requireNot(t, s, Record(late, 0), store.ErrErased)
	_, _, err = s.Get(t.Context(), Record(soon, 0).Token)
	require.NotErrorIs(t, err, store.ErrErased, "the tombstone went with its epoch")
	require.ErrorIs(t, s.Put(t.Context(), nil, Records(soon, 0, 1)), store.ErrInvalid, "so did the session")

	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 10, st.Records)
	require.EqualValues(t, 1, st.Tombstones)

	n, err = s.DeleteExpired(t.Context(), Epoch(5))
	require.NoError(t, err)
	require.Equal(t, 10, n)
	st, err = s.Stats(t.Context())
	require.NoError(t, err)
	require.Zero(t, st.Records)
	require.Zero(t, st.Tombstones)
}

func stats(t *testing.T, s store.Store) {
	a := Session(1, 1)
	for range 2 {
		require.NoError(t, s.Put(t.Context(), []store.Session{a}, Records(a, 0, 20)))
	}
	_, err := s.Delete(t.Context(), tombs(Record(a, 1), Record(a, 2), Record(a, 77)))
	require.NoError(t, err)
	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 18, st.Records)
	require.EqualValues(t, 3, st.Tombstones)
	require.Positive(t, st.Bytes)
}

func slicesNotKept(t *testing.T, s store.Store) {
	a := Session(1, 1)
	r := Record(a, 1)
	given, givenSession := r, a
	given.Sealed = append([]byte(nil), r.Sealed...)
	givenSession.Enc = append([]byte(nil), a.Enc...)
	require.NoError(t, s.Put(t.Context(), []store.Session{givenSession}, []store.Record{given}))
	clear(given.Sealed)
	clear(givenSession.Enc)
	got, gotSession, err := s.Get(t.Context(), r.Token)
	require.NoError(t, err)
	require.Equal(t, r.Sealed, got.Sealed)
	clear(got.Sealed)
	clear(gotSession.Enc)
	requireHas(t, s, a, r)
}

func endedContext(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := Session(1, 1)
	require.ErrorIs(t, s.Put(ctx, []store.Session{a}, Records(a, 0, 1)), context.Canceled)
	_, _, err := s.Get(ctx, Record(a, 0).Token)
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Delete(ctx, tombs(Record(a, 0)))
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Discard(ctx, Record(a, 0).Token, a.ID)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, s.EachRecord(ctx, "", func(store.Record) error { return nil }), context.Canceled)
}

// concurrent has writers and an eraser meet at one token after the other. Whatever the order: a record read is the one
// that stays, counts are right, and an erased token never comes back.
func concurrent(t *testing.T, s store.Store) {
	const writers, tokens = 6, 150
	left := 0
	for i := range tokens {
		start := make(chan struct{})
		var wg sync.WaitGroup
		var seen [writers]store.Record
		for w := range writers {
			n := Session(1, w)
			wg.Go(func() {
				<-start
				if err := s.Put(t.Context(), []store.Session{n}, []store.Record{Record(n, i)}); err != nil {
					t.Error(err)
				}
				var err error
				if seen[w], _, err = s.Get(t.Context(), Record(n, i).Token); err != nil && !errors.Is(err, store.ErrErased) {
					t.Errorf("after put: %v", err)
				}
			})
		}
		erase := i%3 == 0
		wg.Go(func() {
			<-start
			if !erase {
				return
			}
			if _, err := s.Delete(t.Context(), tombs(Record(Session(1, 0), i))); err != nil {
				t.Error(err)
			}
		})
		close(start)
		wg.Wait()
		got, _, err := s.Get(t.Context(), Record(Session(1, 0), i).Token)
		if erase {
			require.ErrorIs(t, err, store.ErrErased, "an erased token came back")
			continue
		}
		require.NoError(t, err)
		left++
		for _, was := range seen {
			require.Equal(t, got.Session, was.Session, "the record of a token changed its session")
		}
	}
	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, left, st.Records)
	require.EqualValues(t, tokens/3, st.Tombstones)
	require.NoError(t, s.EachRecord(t.Context(), "", func(store.Record) error { left--; return nil }))
	require.Zero(t, left)
}

func closed(t *testing.T, s store.Store) {
	a := Session(1, 1)
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Put(t.Context(), []store.Session{a}, Records(a, 0, 1)), store.ErrClosed)
	_, _, err := s.Get(t.Context(), Record(a, 0).Token)
	require.ErrorIs(t, err, store.ErrClosed)
	require.ErrorIs(t, err, store.ErrUnavailable)
	_, err = s.Delete(t.Context(), tombs(Record(a, 0)))
	require.ErrorIs(t, err, store.ErrClosed)
	_, err = s.DeleteExpired(t.Context(), Epoch(1))
	require.ErrorIs(t, err, store.ErrClosed)
	_, err = s.Stats(t.Context())
	require.ErrorIs(t, err, store.ErrClosed)
	_, err = s.Discard(t.Context(), Record(a, 0).Token, a.ID)
	require.ErrorIs(t, err, store.ErrClosed)
	require.ErrorIs(t, s.EachRecord(t.Context(), "", func(store.Record) error { return nil }), store.ErrClosed)
	require.ErrorIs(t, s.EachTombstone(t.Context(), "", func(store.Tombstone) error { return nil }), store.ErrClosed)
	require.ErrorIs(t, s.EachSession(t.Context(), nil, func(store.Session) error { return nil }), store.ErrClosed)
	require.NoError(t, s.Close())
}

func survives(t *testing.T, o Opener) {
	s := o.New(t)
	a := Session(1, 1)
	require.NoError(t, s.Put(t.Context(), []store.Session{a}, Records(a, 0, 100)))
	_, err := s.Delete(t.Context(), tombs(Record(a, 0)))
	require.NoError(t, err)
	require.NoError(t, s.Close())

	s = o.Reopen(t, s)
	t.Cleanup(func() { _ = s.Close() })
	for i := 1; i < 100; i++ {
		requireHas(t, s, a, Record(a, i))
	}
	requireNot(t, s, Record(a, 0), store.ErrErased)
	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 99, st.Records)
	require.EqualValues(t, 1, st.Tombstones)
}
