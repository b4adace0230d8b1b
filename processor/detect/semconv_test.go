package detect

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// registry is the package of the semantic conventions whose keys the tables account for.
const registry = "go.opentelemetry.io/otel/semconv/v1.43.0"

// registryKeys returns the attribute keys of the conventions, from the source of the package.
func registryKeys(t *testing.T) []string {
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", registry).Output()
	if err != nil {
		t.Skip("the source of the conventions is not at hand")
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "attribute_group.go"), nil, 0)
	require.NoError(t, err)
	var keys []string
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 {
			return true
		}
		if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Key" {
			if arg, ok := call.Args[0].(*ast.BasicLit); ok {
				key, err := strconv.Unquote(arg.Value)
				require.NoError(t, err)
				keys = append(keys, key)
			}
		}
		return true
	})
	require.Greater(t, len(keys), 500)
	return keys
}

func TestRegistryIsAccountedFor(t *testing.T) {
	for _, key := range registryKeys(t) {
		_, listed := semconvKinds[key]
		for i := range len(key) {
			if key[i] == '.' && !listed {
				_, listed = semconvKinds[key[:i+1]]
			}
		}
		require.True(t, listed, "%s is in no table", key)
	}
}

func TestTablesOfConventions(t *testing.T) {
	require.True(t, slices.IsSorted(semconvStructural))
	require.True(t, slices.IsSorted(semconvOpen))
	seen := map[string]bool{}
	for _, key := range slices.Concat(semconvStructural, semconvOpen, slices.Collect(maps.Keys(semconvPersonal))) {
		require.False(t, seen[key], "%s is in two tables", key)
		seen[key] = true
	}
}

func TestConventions(t *testing.T) {
	d := testDetector(t)
	strict, err := New(Settings{Structural: true})
	require.NoError(t, err)
	for _, name := range []string{"k8s.pod.name", "k8s.pod.ip", "k8s.volume.name", "service.name", "service.peer.name", "telemetry.sdk.name", "http.route", "messaging.kafka.offset", "container.id", "cloud.account.id", "gcp.gce.instance.name", "tls.cipher", "user_agent.name"} {
		require.True(t, d.Key(name).Structural(), name)
		require.True(t, d.Key(name).Passes("203.0.113.7"), name)
		require.False(t, strict.Key(name).Structural(), name)
		require.False(t, strict.Key(name).Passes("203.0.113.7"), name)
		require.Empty(t, d.Find(NewScratch(), d.Key(name), "203.0.113.7"), name)
		require.Len(t, strict.Find(NewScratch(), strict.Key(name), "203.0.113.7"), 1, name)
	}
	for _, name := range []string{
		"url.full", "url.query", "url.path", "db.query.text", "exception.message", "exception.stacktrace", "http.request.header.x-user", "k8s.pod.label.owner", "k8s.pod.annotation.contact", "k8s.namespace.label.team", "log.record.original",
		"container.command_line", "process.command_args", "messaging.destination.name", "messaging.kafka.message.key", "host.name", "server.address", "user_agent.original", "process.environment_variable.USER", "aws.s3.key", "db.query.parameter.x", "cicd.worker.url.full",
	} {
		require.False(t, d.Key(name).Structural(), name)
		require.False(t, d.Key(name).Passes("x"), name)
	}
	for name, e := range map[string]Entity{"client.address": IPAddress, "user.id": UserID, "enduser.id": UserID, "user.full_name": PersonName, "file.owner.name": Username, "http.request.header.cookie": Cookie, "http.request.header.authorization": HTTPAuthorization, "process.environment_variable.DB_PASSWORD": Password} {
		require.Equal(t, e, d.Key(name).Entity(), name)
		require.Equal(t, e, strict.Key(name).Entity(), name)
	}
}

// The key of a trace that says it is made up, too, names one: quiet, which is no entity of the Detector.
func TestTracesThatAreMadeUp(t *testing.T) {
	for name, text := range map[string]string{
		"a pair":   "sample_traceparent=0af7651916cd43dd8448eb211c80319c",
		"json":     `{"example_tracestate":"0af7651916cd43dd8448eb211c80319c","fake_x-request-id":"4111111111111111"}`,
		"a header": "non-traceparent: 0af7651916cd43dd8448eb211c80319c",
		"a call":   `set("mock_traceparent", "0af7651916cd43dd8448eb211c80319c")`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, d := range []*Detector{testDetector(t), plainDetector(t)} {
				require.Empty(t, d.Find(NewScratch(), Key{}, text))
				checkLaws(t, d, NewScratch(), "", text)
			}
		})
	}
}
