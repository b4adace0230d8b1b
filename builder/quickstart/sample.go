package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// sample is the shop's telemetry: what is sent over OTLP, the log files that file_log follows, and every value in them
// that must not come out.
type sample struct {
	traces   ptrace.Traces
	metrics  pmetric.Metrics
	logs     plog.Logs
	files    map[string][]string // records by file name
	canaries []canary
}

// canary is a personal or secret value of the sample, in one spelling.
type canary struct{ entity, value string }

// records counts the log records that should come out, those from files included.
func (s *sample) records() int {
	n := s.logs.LogRecordCount()
	for _, records := range s.files {
		n += len(records)
	}
	return n
}

// loadSample reads the sample and moves its timestamps so that the newest is now. Times inside texts stay.
func loadSample(dir string, now time.Time) (*sample, error) {
	s := &sample{files: map[string][]string{}}
	err := readInto(filepath.Join(dir, "traces.json"), (&ptrace.JSONUnmarshaler{}).UnmarshalTraces, &s.traces)
	if err == nil {
		err = readInto(filepath.Join(dir, "metrics.json"), (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics, &s.metrics)
	}
	if err == nil {
		err = readInto(filepath.Join(dir, "logs.json"), (&plog.JSONUnmarshaler{}).UnmarshalLogs, &s.logs)
	}
	if err != nil {
		return nil, err
	}
	if s.canaries, err = readCanaries(filepath.Join(dir, "canaries.txt")); err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		s.files[filepath.Base(path)] = splitRecords(filepath.Base(path), string(data))
	}
	s.shift(now)
	return s, nil
}

func readInto[T any](path string, decode func([]byte) (T, error), into *T) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if *into, err = decode(data); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func readCanaries(path string) ([]canary, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var out []canary
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		entity, value, ok := strings.Cut(lines.Text(), "\t")
		if !ok || entity == "" || value == "" {
			return nil, fmt.Errorf("%s: want lines of entity, tab, value", path)
		}
		out = append(out, canary{entity, value})
	}
	return out, lines.Err()
}

var recordStart = regexp.MustCompile(`(?m)^\d{4}-\d{2}-\d{2} `)

// splitRecords cuts a log file as the file_log receivers of config/quickstart.yaml do: into lines, and plain text where
// a line begins with a date.
func splitRecords(name, text string) []string {
	text = strings.TrimSuffix(text, "\n")
	if strings.Count(name, ".") > 1 {
		return strings.Split(text, "\n")
	}
	var records []string
	starts := recordStart.FindAllStringIndex(text, -1)
	for i, at := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		records = append(records, strings.TrimRight(text[at[0]:end], "\n"))
	}
	return records
}

// clock is a timestamp of the sample with its setter.
type clock struct {
	at  pcommon.Timestamp
	set func(pcommon.Timestamp)
}

func (s *sample) shift(now time.Time) {
	clocks := s.clocks()
	var newest pcommon.Timestamp
	for _, c := range clocks {
		newest = max(newest, c.at)
	}
	by := pcommon.NewTimestampFromTime(now) - newest
	for _, c := range clocks {
		if c.at != 0 {
			c.set(c.at + by)
		}
	}
}

// clocks lists every timestamp in the sample.
func (s *sample) clocks() []clock {
	var all []clock
	for _, rs := range s.traces.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				all = append(all, clock{span.StartTimestamp(), span.SetStartTimestamp}, clock{span.EndTimestamp(), span.SetEndTimestamp})
				for _, e := range span.Events().All() {
					all = append(all, clock{e.Timestamp(), e.SetTimestamp})
				}
			}
		}
	}
	for _, rl := range s.logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				all = append(all, clock{r.Timestamp(), r.SetTimestamp}, clock{r.ObservedTimestamp(), r.SetObservedTimestamp})
			}
		}
	}
	eachPoint(s.metrics, func(p point) {
		all = append(all, clock{p.StartTimestamp(), p.SetStartTimestamp}, clock{p.Timestamp(), p.SetTimestamp})
		for _, e := range p.exemplars().All() {
			all = append(all, clock{e.Timestamp(), e.SetTimestamp})
		}
	})
	return all
}
