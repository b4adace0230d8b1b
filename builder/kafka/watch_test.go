package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const repo = "../.."

// metric finds the names of metrics in an expression, without what a histogram appends.
var metric = regexp.MustCompile(`otelcol_[a-z_]+`)

// panel is what Grafana calls one.
type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	GridPos     struct{ H, W, X, Y int }
	Targets     []struct {
		RefID string `json:"refId"`
		Expr  string `json:"expr"`
	} `json:"targets"`
	Panels []panel `json:"panels"`
}

type dashboard struct {
	UID           string  `json:"uid"`
	SchemaVersion int     `json:"schemaVersion"`
	Panels        []panel `json:"panels"`
	Templating    struct {
		List []struct{ Name, Type, Definition string } `json:"list"`
	} `json:"templating"`
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repo, "config", "grafana", "kafka.json"))
	require.NoError(t, err)
	var d dashboard
	require.NoError(t, json.Unmarshal(content, &d))
	return d
}

type alert struct {
	Alert       string
	Expr        string
	For         string
	Labels      map[string]string
	Annotations map[string]string
}

func readAlerts(t *testing.T) []alert {
	t.Helper()
	f, err := os.Open(filepath.Join(repo, "config", "alerts", "kafka.yaml"))
	require.NoError(t, err)
	defer f.Close()
	var rules struct {
		Groups []struct {
			Name  string
			Rules []alert
		}
	}
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	require.NoError(t, d.Decode(&rules))
	require.Len(t, rules.Groups, 1)
	require.NotEmpty(t, rules.Groups[0].Name)
	return rules.Groups[0].Rules
}

// watched are the expressions of the dashboard and the alerts, by what shows them.
func watched(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	d := readDashboard(t)
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			out["panel "+p.Title] = append(out["panel "+p.Title], target.Expr)
		}
	}
	for _, v := range d.Templating.List {
		if v.Definition != "" {
			out["variable "+v.Name] = []string{v.Definition}
		}
	}
	for _, a := range readAlerts(t) {
		out["alert "+a.Alert] = []string{a.Expr}
	}
	return out
}

// named are the metrics in those expressions, with who names them.
func named(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for where, exprs := range watched(t) {
		for _, expr := range exprs {
			for _, name := range metric.FindAllString(expr, -1) {
				out[name] = where
			}
		}
	}
	return out
}

func TestDashboard(t *testing.T) {
	d := readDashboard(t)
	require.NotEmpty(t, d.UID)
	require.GreaterOrEqual(t, d.SchemaVersion, 39)
	require.Equal(t, "datasource", d.Templating.List[0].Type)
	ids, cells := map[int]string{}, map[[2]int]string{}
	for _, p := range d.Panels {
		require.NotContains(t, ids, p.ID, p.Title)
		ids[p.ID] = p.Title
		require.Empty(t, p.Panels, "%s is collapsed", p.Title)
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				require.Less(t, x, 24, p.Title)
				require.Empty(t, cells[[2]int{x, y}], "%s stands on it", p.Title)
				cells[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		require.NotEmpty(t, p.Description, p.Title)
		require.NotEmpty(t, p.Targets, p.Title)
		for _, target := range p.Targets {
			require.Regexp(t, metric, target.Expr, p.Title)
		}
	}
}

func TestAlerts(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join(repo, "docs", "kafka.md"))
	require.NoError(t, err)
	names := map[string]bool{}
	for _, a := range readAlerts(t) {
		t.Run(a.Alert, func(t *testing.T) {
			require.Regexp(t, `^CloakroomKafka[A-Z][A-Za-z]+$`, a.Alert)
			require.False(t, names[a.Alert], "twice")
			names[a.Alert] = true
			require.Regexp(t, metric, a.Expr)
			require.Equal(t, strings.Count(a.Expr, "("), strings.Count(a.Expr, ")"))
			if a.For != "" {
				_, err := time.ParseDuration(a.For)
				require.NoError(t, err)
			}
			require.Contains(t, []string{"warning", "critical"}, a.Labels["severity"])
			require.ElementsMatch(t, []string{"summary", "description", "runbook_url"}, slices.Collect(maps.Keys(a.Annotations)))
			_, anchor, _ := strings.Cut(a.Annotations["runbook_url"], "/docs/kafka.md#")
			require.NotEmpty(t, anchor)
			require.Regexp(t, `(?im)^#+ `+regexp.QuoteMeta(strings.ReplaceAll(anchor, "-", " "))+`$`, string(guide))
			// A label in a text must be one that the expression leaves.
			for _, label := range regexp.MustCompile(`\$labels\.(\w+)`).FindAllStringSubmatch(a.Annotations["summary"], -1) {
				require.Regexp(t, `by \([^)]*\b`+label[1]+`\b[^)]*\)`, a.Expr)
			}
		})
	}
	require.GreaterOrEqual(t, len(names), 5)
}

// TestWatchedMetrics: every metric that is named is declared by a component; TestServiceWatchedMetrics sees it exported.
func TestWatchedMetrics(t *testing.T) {
	names := declared(t)
	for name, where := range named(t) {
		require.Contains(t, names, strings.TrimSuffix(name, "_bucket"), "%s names it", where)
	}
}

// declared are the metrics of the components, as Prometheus has them.
func declared(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, component := range []string{"receiver/kafkastream", "exporter/kafkastream", "processor/tokenization", "vault/extension"} {
		content, err := os.ReadFile(filepath.Join(repo, component, "metadata.yaml"))
		require.NoError(t, err)
		var m struct {
			Telemetry struct{ Metrics map[string]any }
		}
		require.NoError(t, yaml.Unmarshal(content, &m))
		for name := range m.Telemetry.Metrics {
			out = append(out, "otelcol_"+name)
		}
	}
	return out
}
