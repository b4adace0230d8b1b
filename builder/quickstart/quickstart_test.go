package main

import (
	"context"
	"encoding/base64"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/cloakroom/cloakroom/vault/token"

	"github.com/cloakroom/cloakroom/builder/demo"
)

const sampleDir = "../../testdata/telemetry"

func load(t *testing.T, now time.Time) *sample {
	t.Helper()
	s, err := loadSample(sampleDir, now)
	require.NoError(t, err)
	return s
}

// A canary that is nowhere in the sample proves nothing by being nowhere in the output.
func TestEveryCanaryIsInTheSample(t *testing.T) {
	s := load(t, time.Now())
	var texts []string
	for _, records := range s.files {
		texts = append(texts, records...)
	}
	traces, err := (&ptrace.JSONMarshaler{}).MarshalTraces(s.traces)
	require.NoError(t, err)
	metrics, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(s.metrics)
	require.NoError(t, err)
	logs, err := (&plog.JSONMarshaler{}).MarshalLogs(s.logs)
	require.NoError(t, err)
	for _, data := range [][]byte{traces, metrics, logs} {
		texts = append(texts, decodedStrings(data)...)
	}
	all := strings.Join(texts, "\n")
	seen := map[canary]bool{}
	for _, c := range s.canaries {
		require.Contains(t, all, c.value, c.entity)
		require.False(t, seen[c], "%s stands twice", c.value)
		seen[c] = true
	}
}

// The customers are the same people everywhere: each followed place holds one address, in one trace.
func TestSampleTellsOneStory(t *testing.T) {
	s := load(t, time.Now())
	p := placesOfSample(s)
	for _, at := range followed[:1] {
		require.Equal(t, "maria.sander@example.com", p[at.place].value)
	}
	require.Equal(t, "maria.sander@example.com", p[followed[2].place].value)
	require.Equal(t, p[followed[0].place].trace, p[followed[2].place].trace)
	record, ok := p.find("file storefront.json.log 1")
	require.True(t, ok)
	require.Contains(t, record.value, "maria.sander@example.com")
	require.Contains(t, record.value, p[followed[0].place].trace)
	for _, line := range shown {
		was, ok := p.find(line.place)
		require.True(t, ok, line.place)
		start, _ := nextCanary(was.value, s.canaries)
		require.GreaterOrEqual(t, start, 0, "%s holds no personal value", line.place)
	}
	kinds := map[pmetric.MetricType]bool{}
	eachPoint(s.metrics, func(pt point) { kinds[pt.metric.Type()] = true })
	require.Len(t, kinds, 5, "a metric of every kind")
}

func TestShiftMakesTheNewestNow(t *testing.T) {
	early, late := time.Unix(1_800_000_000, 0), time.Unix(1_800_000_500, 0)
	a, b := load(t, early).clocks(), load(t, late).clocks()
	require.Equal(t, len(a), len(b))
	newest := time.Time{}
	for i := range a {
		if a[i].at == 0 {
			require.Zero(t, b[i].at, "a time that is not set stays so")
			continue
		}
		require.Equal(t, 500*time.Second, b[i].at.AsTime().Sub(a[i].at.AsTime()))
		if a[i].at.AsTime().After(newest) {
			newest = a[i].at.AsTime()
		}
	}
	require.True(t, newest.Equal(early))
}

func TestSplitRecords(t *testing.T) {
	require.Equal(t, []string{`{"a":1}`, `{"b":2}`}, splitRecords("x.json.log", "{\"a\":1}\n{\"b\":2}\n"))
	require.Equal(t, []string{"2026-01-01 one\n\tat x", "2026-01-02 two"}, splitRecords("x.log", "2026-01-01 one\n\tat x\n2026-01-02 two\n"))
}

func TestFindCanaries(t *testing.T) {
	secret := []canary{{"password", `a"b€c`}}
	encoded := base64.StdEncoding.EncodeToString([]byte(`x=a"b€c`))
	for _, tt := range []struct {
		name, file, content string
		leaks               int
	}{
		{"plain log", "collector.log", `value a"b€c`, 1},
		{"escaped in JSON", "out/logs.jsonl", `{"body":{"stringValue":"a\"b€c"}}`, 1},
		{"as a key", "out/logs.jsonl", `{"a\"b€c":1}`, 1},
		{"base64 of a bytes value", "out/logs.jsonl", `{"value":{"bytesValue":"` + encoded + `"}}`, 1},
		{"second line", "out/logs.jsonl", "{}\n{\"x\":\"a\\\"b€c\"}\n", 1},
		{"nothing", "out/logs.jsonl", `{"body":"tkt_password"}`, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, tt.file)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
			require.NoError(t, os.WriteFile(path, []byte(tt.content), 0o600))
			r, err := findCanaries(context.Background(), dir, secret)
			require.NoError(t, err)
			require.Len(t, r.leaks, tt.leaks)
			require.Equal(t, 1, r.files)
		})
	}
}

func tok(class string) string { return string(token.Append(nil, class, 4711, token.Identity{5}, 815)) }

