package regions_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/memory"
	"github.com/cloakroom/cloakroom/vault/store/regions"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
	"github.com/cloakroom/cloakroom/vault/token"
)

// parity puts odd kids into eu and even ones into us.
func parity(kid token.Kid) string {
	if kid%2 == 1 {
		return "eu"
	}
	return "us"
}

func newStore() (*regions.Store, map[string]store.Store) {
	stores := map[string]store.Store{"eu": memory.New(), "us": memory.New()}
	return regions.New(stores, parity), stores
}

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Opener{New: func(*testing.T) store.Store { s, _ := newStore(); return s }})
}

// TestRowsStayInTheirRegion: nothing of one region is ever in another's store, and one that is down stops no other.
func TestRowsStayInTheirRegion(t *testing.T) {
	s, stores := newStore()
	eu, us := storetest.Session(1, 1), storetest.Session(2, 1)
	require.NoError(t, s.Put(t.Context(), []store.Session{eu, us}, append(storetest.Records(eu, 0, 10), storetest.Records(us, 0, 20)...)))
	gone := storetest.Record(eu, 3)
	_, err := s.Delete(t.Context(), []store.Tombstone{{Token: gone.Token, Expires: gone.Expires}})
	require.NoError(t, err)
	for name, one := range stores {
		records, sessions, tombstones := 0, 0, 0
		require.NoError(t, one.EachRecord(t.Context(), "", func(r store.Record) error {
			require.Equal(t, name, parity(r.Kid))
			records++
			return nil
		}))
		require.NoError(t, one.EachSession(t.Context(), nil, func(n store.Session) error {
			require.Equal(t, name, parity(n.Kid))
			sessions++
			return nil
		}))
		require.NoError(t, one.EachTombstone(t.Context(), "", func(n store.Tombstone) error {
			require.Equal(t, gone.Token, n.Token)
			tombstones++
			return nil
		}))
		require.Equal(t, map[string][3]int{"eu": {9, 1, 1}, "us": {20, 1, 0}}[name], [3]int{records, sessions, tombstones}, name)
	}
	require.NoError(t, stores["us"].Close())
	require.NoError(t, s.Put(t.Context(), nil, storetest.Records(eu, 20, 1)))
	require.ErrorIs(t, s.Put(t.Context(), nil, storetest.Records(us, 20, 1)), store.ErrUnavailable)
	_, _, err = s.Get(t.Context(), storetest.Record(us, 1).Token)
	require.ErrorIs(t, err, store.ErrUnavailable)
	_, _, err = s.Get(t.Context(), storetest.Record(eu, 1).Token)
	require.NoError(t, err)
}

func TestUnknownRegion(t *testing.T) {
	s := regions.New(map[string]store.Store{"": memory.New()}, func(token.Kid) string { return "mars" })
	n := storetest.Session(1, 1)
	require.ErrorIs(t, s.Put(t.Context(), []store.Session{n}, nil), store.ErrUnavailable)
}
