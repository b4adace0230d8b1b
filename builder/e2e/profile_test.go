package e2e

import (
	"debug/buildinfo"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBuiltWithTheProfile checks that go build, without any option, has used the profile beside the main package.
func TestBuiltWithTheProfile(t *testing.T) {
	for _, binary := range []string{collector, cli} {
		info, err := buildinfo.ReadFile(binary)
		require.NoError(t, err)
		settings := map[string]string{}
		for _, s := range info.Settings {
			settings[s.Key] = filepath.Base(s.Value)
		}
		require.Equal(t, "default.pgo", settings["-pgo"], binary)
	}
}
