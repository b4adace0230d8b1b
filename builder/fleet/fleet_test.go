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
	dir, err := os.MkdirTemp("", "ckfleet")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := settings{
		collector: filepath.Join(dir, "otelcol-cloakroom"), cli: filepath.Join(dir, "cloakroom"), config: "../../config/agent.yaml",
		data: filepath.Join(dir, "data"), cache: "../../.tools/postgres", once: true, patience: 60 * time.Second,
	}
	for _, p := range []*string{&s.config, &s.cache} {
		*p, err = filepath.Abs(*p)
		require.NoError(t, err)
	}
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

// TestServiceFleet runs what `make fleet ONCE=1` runs, and then again with a policy that keeps addresses: the
// demonstration must notice what does not hold.
func TestServiceFleet(t *testing.T) {
	s := build(t)
	out, err := shown(t, s)
	require.NoError(t, err, out)
	require.NotContains(t, out, "NOT SO")
	for _, want := range []string{"1 token for the customer", "may not see cards", "strangers are turned away", "nothing was lost", "looked for 8 values"} {
		require.Contains(t, out, want)
	}

	config, err := os.ReadFile(s.config)
	require.NoError(t, err)
	leaky := strings.Replace(string(config), "presets: [default]", "presets: [default]\n    rules: [{entities: [payment_card], action: keep}]", 1)
	require.NotEqual(t, string(config), leaky)
	s.config = filepath.Join(t.TempDir(), "agent.yaml")
	require.NoError(t, os.WriteFile(s.config, []byte(leaky), 0o600))
	out, err = shown(t, s)
	require.ErrorContains(t, err, "did not hold", out)
	require.Contains(t, out, "NOT SO")
	require.Contains(t, out, "in plain in the backend")
}