func TestWindow(t *testing.T) {
	canaries := []canary{{"email", "a@example.com"}, {"phone", "+49 1512"}}
	email, phone := tok("email"), tok("phone")
	long := strings.Repeat("ä", 60)
	for _, tt := range []struct{ name, before, after, wantBefore, wantAfter string }{
		{"short", "to a@example.com\nend\r\n", "to " + email + "\nend\r\n", `to [a@example.com]\nend`, `to [` + email + `]\nend`},
		{
			"cut on both sides", long + "a@example.com" + long, long + email + long,
			"…" + long[:2*18] + "[a@example.com]" + long[:2*8] + "…", "…" + long[:2*18] + "[" + email + "]" + long[:2*8] + "…",
		},
		{
			"before at a word", strings.Repeat("x", 60) + " mail to <a@example.com>", strings.Repeat("x", 60) + " mail to <" + email + ">",
			"…mail to <[a@example.com]>", "…mail to <[" + email + "]>",
		},
		{
			"the second token cut, its value whole", "a@example.com, phone +49 1512.", email + ", phone " + phone + ".",
			"[a@example.com], phone [+49 1512]…", "[" + email + "], phone [" + phone[:19] + "]…",
		},
		{"nothing hidden", "to a@example.com", "to a@example.com", "to [a@example.com]", "to [a@example.com]"},
		{"altered elsewhere", "to a@example.com now", "to " + email + " later", "to [a@example.com] now", "to " + email + " later"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			was, is := compare(tt.before, tt.after, canaries)
			before, after := window(was, is, 80-3)
			require.Equal(t, tt.wantBefore, marked(before))
			require.Equal(t, tt.wantAfter, marked(after))
		})
	}
}

// marked joins pieces, the values in brackets.
func marked(line []piece) string {
	var b strings.Builder
	for _, p := range line {
		if p.value {
			p.text = "[" + p.text + "]"
		}
		b.WriteString(p.text)
	}
	return b.String()
}

func TestPainted(t *testing.T) {
	line := []piece{{"to ", false}, {"VALUE", true}, {" ", false}}
	require.Equal(t, "to VALUE", painted(silent(t), line, demo.Green))
	require.Equal(t, "to \x1b[32mVALUE\x1b[0m", painted(demo.Painted(os.Stdout), line, demo.Green))
}

func TestNextCanaryTakesTheLongest(t *testing.T) {
	c := []canary{{"phone", "+49 15"}, {"phone", "+49 1512"}, {"email", "a@b.c"}}
	start, end := nextCanary("x +49 1512 a@b.c", c)
	require.Equal(t, []int{2, 10}, []int{start, end})
	start, _ = nextCanary("nothing", c)
	require.Equal(t, -1, start)
}

func TestCountFound(t *testing.T) {
	page := strings.Join([]string{
		`# TYPE otelcol_processor_tokenization_values_found_total counter`,
		`otelcol_processor_tokenization_values_found_total{action="tokenize",entity="email",signal="logs",otel_scope_name="x"} 3`,
		`otelcol_processor_tokenization_values_found_total{action="tokenize",entity="email",signal="traces"} 2`,
		`otelcol_processor_tokenization_values_found_total{action="keep",entity="ip_address",signal="logs"} 9`,
		`otelcol_processor_tokenization_tokens_minted_total{entity="email"} 70`,
		`otelcol_processor_tokenization_values_found_total{action="keep",entity="jwt",signal="logs"} 0`,
	}, "\n")
	require.Equal(t, []found{{entity: "email", hidden: 5, tokens: 2}, {entity: "ip_address", kept: 9}}, countFound(page, map[string]int{"email": 2}))
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name            string
		args            []string
		terminal        bool
		once, byDefault bool
	}{
		{"at a terminal it serves", nil, true, false, false},
		{"without one it runs once and says so", nil, false, true, true},
		{"asked for", []string{"-once"}, true, true, false},
		{"serving without a terminal", []string{"-once=false"}, false, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parse(tt.args, tt.terminal)
			require.NoError(t, err)
			require.Equal(t, tt.once, s.once)
			require.Equal(t, tt.byDefault, s.onceIsByDefault)
		})
	}
}

// fake is a settings with an executable script in the place of both binaries and free ports.
func fake(t *testing.T, script string) settings {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "binary")
	require.NoError(t, os.WriteFile(binary, []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	s := settings{collector: binary, cli: binary, config: "../../config/quickstart.yaml", sample: sampleDir, data: filepath.Join(dir, "run"), patience: 10 * time.Second}
	for _, endpoint := range []*string{&s.grpc, &s.http, &s.health, &s.metrics} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		*endpoint = l.Addr().String()
		defer l.Close()
	}
	return s
}

func silent(t *testing.T) *demo.Screen {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "screen")
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return demo.NewScreen(f)
}

func TestFaultsSayWhatToDo(t *testing.T) {
	t.Run("binary not built", func(t *testing.T) {
		s := fake(t, "exit 0")
		s.collector = "bin/nothing"
		require.ErrorContains(t, run(t.Context(), s, silent(t)), "make build")
	})
	t.Run("port in use", func(t *testing.T) {
		s := fake(t, "exit 0")
		l, err := net.Listen("tcp", s.http)
		require.NoError(t, err)
		defer l.Close()
		err = run(t.Context(), s, silent(t))
		require.ErrorContains(t, err, s.http)
		require.ErrorContains(t, err, "-http")
	})
	t.Run("configuration elsewhere", func(t *testing.T) {
		s := fake(t, "exit 0")
		s.config = "nowhere.yaml"
		require.ErrorContains(t, run(t.Context(), s, silent(t)), "-config")
	})
	t.Run("collector ends early", func(t *testing.T) {
		s := fake(t, "echo 'Error: bad configuration' >&2; exit 1")
		err := run(t.Context(), s, silent(t))
		require.ErrorContains(t, err, "ended by itself")
		require.ErrorContains(t, err, "Error: bad configuration")
		require.ErrorContains(t, err, "collector.log")
	})
	t.Run("collector never gets ready", func(t *testing.T) {
		s := fake(t, "exec sleep 60")
		s.patience = 200 * time.Millisecond
		require.ErrorContains(t, run(t.Context(), s, silent(t)), "not ready after 200ms")
	})
	t.Run("interrupted", func(t *testing.T) {
		s := fake(t, "exec sleep 60")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		require.ErrorIs(t, run(ctx, s, silent(t)), context.Canceled)
	})
}
