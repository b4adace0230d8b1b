package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

// Contents is all a store holds, in its own order. Expiries are in UTC, so that contents compare.
type Contents struct {
	Sessions   []store.Session
	Records    []store.Record
	Tombstones []store.Tombstone
}

// Read returns what a store holds.
func Read(t testing.TB, s store.Store) Contents {
	t.Helper()
	var c Contents
	c.Records = recordsAfter(t, s, "")
	c.Tombstones = tombstonesAfter(t, s, "")
	c.Sessions = sessionsAfter(t, s, nil)
	return c
}

// Sorted returns the contents in an order that is the same for all stores.
func (c Contents) Sorted() Contents {
	c.Sessions = slices.SortedFunc(slices.Values(c.Sessions), func(a, b store.Session) int { return slices.Compare(a.ID[:], b.ID[:]) })
	byToken := func(a, b string) int { return slices.Compare([]byte(a), []byte(b)) }
	c.Records = slices.SortedFunc(slices.Values(c.Records), func(a, b store.Record) int { return byToken(a.Token, b.Token) })
	c.Tombstones = slices.SortedFunc(slices.Values(c.Tombstones), func(a, b store.Tombstone) int { return byToken(a.Token, b.Token) })
	return c
}

func recordsAfter(t testing.TB, s store.Store, after string) []store.Record {
	t.Helper()
	var out []store.Record
	require.NoError(t, s.EachRecord(t.Context(), after, func(r store.Record) error {
		r.Expires = r.Expires.UTC()
		out = append(out, r)
		return nil
	}))
	return out
}

func tombstonesAfter(t testing.TB, s store.Store, after string) []store.Tombstone {
	t.Helper()
	var out []store.Tombstone
	require.NoError(t, s.EachTombstone(t.Context(), after, func(r store.Tombstone) error {
		r.Expires = r.Expires.UTC()
		out = append(out, r)
		return nil
	}))
	return out
}

func sessionsAfter(t testing.TB, s store.Store, after *store.Session) []store.Session {
	t.Helper()
	var out []store.Session
	require.NoError(t, s.EachSession(t.Context(), after, func(n store.Session) error {
		n.Expires = n.Expires.UTC()
		out = append(out, n)
		return nil
	}))
	return out
}

// fill puts more than a page of everything, of three kids, and returns what must be there, sorted.
func fill(t *testing.T, s store.Store) Contents {
	t.Helper()
	const perKid, erased = 1500, 400
	var want Contents
	for kid := range 3 {
		var ns []store.Session
		var rs []store.Record
		for i := range 4 {
			n := Session(token.Kid(kid), i)
			ns = append(ns, n)
			rs = append(rs, Records(n, i*perKid, perKid/4)...)
		}
		require.NoError(t, s.Put(t.Context(), ns, rs))
		gone := tombs(rs[:erased]...)
		n, err := s.Delete(t.Context(), gone)
		require.NoError(t, err)
		require.Equal(t, erased, n)
		want.Sessions = append(want.Sessions, ns...)
		want.Records = append(want.Records, rs[erased:]...)
		want.Tombstones = append(want.Tombstones, gone...)
	}
	return want.Sorted()
}

func eachRow(t *testing.T, s store.Store) {
	require.Empty(t, Read(t, s))
	want := fill(t, s)
	require.Equal(t, want, Read(t, s).Sorted())
	require.Equal(t, Read(t, s), Read(t, s), "the order never changes")

	stop, calls := errors.New("enough"), 0
	require.ErrorIs(t, s.EachRecord(t.Context(), "", func(store.Record) error { calls++; return stop }), stop)
	require.ErrorIs(t, s.EachTombstone(t.Context(), "", func(store.Tombstone) error { calls++; return stop }), stop)
	require.ErrorIs(t, s.EachSession(t.Context(), nil, func(store.Session) error { calls++; return stop }), stop)
	require.Equal(t, 3, calls)
}

func eachResumes(t *testing.T, s store.Store) {
	fill(t, s)
	all := Read(t, s)
	for _, i := range []int{0, 1, len(all.Records) / 2, len(all.Records) - 1} {
		require.Equal(t, all.Records[i+1:], append([]store.Record{}, recordsAfter(t, s, all.Records[i].Token)...))
	}
	for _, i := range []int{0, len(all.Tombstones) / 2, len(all.Tombstones) - 1} {
		require.Equal(t, all.Tombstones[i+1:], append([]store.Tombstone{}, tombstonesAfter(t, s, all.Tombstones[i].Token)...))
	}
	for i := range all.Sessions {
		require.Equal(t, all.Sessions[i+1:], append([]store.Session{}, sessionsAfter(t, s, &all.Sessions[i])...))
	}
	mid := all.Records[len(all.Records)/2]
	gone, err := s.Discard(t.Context(), mid.Token, mid.Session)
	require.NoError(t, err)
	require.True(t, gone)
	require.Equal(t, all.Records[len(all.Records)/2+1:], recordsAfter(t, s, mid.Token), "a cursor outlives its row")
}

// eachAndWrite calls the store from within: a walk holds no lock, and what is there throughout is seen once.
func eachAndWrite(t *testing.T, s store.Store) {
	want := fill(t, s)
	n := Session(2, 9)
	next := 1_000_000
	seen := map[string]int{}
	require.NoError(t, s.EachRecord(t.Context(), "", func(r store.Record) error {
		seen[r.Token]++
		if next++; next%50 != 0 {
			return nil
		}
		if err := s.Put(t.Context(), []store.Session{n}, Records(n, next, 1)); err != nil {
			return err
		}
		_, err := s.Delete(t.Context(), tombs(Record(n, next)))
		return err
	}))
	for _, r := range want.Records {
		require.Equal(t, 1, seen[r.Token])
	}
}
