package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"
)

// TestProfiles checks what is committed: one profile twice, and nothing of the machine it was taken on.
func TestProfiles(t *testing.T) {
	var all [][]byte
	for _, path := range profiles {
		data, err := os.ReadFile(filepath.Join("..", "..", path))
		require.NoError(t, err)
		p, err := profile.ParseData(data)
		require.NoError(t, err)
		require.Empty(t, p.Mapping)
		require.Empty(t, p.Comments)
		for _, f := range p.Function {
			require.Empty(t, f.Filename)
			require.Regexp(t, ours, f.Name)
		}
		all = append(all, data)
	}
	require.Equal(t, all[0], all[1])
}
