// Command quickstart shows on a sample what Cloakroom does. `make run` builds and starts it.
//
// It starts the collector with config/quickstart.yaml, feeds it the telemetry of a small shop (testdata/telemetry), waits
// for the result in the collector's output files and prints lines before and after, what was found, one customer's token
// in three signals of one trace, and how that token is revealed. It looks for every personal value of the sample in
// everything the collector wrote, and serves until Ctrl-C; with -once, which is the default when standard input is no
// terminal, it stops by itself. It exits 1 when a value was there in plain.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/cloakroom/cloakroom/builder/demo"
)

// settings is what the flags say.
type settings struct {
	collector, cli        string // the binaries
	config, sample, data  string
	grpc, http            string // endpoints, host:port
	health, metrics       string
	once, onceIsByDefault bool
	patience              time.Duration // how long the collector may take to start, and to write its output
}

func parse(args []string, stdinIsTerminal bool) (settings, error) {
	var s settings
	f := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	f.StringVar(&s.collector, "collector", "bin/otelcol-cloakroom", "the collector's binary")
	f.StringVar(&s.cli, "cli", "bin/cloakroom", "the command line tool's binary")
	f.StringVar(&s.config, "config", "config/quickstart.yaml", "the collector's configuration")
	f.StringVar(&s.sample, "sample", "testdata/telemetry", "directory of the sample telemetry")
	f.StringVar(&s.data, "data", defaultData, "directory for the vault, the output and the collector's log")
	f.StringVar(&s.grpc, "grpc", env("CLOAKROOM_GRPC", "127.0.0.1:4317"), "OTLP/gRPC endpoint")
	f.StringVar(&s.http, "http", env("CLOAKROOM_HTTP", "127.0.0.1:4318"), "OTLP/HTTP endpoint")
	f.StringVar(&s.health, "health", env("CLOAKROOM_HEALTH", "127.0.0.1:13133"), "health check endpoint")
	f.StringVar(&s.metrics, "metrics", "127.0.0.1:"+env("CLOAKROOM_METRICS_PORT", "8888"), "endpoint of the collector's own metrics")
	f.BoolVar(&s.once, "once", !stdinIsTerminal, "check the output for values in plain, stop and exit")
	f.DurationVar(&s.patience, "patience", 60*time.Second, "longest wait for the collector's start and for its output")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if f.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	s.onceIsByDefault = s.once
	f.Visit(func(set *flag.Flag) {
		if set.Name == "once" {
			s.onceIsByDefault = false
		}
	})
	return s, nil
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process the ordinary way
	s, err := parse(os.Args[1:], term.IsTerminal(int(os.Stdin.Fd())))
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	out := demo.NewScreen(os.Stdout)
	if err == nil {
		err = run(ctx, s, out)
	}
	switch {
	case errors.Is(err, context.Canceled):
		out.Line("stopped before it was done")
		os.Exit(130)
	case err != nil:
		out.Failure(err)
		os.Exit(1)
	}
}

