package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/cloakroom/cloakroom/builder/demo"
)

// outputFiles are the files that the exporters of config/quickstart.yaml write.
var outputFiles = []string{"traces.jsonl", "metrics.jsonl", "logs.jsonl"}

// output is what the collector wrote: one element a batch.
type output struct {
	traces  []ptrace.Traces
	metrics []pmetric.Metrics
	logs    []plog.Logs
}

// awaitOutput reads the collector's output files until everything of the sample is in them.
func awaitOutput(ctx context.Context, c *demo.Process, dir string, want *sample, patience time.Duration) (*output, error) {
	var got *output
	err := c.Poll(ctx, patience, "not everything that was sent came out", func() (bool, error) {
		var err error
		got, err = readOutput(dir)
		if err != nil {
			return false, err
		}
		spans, points, records := got.counts()
		return spans >= want.traces.SpanCount() && points >= want.metrics.DataPointCount() && records >= want.records(), nil
	})
	if err != nil && got != nil && ctx.Err() == nil {
		spans, points, records := got.counts()
		err = fmt.Errorf("%d of %d spans, %d of %d metric points, %d of %d log records came out: %w", spans, want.traces.SpanCount(),
			points, want.metrics.DataPointCount(), records, want.records(), err)
	}
	return got, err
}

func (o *output) counts() (spans, points, records int) {
	for _, td := range o.traces {
		spans += td.SpanCount()
	}
	for _, md := range o.metrics {
		points += md.DataPointCount()
	}
	for _, ld := range o.logs {
		records += ld.LogRecordCount()
	}
	return spans, points, records
}

func readOutput(dir string) (*output, error) {
	var o output
	var err error
	if o.traces, err = readBatches(filepath.Join(dir, outputFiles[0]), (&ptrace.JSONUnmarshaler{}).UnmarshalTraces); err != nil {
		return nil, err
	}
	if o.metrics, err = readBatches(filepath.Join(dir, outputFiles[1]), (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics); err != nil {
		return nil, err
	}
	if o.logs, err = readBatches(filepath.Join(dir, outputFiles[2]), (&plog.JSONUnmarshaler{}).UnmarshalLogs); err != nil {
		return nil, err
	}
	return &o, nil
}

// readBatches decodes the complete lines of a file. The collector may be writing the last one; a file that is not there
// yet has none.
func readBatches[T any](path string, decode func([]byte) (T, error)) ([]T, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []T
	for {
		line, rest, complete := bytes.Cut(data, []byte("\n"))
		if !complete {
			return out, nil
		}
		batch, err := decode(line)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, len(out)+1, err)
		}
		out, data = append(out, batch), rest
	}
}
