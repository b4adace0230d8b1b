package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/identity/authority"
)

// TestValidateFindsEveryFault checks that `otelcol-cloakroom validate` reports all faults of a configuration at once,
// each by its YAML path.
func TestValidateFindsEveryFault(t *testing.T) {
	tests := []struct {
		name  string
		lines string
		want  []string // empty: valid
	}{
		{name: "sound", lines: "    rules: [{entities: [email], action: redact}]"},
		{name: "unknown entity", lines: "    rules: [{entities: [emial], action: redact}]", want: []string{"rules[0].entities[0]", "emial", "email"}},
		{name: "bad glob, regex and condition at once", lines: `
    patterns: [{name: broken, regex: "([", class: order}]
    rules:
      - {keys: ["user.["], action: drop}
      - {entities: [email], when: "resource.attributes[", action: keep}`, want: []string{"patterns[0].regex", "rules[0].keys[0]", "rules[1].when"}},
		{name: "random tokens on metrics", lines: "    rules: [{entities: [email], action: tokenize, kind: random}]", want: []string{"rules[0].kind", "metrics"}},
		{name: "rule that can never match", lines: `
    rules:
      - {groups: [personal], action: redact}
      - {entities: [email], action: keep}`, want: []string{"rules[1]"}},
		{name: "unknown key", lines: "    dryrun: true", want: []string{"dryrun"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := prepare(t, tt.lines)
			out, err := exec.Command(collector, "validate", "--config", r.cfg).CombinedOutput()
			if len(tt.want) == 0 {
				require.NoError(t, err, string(out))
				return
			}
			require.Error(t, err)
			for _, want := range tt.want {
				require.Contains(t, string(out), want)
			}
		})
	}
}

// TestPipelinesThatLoseRecordsAreRefused breaks config/kafka.yaml in several ways: both validate and the start say all of them.
func TestPipelinesThatLoseRecordsAreRefused(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(repo, "config", "kafka.yaml"))
	require.NoError(t, err)
	changed := string(content)
	for _, change := range [][2]string{
		{"processors:\n", "processors:\n  batch:\n"},
		{"[memory_limiter, tokenization]", "[memory_limiter, tokenization, batch]"},
		{"exporters:\n", "exporters:\n  otlp_http: {endpoint: http://127.0.0.1:4318}\n"},
		{"exporters: [kafka_stream]", "exporters: [kafka_stream, otlp_http]"},
		{`.*\.raw}`, `.*}`},
	} {
		require.Contains(t, changed, change[0])
		changed = strings.ReplaceAll(changed, change[0], change[1])
	}
	file := filepath.Join(t.TempDir(), "kafka.yaml")
	require.NoError(t, os.WriteFile(file, []byte(changed), 0o600))
	for name, args := range map[string][]string{"validate": {"validate", "--config", file}, "start": {"--config", file}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, collector, args...)
			cmd.Env = append(os.Environ(), "CLOAKROOM_DATA="+t.TempDir())
			out, err := cmd.CombinedOutput()
			require.Error(t, err)
			require.NoError(t, ctx.Err(), "it runs")
			for _, want := range []string{
				"service::pipelines::logs: processors: batch", "service::pipelines::traces: processors: batch",
				"exporters::otlp_http: sending_queue", "receivers::kafka_stream: topics_regex",
			} {
				require.Contains(t, string(out), "\n"+want)
			}
		})
	}
}

// TestShippedConfigurationsAreValid runs validate over every complete configuration the repository ships.
func TestShippedConfigurationsAreValid(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(repo, "config", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	certs := t.TempDir()
	ca, err := authority.New("test")
	require.NoError(t, err)
	require.NoError(t, ca.WriteCA(certs))
	for _, name := range []string{"agent", "gateway"} {
		pair, err := ca.Sign(authority.Request{Name: name})
		require.NoError(t, err)
		require.NoError(t, pair.Write(certs, name))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			cmd := exec.Command(collector, "validate", "--config", file)
			cmd.Dir, cmd.Env = repo, append(os.Environ(), "CLOAKROOM_DATA="+t.TempDir(), "CLOAKROOM_CERTS="+certs)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}
