package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/builder/demo"
)

const root = "../.."

// binDir is where binaries built to; "" when no test asked.
var binDir string

// binaries builds the collector and the CLI once per run of the tests; the build cache makes that cheap.
var binaries = sync.OnceValues(func() (dir string, err error) {
	dir, err = os.MkdirTemp("", "quickstart")
	binDir = dir
	for name, pkg := range map[string]string{"collector": "./builder/collector", "cli": "./builder/cloakroom"} {
		if err == nil {
			cmd := exec.Command("go", "build", "-o", filepath.Join(dir, name), pkg)
			cmd.Dir, cmd.Stderr = root, os.Stderr
			err = cmd.Run()
		}
	}
	return dir, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if binDir != "" {
		_ = os.RemoveAll(binDir)
	}
	os.Exit(code)
}

// genuine is a settings with the built binaries, free ports and the quickstart's configuration changed by the replacements.
func genuine(t *testing.T, replace ...string) settings {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and starts the collector")
	}
	dir, err := binaries()
	require.NoError(t, err)
	s := fake(t, "")
	s.collector, s.cli = filepath.Join(dir, "collector"), filepath.Join(dir, "cli")
	if len(replace) > 0 {
		config, err := os.ReadFile(s.config)
		require.NoError(t, err)
		changed := strings.NewReplacer(replace...).Replace(string(config))
		require.NotEqual(t, string(config), changed)
		s.config = filepath.Join(t.TempDir(), "config.yaml")
		require.NoError(t, os.WriteFile(s.config, []byte(changed), 0o600))
	}
	return s
}

func content(t *testing.T, out *demo.Screen) string {
	t.Helper()
	b, err := os.ReadFile(out.File().Name())
	require.NoError(t, err)
	return string(b)
}

func TestOnce(t *testing.T) {
	s, out := genuine(t), silent(t)
	s.once = true
	require.NoError(t, run(t.Context(), s, out))
	text := content(t, out)
	for _, want := range []string{
		"tkt_email_", "tkt_iban_", "tkt_card_", "Values found", "payment_card", "One customer across signals",
		"trace 7c1f0e9ab52d4c3388e1d6f40b9a2175", "reveal --purpose", "maria.sander@example.com", purpose, "--last 1",
		"none of them in plain", s.grpc, s.http,
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "\x1b[", "colors go to terminals only")
	for line := range strings.Lines(text) {
		require.Equal(t, strings.TrimRight(line, " \n")+"\n", line, "no trailing spaces")
	}
	log, err := os.ReadFile(filepath.Join(s.data, "collector.log"))
	require.NoError(t, err)
	require.NotContains(t, string(log), "deprecated")

	t.Run("again in the same directory", func(t *testing.T) {
		again := silent(t)
		require.NoError(t, run(t.Context(), s, again))
		start := strings.Index(text, "tkt_email_")
		require.Contains(t, content(t, again), text[start:start+len("tkt_email_bdfgh_")+33], "the vault stays, so the tokens do")
		require.Equal(t, 1, strings.Count(content(t, again), "reveal ok"), "the record of this reveal, none of an earlier one")
	})
}

// The check has to find what the policy lets through.
func TestOnceFailsOnALeak(t *testing.T) {
	s, out := genuine(t, "presets: [default]", "presets: [default]\n    rules: [{entities: [iban], action: keep}]"), silent(t)
	s.once = true
	require.ErrorContains(t, run(t.Context(), s, out), "in plain")
	require.Contains(t, content(t, out), "LEAK  iban in plain in "+filepath.Join(s.data, "out", "traces.jsonl")+": IE29")
}

func TestServesUntilStopped(t *testing.T) {
	s, out := genuine(t), silent(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, s, out) }()
	require.Eventually(t, func() bool { return strings.Contains(content(t, out), "Serving") }, time.Minute, 50*time.Millisecond)
	conn, err := net.Dial("tcp", s.grpc)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	stop()
	require.NoError(t, <-ended)
	l, err := net.Listen("tcp", s.grpc)
	require.NoError(t, err, "the collector is still there")
	require.NoError(t, l.Close())
}

// A leak is told at once; the collector serves all the same, and the exit code remembers.
func TestServesDespiteALeak(t *testing.T) {
	s, out := genuine(t, "presets: [default]", "presets: [default]\n    rules: [{entities: [email], action: keep}]"), silent(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, s, out) }()
	require.Eventually(t, func() bool { return strings.Contains(content(t, out), "Serving") }, time.Minute, 50*time.Millisecond)
	require.Contains(t, content(t, out), "LEAK  email in plain")
	conn, err := net.Dial("tcp", s.grpc)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	stop()
	require.ErrorContains(t, <-ended, "in plain")
}