// run is the whole show. The collector it starts has ended when it returns.
func run(ctx context.Context, s settings, out *demo.Screen) (err error) {
	sample, err := loadSample(s.sample, time.Now())
	if err != nil {
		return err
	}
	if err := prepare(&s); err != nil {
		return err
	}
	_, missing := os.Stat(vault(s))
	firstStart := errors.Is(missing, fs.ErrNotExist)
	c, err := startCollector(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()

	out.Heading("Cloakroom quickstart")
	if s.onceIsByDefault {
		out.Line("standard input is no terminal, so this runs once (as with -once): it checks its output and stops")
	}
	out.Line("collector %s (process %d) with %s", s.collector, c.PID(), s.config)
	if firstStart {
		out.Line("first start: the vault makes its keys in %s; who can read that folder can reveal tokens", vault(s))
	}
	if err := out.Wait("starting the collector", "collector ready", func() error { return healthy(ctx, c, s) }); err != nil {
		return err
	}
	if err := send(ctx, s, sample); err != nil {
		return c.Explain(err)
	}
	out.Done("sent %s over OTLP/gRPC, %s over OTLP/HTTP; file_log follows %s",
		demo.Count(sample.traces.SpanCount(), "span")+" and "+demo.Count(sample.logs.LogRecordCount(), "log record"),
		demo.Count(sample.metrics.DataPointCount(), "metric point"), demo.Count(len(sample.files), "log file"))
	var got *output
	err = out.Wait("waiting for the output", "everything came out", func() error {
		got, err = awaitOutput(ctx, c, filepath.Join(s.data, "out"), sample, s.patience)
		return err
	})
	if err != nil {
		return err
	}
	fault := show(ctx, s, sample, got, out)
	if s.once {
		fault = errors.Join(fault, c.Stop()) // so that everything is on disk
	}
	fault = errors.Join(fault, check(ctx, s, sample, out))
	if s.once || ctx.Err() != nil {
		return fault
	}
	if fault != nil {
		out.Failure(fault)
	}
	out.Heading("Serving")
	out.Line("send telemetry of your own to OTLP/gRPC %s or OTLP/HTTP http://%s; Ctrl-C stops the collector", s.grpc, s.http)
	return errors.Join(fault, c.Serve(ctx, out))
}

// defaultData is also where config/quickstart.yaml and the command line tool look.
const defaultData = "data"

// vault is the vault's folder, as config/quickstart.yaml has it.
func vault(s settings) string { return filepath.Join(s.data, "vault") }

// check looks for the sample's values in everything that was written.
func check(ctx context.Context, s settings, sample *sample, out *demo.Screen) error {
	out.Heading("Check")
	report, err := findCanaries(ctx, s.data, sample.canaries)
	if err != nil {
		return err
	}
	leaked := map[canary]bool{}
	for _, leak := range report.leaks {
		leaked[leak.canary] = true
		out.Bad("LEAK  %s in plain in %s: %s", leak.entity, leak.file, leak.value)
	}
	if len(leaked) > 0 {
		return fmt.Errorf("%d of %s of the sample came out in plain", len(leaked), demo.Count(len(sample.canaries), "value"))
	}
	out.Done("looked for %s of the sample in %s (output, logs, vault, %d KiB): none of them in plain",
		demo.Count(len(sample.canaries), "value"), demo.Count(report.files, "file"), report.bytes/1024)
	return nil
}

// prepare checks what has to be there and makes the paths absolute, because the collector sees them too.
func prepare(s *settings) error {
	for _, binary := range []string{s.collector, s.cli} {
		if info, err := os.Stat(binary); err != nil || info.IsDir() {
			return fmt.Errorf("there is no %s: build it with `make build`, or name another with -collector and -cli", binary)
		}
	}
	if _, err := os.Stat(s.config); err != nil {
		return fmt.Errorf("there is no %s: run this from the repository's root, or name another with -config", s.config)
	}
	for _, port := range []struct{ flag, endpoint, what string }{
		{"grpc", s.grpc, "OTLP/gRPC"},
		{"http", s.http, "OTLP/HTTP"},
		{"health", s.health, "the health check"},
		{"metrics", s.metrics, "the collector's own metrics"},
	} {
		l, err := net.Listen("tcp", port.endpoint)
		if err != nil {
			return fmt.Errorf("%s cannot listen on %s (%w): stop what uses that port, or choose another with -%s 127.0.0.1:PORT",
				port.what, port.endpoint, err, port.flag)
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(s.data, "out"), 0o700); err != nil {
		return fmt.Errorf("create the data directory: %w", err)
	}
	// What an earlier run wrote would be taken for this one's.
	for _, name := range outputFiles {
		if err := os.Remove(filepath.Join(s.data, "out", name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the output of the run before: %w", err)
		}
	}
	return nil
}
