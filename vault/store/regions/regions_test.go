package regions_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/memory"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/store/regions"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
	"github.com/cloakroom/cloakroom/vault/token"
)

// byParity has odd kids in one region and even ones in another.
func byParity(kid token.Kid) string { return []string{"eu", "us"}[kid%2] }

func TestStore(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		storetest.Run(t, storetest.Opener{New: func(*testing.T) store.Store {
			return regions.New(map[string]store.Store{"eu": memory.New(), "us": memory.New()}, byParity)
		}})
	})
	t.Run("memory and pebble", func(t *testing.T) {
		storetest.Run(t, storetest.Opener{New: func(t *testing.T) store.Store {
			p, err := pebble.Open(t.TempDir(), pebble.Options{MinFree: 1})
			require.NoError(t, err)
			return regions.New(map[string]store.Store{"eu": memory.New(), "us": p}, byParity)
		}})
	})
}

// TestResidency: whatever is done to the whole, a region's rows are in its own store only.
func TestResidency(t *testing.T) {
	stores := map[string]store.Store{"eu": memory.New(), "us": memory.New()}
	s := regions.New(stores, byParity)
	for kid := range token.Kid(6) {
		n := storetest.Session(kid, 1)
		other := storetest.Session(kid+1, 1)
		rs := append(storetest.Records(n, 0, 20), storetest.Records(other, 0, 20)...)
		require.NoError(t, s.Put(t.Context(), []store.Session{n, other}, rs))
		_, err := s.Delete(t.Context(), []store.Tombstone{{Token: rs[0].Token, Expires: rs[0].Expires}, {Token: rs[20].Token, Expires: rs[20].Expires}})
		require.NoError(t, err)
	}
	for name, st := range stores {
		c := storetest.Read(t, st)
		require.NotEmpty(t, c.Records)
		for _, r := range c.Records {
			require.Equal(t, name, byParity(r.Kid))
		}
		for _, n := range c.Sessions {
			require.Equal(t, name, byParity(n.Kid))
		}
		for _, x := range c.Tombstones {
			parsed, err := token.Parse(x.Token)
			require.NoError(t, err)
			require.Equal(t, name, byParity(parsed.Kid))
		}
	}
	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 7*19, st.Records)
	require.EqualValues(t, 7, st.Tombstones)
}

// TestInvalidStoresNothing: not even in the region whose part was right.
func TestInvalidStoresNothing(t *testing.T) {
	s := regions.New(map[string]store.Store{"eu": memory.New(), "us": memory.New()}, byParity)
	eu, us := storetest.Session(0, 1), storetest.Session(1, 1)
	err := s.Put(t.Context(), []store.Session{eu}, append(storetest.Records(eu, 0, 2), storetest.Records(us, 0, 2)...))
	require.ErrorIs(t, err, store.ErrInvalid)
	require.Empty(t, storetest.Read(t, s))

	require.NoError(t, s.Put(t.Context(), []store.Session{eu, us}, nil))
	require.NoError(t, s.Put(t.Context(), nil, append(storetest.Records(eu, 0, 2), storetest.Records(us, 0, 2)...)), "sessions put earlier count")
}

// TestOneRegionDown: only calls that touch it fail, and what has no region is stored nowhere.
func TestOneRegionDown(t *testing.T) {
	up, down := memory.New(), memory.New()
	s := regions.New(map[string]store.Store{"eu": up, "us": down}, func(kid token.Kid) string {
		if kid == 9 {
			return "mars"
		}
		return byParity(kid)
	})
	eu, us, mars := storetest.Session(0, 1), storetest.Session(1, 1), storetest.Session(9, 1)
	require.NoError(t, down.Close())
	require.NoError(t, s.Put(t.Context(), []store.Session{eu}, storetest.Records(eu, 0, 5)))
	for name, err := range map[string]error{
		"down":       s.Put(t.Context(), []store.Session{us}, storetest.Records(us, 0, 5)),
		"both":       s.Put(t.Context(), []store.Session{eu, us}, append(storetest.Records(eu, 5, 5), storetest.Records(us, 0, 5)...)),
		"no region":  s.Put(t.Context(), []store.Session{mars}, storetest.Records(mars, 0, 5)),
		"one is not": s.Put(t.Context(), []store.Session{eu, mars}, append(storetest.Records(eu, 10, 5), storetest.Records(mars, 0, 5)...)),
	} {
		require.ErrorIs(t, err, store.ErrUnavailable, name)
	}
	_, _, err := s.Get(t.Context(), storetest.Record(us, 1).Token)
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.ErrorContains(t, err, "us")
	_, _, err = s.Get(t.Context(), storetest.Record(eu, 1).Token)
	require.NoError(t, err)
	n, err := s.DeleteExpired(t.Context(), storetest.Epoch(1))
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.Equal(t, 10, n, "the region that is up is kept clean")
}
