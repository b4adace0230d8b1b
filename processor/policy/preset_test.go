package policy

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/cloakroom/cloakroom/config/policies"
	"github.com/cloakroom/cloakroom/processor/detect"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestPresetsCompile(t *testing.T) {
	require.Equal(t, []string{"default", "gdpr", "hipaa", "pci", "secrets_only", "strict"}, policies.Names())
	for _, name := range policies.Names() {
		t.Run(name, func(t *testing.T) {
			f, err := ReadFile(name)
			require.NoError(t, err)
			require.NotEmpty(t, f.Description)
			_, err = Config{Presets: []string{name}}.Compile(nil)
			require.NoError(t, err)
			text, _ := policies.Read(name)
			require.True(t, strings.HasPrefix(string(text), "# "+name+": for "), "the file says for whom it is")
		})
	}
	_, err := Config{Presets: []string{"pci", "gdpr"}}.Compile(nil)
	require.NoError(t, err)
}

func TestOnlyStrictLooksIntoStructuralKeys(t *testing.T) {
	for _, name := range policies.Names() {
		p, err := Config{Presets: []string{name}}.Compile(nil)
		require.NoError(t, err)
		for _, key := range []string{"k8s.pod.name", "service.name", "http.route"} {
			require.Equal(t, name != "strict", p.Detector().Key(key).Structural(), "%s: %s", name, key)
		}
	}
}

// TestPresetTable shows which entity gets which action under each preset. Run with -update to write it anew.
func TestPresetTable(t *testing.T) {
	names := policies.Names()
	var b strings.Builder
	fmt.Fprintf(&b, "%-28s", "")
	for _, n := range names {
		fmt.Fprintf(&b, " %-15s", n)
	}
	b.WriteString("\n")
	views := make([]*View, len(names))
	for i, n := range names {
		p, err := Config{Presets: []string{n}}.Compile(nil)
		require.NoError(t, err)
		views[i] = p.View(context.Background(), pcommon.NewResource())
	}
	row := func(label string, f detect.Finding) {
		fmt.Fprintf(&b, "%-28s", label)
		for _, v := range views {
			fmt.Fprintf(&b, " %-15s", short(v.Decide(Logs, "", &f, "")))
		}
		b.WriteString("\n")
	}
	for e, info := range detect.Builtins() {
		switch detect.Entity(e) {
		case detect.None:
		case detect.IPAddress:
			for r := detect.Public; r <= detect.SharedCGNAT; r++ {
				row("ip_address "+r.String(), detect.Finding{Entity: detect.IPAddress, Range: r, KeyStart: -1})
			}
		default:
			row(info.Name, detect.Finding{Entity: detect.Entity(e), KeyStart: -1})
		}
	}
	got := trimLines(b.String())
	const golden = "testdata/presets.txt"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func short(d *Decision) string {
	s := d.Action.String()
	if d.Action == Tokenize && d.Kind != Deterministic {
		s = d.Kind.String()
	}
	if d.Keep != KeepNone {
		s += "+" + d.Keep.String()
	}
	return s
}

func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
