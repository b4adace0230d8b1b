// Command fleet shows one vault and many agents on one machine. `make fleet` builds and starts it.
//
// It starts a vault on PostgreSQL and three collectors, each with a certificate of its own, and sends each of them its
// part of one distributed trace. It shows one customer under one token in all three parts, has the help desk reveal
// it, tries with every agent's certificate what it may and what it may not, takes the vault away for a while, and looks
// for every personal value in everything that was written. With -once it stops by itself; it exits 1 when something
// did not hold.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/cloakroom/cloakroom/builder/demo"
)

type settings struct {
	collector, cli, config string
	data, cache            string
	once                   bool
	patience               time.Duration
}

func parse(args []string, terminal bool) (settings, error) {
	var s settings
	f := flag.NewFlagSet("fleet", flag.ContinueOnError)
	f.StringVar(&s.collector, "collector", "bin/otelcol-cloakroom", "the collector's binary")
	f.StringVar(&s.cli, "cli", "bin/cloakroom", "the command line tool's binary")
	f.StringVar(&s.config, "config", "config/agent.yaml", "the agents' configuration")
	f.StringVar(&s.data, "data", "data/fleet", "directory for certificates, vault, spools and logs; made anew")
	f.StringVar(&s.cache, "cache", ".tools/postgres", "where PostgreSQL is downloaded to when none is installed")
	f.BoolVar(&s.once, "once", !terminal, "stop when everything was shown")
	f.DurationVar(&s.patience, "patience", 60*time.Second, "longest wait for a start, and for what was sent to arrive")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if f.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	for _, binary := range []string{s.collector, s.cli} {
		if info, err := os.Stat(binary); err != nil || info.IsDir() {
			return s, fmt.Errorf("there is no %s: build it with `make build`, or name another with -collector and -cli", binary)
		}
	}
	// Children run elsewhere.
	for _, p := range []*string{&s.collector, &s.cli, &s.config, &s.data, &s.cache} {
		absolute, err := filepath.Abs(*p)
		if err != nil {
			return s, err
		}
		*p = absolute
	}
	return s, nil
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

// run is the whole show. What it starts has ended when it returns.
func run(ctx context.Context, s settings, out *demo.Screen) (err error) {
	h := &house{settings: s}
	defer func() { err = errors.Join(err, h.stop()) }()
	if err := start(ctx, h, out); err != nil {
		return err
	}
	show := &show{house: h, out: out}
	for _, part := range []func(context.Context) error{show.trace, show.reveal, show.powers, show.outage, show.leaks} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	if s.once {
		if show.faults > 0 {
			return fmt.Errorf("%s did not hold", demo.Count(show.faults, "thing"))
		}
		return nil
	}
	out.Heading("Serving")
	for _, name := range agents {
		out.Line("%-10s  OTLP/gRPC %s", name, h.agents[name].grpc)
	}
	out.Line("the vault's log is %s; Ctrl-C stops everything", h.path("logs", "vault.log"))
	return h.vault.Serve(ctx, out)
}

func start(ctx context.Context, h *house, out *demo.Screen) error {
	out.Heading("Cloakroom fleet: one vault, three agents")
	if err := h.build(); err != nil {
		return err
	}
	if err := out.Wait("starting PostgreSQL", "PostgreSQL answers", func() error { return h.startDatabase(ctx) }); err != nil {
		return err
	}
	if err := h.configure(); err != nil {
		return err
	}
	if err := out.Wait("starting the vault", "the vault is ready", func() error { return h.startVault(ctx) }); err != nil {
		return err
	}
	var err error
	if h.backend, err = startBackend(); err != nil {
		return err
	}
	return out.Wait("starting three collectors", "three collectors are ready, each with a certificate of its own", func() error { return h.startAgents(ctx) })
}
