package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fleetWalk is the chapter of the documentation whose blocks are one walk: they run in one shell, in their order.
const fleetWalk = "From one machine to a fleet"

// onPostgres is the part of it that needs a database.
const onPostgres = "On PostgreSQL"

// savedAs is where a block of YAML goes, as its first line says.
var savedAs = regexp.MustCompile(`^# \S+, saved as (\S+)`)

// walkScript is the walk as one script. Files of the walk are written where their blocks stand.
func walkScript(t *testing.T, withDatabase bool) string {
	t.Helper()
	var script strings.Builder
	for _, b := range blocks(t, "sh", "yaml") {
		if b.chapter != fleetWalk || b.section == onPostgres && !withDatabase {
			continue
		}
		fmt.Fprintf(&script, "echo '== %s'\n", b.name())
		m := savedAs.FindStringSubmatch(b.body)
		switch {
		case m != nil:
			fmt.Fprintf(&script, "cat > %s <<'END'\n%sEND\n", m[1], b.body)
		case b.lang == "sh":
			script.WriteString(b.body)
		}
	}
	return script.String()
}

// ports are those the walk names, and those of config/agent.yaml.
var ports = regexp.MustCompile(`\b(4317|4318|4327|4328|4337|4338|5317|7443|7444|7445|8888|8898|8908|13133|13143|13153)\b`)

// runWalk runs the walk on ports of its own, and ends what it started.
func runWalk(t *testing.T, database, password string) {
	t.Helper()
	dir := quickstartFolder(t)
	own := map[string]string{}
	port := func(documented string) string {
		if own[documented] == "" {
			_, own[documented], _ = net.SplitHostPort(freePorts(t, 1)[0])
		}
		return own[documented]
	}
	script := ports.ReplaceAllStringFunc(walkScript(t, database != ""), port)
	require.Contains(t, script, "vault serve", "the walk is where it was")
	script = "set -euo pipefail; trap 'kill $(jobs -p) 2> /dev/null || true; wait || true' EXIT\n" + script
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DATABASE="+database,
		"CLOAKROOM_GRPC=127.0.0.1:"+port("4317"), "CLOAKROOM_HTTP=127.0.0.1:"+port("4318"),
		"CLOAKROOM_HEALTH=127.0.0.1:"+port("13133"), "CLOAKROOM_METRICS_PORT="+port("8888"))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "data", "walk"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "walk", "password"), []byte(password), 0o600))
	out, err := cmd.CombinedOutput()
	if err != nil {
		logs, _ := filepath.Glob(filepath.Join(dir, "data", "walk", "*.log"))
		for _, log := range logs {
			content, _ := os.ReadFile(log)
			t.Logf("%s:\n%s", filepath.Base(log), content)
		}
	}
	require.NoError(t, err, "%s", out)
	t.Logf("%s", out)
}

// TestDocumentedFleet takes the walk but for its part on PostgreSQL.
func TestDocumentedFleet(t *testing.T) { runWalk(t, "", "") }
