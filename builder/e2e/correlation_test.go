package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// untouched are the fields of OTLP/JSON that carry correlation, order or measurement: never altered.
var untouched = []string{
	"traceId", "spanId", "parentSpanId", "traceState", "flags", "kind", "startTimeUnixNano", "endTimeUnixNano", "timeUnixNano", "observedTimeUnixNano",
	"severityNumber", "count", "sum", "asDouble", "asInt", "bucketCounts", "explicitBounds", "quantile", "aggregationTemporality", "isMonotonic", "code",
}

var wholeToken = regexp.MustCompile(`^tkt_([a-z]{2,16})_[a-z]{5}_[a-z]{33}$`)

// TestSampleCorrelates sends the sample through the built collector twice. After the first pass everything but hidden
// values is as it was, and equal values have equal tokens; the second pass, over the first one's output, changes nothing.
func TestSampleCorrelates(t *testing.T) {
	r := prepare(t, "")
	r.start()
	tokens := map[string]string{} // class and value -> token
	for signal, normalize := range map[string]func([]byte) ([]byte, error){
		"traces":  normalizeTraces,
		"logs":    normalizeLogs,
		"metrics": normalizeMetrics,
	} {
		t.Run(signal, func(t *testing.T) {
			sample, err := os.ReadFile(filepath.Join(repo, "testdata", "telemetry", signal+".json"))
			require.NoError(t, err)
			input, err := normalize(sample)
			require.NoError(t, err)
			post(t, r, signal, input)
			first := strings.TrimSpace(r.waitOutput(signal, 1))
			post(t, r, signal, []byte(first))
			both := strings.Split(strings.TrimSpace(r.waitOutput(signal, 2)), "\n")
			require.Equal(t, first, both[1], "a second pass must change nothing")

			var before, after any
			require.NoError(t, json.Unmarshal(input, &before))
			require.NoError(t, json.Unmarshal([]byte(first), &after))
			require.Positive(t, compare(t, tokens, signal, "", before, after), "nothing was tokenized")
		})
	}
}

func post(t *testing.T, r *running, signal string, body []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.http+"/v1/"+signal, strings.NewReader(string(body)))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

// compare walks two JSON trees and returns how many strings were altered. It fails where anything else differs.
func compare(t *testing.T, tokens map[string]string, path, field string, before, after any) int {
	t.Helper()
	switch b := before.(type) {
	case map[string]any:
		a, ok := after.(map[string]any)
		require.True(t, ok, path)
		if n, isInt := b["intValue"].(string); isInt && a["intValue"] == nil {
			return compare(t, tokens, path, "stringValue", n, a["stringValue"])
		}
		require.Len(t, a, len(b), path)
		altered := 0
		for k, v := range b {
			altered += compare(t, tokens, path+"."+k, k, v, a[k])
		}
		return altered
	case []any:
		a, ok := after.([]any)
		require.True(t, ok, path)
		require.Len(t, a, len(b), path)
		altered := 0
		for i := range b {
			altered += compare(t, tokens, path, field, b[i], a[i])
		}
		return altered
	case string:
		if before == after {
			return 0
		}
		a, ok := after.(string)
		require.True(t, ok, path)
		require.NotContains(t, untouched, field, path)
		if field == "bytesValue" {
			plain, err := base64.StdEncoding.DecodeString(a)
			require.NoError(t, err, path)
			a = string(plain)
		}
		require.Contains(t, a, "tkt_", "%s was altered, and not by a token", path)
		if m := wholeToken.FindStringSubmatch(a); m != nil {
			value := m[1] + " " + strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(b))
			if seen, again := tokens[value]; again {
				require.Equal(t, seen, a, "%s: one value, two tokens", path)
			}
			tokens[value] = a
		}
		return 1
	default:
		require.Equal(t, before, after, path)
		return 0
	}
}

func normalizeTraces(in []byte) ([]byte, error) {
	data, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(in)
	if err != nil {
		return nil, err
	}
	return (&ptrace.JSONMarshaler{}).MarshalTraces(data)
}

func normalizeLogs(in []byte) ([]byte, error) {
	data, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(in)
	if err != nil {
		return nil, err
	}
	return (&plog.JSONMarshaler{}).MarshalLogs(data)
}

func normalizeMetrics(in []byte) ([]byte, error) {
	data, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(in)
	if err != nil {
		return nil, err
	}
	return (&pmetric.JSONMarshaler{}).MarshalMetrics(data)
}

// TestCorpusAccuracy holds the detector to its promise on the corpus: precision and recall of the pattern entities.
func TestCorpusAccuracy(t *testing.T) {
	for _, half := range []string{"dev", "heldout"} {
		t.Run(half, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(repo, "testdata", "corpus", half, "*.jsonl"))
			require.NoError(t, err)
			lines := 0
			for _, file := range files {
				content, err := os.ReadFile(file)
				require.NoError(t, err)
				lines += strings.Count(string(content), "\n")
			}
			require.GreaterOrEqual(t, lines, 10_000)
			r := prepare(t, "")
			stdout, stderr, code := r.run("", slices.Concat([]string{"eval", "--min-precision", "0.995", "--min-recall", "0.985", "--min-cases", "0.985", "--max-false-cases", "0.005"}, files)...)
			require.Zero(t, code, "%s\n%s", stdout, stderr)
			t.Log("\n" + stdout)
		})
	}
}
