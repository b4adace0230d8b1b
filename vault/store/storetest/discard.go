package storetest

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/store"
)

func discard(t *testing.T, s store.Store) {
	poisoned, honest := Session(1, 1), Session(1, 2)
	r := Record(poisoned, 1)
	require.NoError(t, s.Put(t.Context(), []store.Session{poisoned}, []store.Record{r, Record(poisoned, 2)}))
	for _, c := range []struct {
		name    string
		token   string
		session [16]byte
	}{
		{"sealed in another session", r.Token, honest.ID},
		{"no such record", Record(poisoned, 7).Token, poisoned.ID},
		{"not a token", "alice@example.com", poisoned.ID},
	} {
		gone, err := s.Discard(t.Context(), c.token, c.session)
		require.NoError(t, err, c.name)
		require.False(t, gone, c.name)
	}
	requireHas(t, s, poisoned, r)

	gone, err := s.Discard(t.Context(), r.Token, poisoned.ID)
	require.NoError(t, err)
	require.True(t, gone)
	_, _, err = s.Get(t.Context(), r.Token)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NotErrorIs(t, err, store.ErrErased, "it leaves no tombstone")
	gone, err = s.Discard(t.Context(), r.Token, poisoned.ID)
	require.NoError(t, err)
	require.False(t, gone, "it is gone already")

	repaired := Record(honest, 1)
	require.NoError(t, s.Put(t.Context(), []store.Session{honest}, []store.Record{repaired}))
	requireHas(t, s, honest, repaired)
	gone, err = s.Discard(t.Context(), r.Token, poisoned.ID)
	require.NoError(t, err)
	require.False(t, gone, "a late discard leaves the repaired record")
	requireHas(t, s, honest, repaired)

	_, err = s.Delete(t.Context(), tombs(repaired))
	require.NoError(t, err)
	gone, err = s.Discard(t.Context(), r.Token, honest.ID)
	require.NoError(t, err)
	require.False(t, gone)
	requireNot(t, s, r, store.ErrErased)
	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, st.Records)
	require.EqualValues(t, 1, st.Tombstones)
}

// concurrentDiscard has a discard, a repair and an erasure meet. Erased stays erased, counts stay right, and what was
// discarded is not the record that stands.
func concurrentDiscard(t *testing.T, s store.Store) {
	const tokens = 100
	var records, tombstones int64
	for i := range tokens {
		poisoned, honest := Session(1, 1), Session(1, 2)
		require.NoError(t, s.Put(t.Context(), []store.Session{poisoned}, []store.Record{Record(poisoned, i)}))
		start := make(chan struct{})
		var wg sync.WaitGroup
		together := func(do func() error) {
			wg.Go(func() {
				<-start
				if err := do(); err != nil {
					t.Error(err)
				}
			})
		}
		discarded := make(chan bool, 2)
		for range 2 {
			together(func() error {
				gone, err := s.Discard(t.Context(), Record(poisoned, i).Token, poisoned.ID)
				discarded <- gone
				return err
			})
		}
		together(func() error { return s.Put(t.Context(), []store.Session{honest}, []store.Record{Record(honest, i)}) })
		erase := i%2 == 0
		together(func() error {
			if !erase {
				return nil
			}
			_, err := s.Delete(t.Context(), tombs(Record(honest, i)))
			return err
		})
		close(start)
		wg.Wait()
		first, second := <-discarded, <-discarded
		require.False(t, first && second, "one record was discarded twice")
		got, _, err := s.Get(t.Context(), Record(honest, i).Token)
		switch {
		case erase:
			require.ErrorIs(t, err, store.ErrErased)
			tombstones++
		case errors.Is(err, store.ErrNotFound): // the repair came too early
		default:
			require.NoError(t, err)
			require.Equal(t, honest.ID, got.Session)
			records++
		}
	}
	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, records, st.Records)
	require.Equal(t, tombstones, st.Tombstones)
}
