package pebble_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
)

func TestStore(t *testing.T) {
	dirs := map[store.Store]string{}
	storetest.Run(t, storetest.Opener{
		New: func(t *testing.T) store.Store {
			dir := t.TempDir()
			s := open(t, dir, pebble.Options{})
			dirs[s] = dir
			return s
		},
		Reopen: func(t *testing.T, closed store.Store) store.Store {
			return open(t, dirs[closed], pebble.Options{})
		},
	})
}

func open(t testing.TB, dir string, o pebble.Options) *pebble.Store {
	t.Helper()
	s, err := pebble.Open(dir, o)
	require.NoError(t, err)
	return s
}

func TestOneOwner(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, pebble.Options{})
	_, err := pebble.Open(dir, pebble.Options{})
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.ErrorContains(t, err, "in use")
	require.NoError(t, s.Close())
	s = open(t, dir, pebble.Options{})
	require.NoError(t, s.Close())
}
