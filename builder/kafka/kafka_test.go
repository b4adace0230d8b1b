//go:build services

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/builder/demo"
)

// build builds the binaries that the demonstration starts.
func build(t *testing.T) settings {
	t.Helper()
	// A unix socket path holds about 100 bytes.
	dir, err := os.MkdirTemp("", "ckkafka")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := settings{
		collector: filepath.Join(dir, "otelcol-cloakroom"), cli: filepath.Join(dir, "cloakroom"),
		data: filepath.Join(dir, "data"), once: true, patience: 2 * time.Minute,
	}
	s.config, err = filepath.Abs("../../config/kafka.yaml")
	require.NoError(t, err)
	for out, pkg := range map[string]string{s.collector: "collector", s.cli: "cloakroom"} {
		cmd := exec.Command("go", "build", "-o", out, "../"+pkg)
		text, err := cmd.CombinedOutput()
		require.NoError(t, err, string(text))
	}
	return s
}

func shown(t *testing.T, s settings) (string, error) {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "screen")
	require.NoError(t, err)
	defer f.Close()
	fault := run(t.Context(), s, demo.NewScreen(f))
	content, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	return string(content), fault
}

// TestServiceKafka runs what `make kafka ONCE=1` runs, and then again with a policy that keeps card numbers: the
// demonstration must notice what does not hold.
func TestServiceKafka(t *testing.T) {
	s := build(t)
	out, err := shown(t, s)
	require.NoError(t, err, out)
	require.NotContains(t, out, "NOT SO")
	for _, want := range []string{
		"no record was lost", "3 dead letters, and no more", "lag: 0", "null is null, empty is empty", "in the same order: 6 partitions", "looked for 9 values",
	} {
		require.Contains(t, out, want)
	}

	config, err := os.ReadFile(s.config)
	require.NoError(t, err)
	leaky := strings.Replace(string(config), "presets: [default]", "presets: [default]\n    rules: [{entities: [payment_card], action: keep}]", 1)
	require.NotEqual(t, string(config), leaky)
	s.config = filepath.Join(t.TempDir(), "kafka.yaml")
	require.NoError(t, os.WriteFile(s.config, []byte(leaky), 0o600))
	out, err = shown(t, s)
	require.ErrorContains(t, err, "did not hold", out)
	require.Contains(t, out, "another value")
	require.Contains(t, out, "in plain in topic shop.raw.clean")
}
