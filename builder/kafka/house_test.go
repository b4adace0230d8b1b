package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/builder/demo"
)

// TestOneHouseInADirectory: a second demonstration leaves the data of one that runs alone.
func TestOneHouseInADirectory(t *testing.T) {
	s := settings{data: filepath.Join(t.TempDir(), "data", "kafka")}
	first := &house{settings: s}
	require.NoError(t, first.claim())
	data := first.path("broker", "topic")
	require.NoError(t, os.MkdirAll(filepath.Dir(data), 0o700))
	require.NoError(t, os.WriteFile(data, []byte("records"), 0o600))

	err := run(t.Context(), s, demo.NewScreen(os.Stdout))
	require.ErrorContains(t, err, s.data+" is in use by another `make kafka`")
	require.ErrorContains(t, err, "-data DIR")
	require.FileExists(t, data)

	other := &house{settings: settings{data: t.TempDir()}}
	require.NoError(t, other.claim())
	require.NoError(t, other.stop())

	require.NoError(t, first.stop())
	next := &house{settings: s}
	require.NoError(t, next.claim(), "the first has ended")
	require.NoError(t, next.stop())
}
