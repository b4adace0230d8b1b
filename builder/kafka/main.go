// Command kafka shows the Kafka mode on an Apache Kafka of its own. `make kafka` builds and starts it.
//
// It starts the broker, fills raw topics with records of every format, starts a collector with config/kafka.yaml, and
// shows the records before and after, the dead letters, how far the group is, and one token revealed. It checks that
// what is not personal is as it was, that partitions and their order are kept, and looks for every personal value in
// every other topic and in everything that was written. With -once it stops by itself; it exits 1 when something did
// not hold.
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
	once, asked            bool // asked: by a flag, and not because there is no terminal
	patience               time.Duration
}

func parse(args []string, terminal bool) (settings, error) {
	var s settings
	f := flag.NewFlagSet("kafka", flag.ContinueOnError)
	f.StringVar(&s.collector, "collector", "bin/otelcol-cloakroom", "the collector's binary")
	f.StringVar(&s.cli, "cli", "bin/cloakroom", "the command line tool's binary")
	f.StringVar(&s.config, "config", "config/kafka.yaml", "the collector's configuration")
	f.StringVar(&s.data, "data", "data/kafka", "directory for the broker's data, the vault and logs; made anew, one run at a time")
	f.StringVar(&s.cache, "cache", "", "where the jars of Apache Kafka are downloaded to (default cloakroom in the user's cache directory)")
	f.BoolVar(&s.once, "once", !terminal, "stop when everything was shown")
	f.DurationVar(&s.patience, "patience", 90*time.Second, "longest wait for a start, and for records to arrive")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	f.Visit(func(g *flag.Flag) { s.asked = s.asked || g.Name == "once" })
	if f.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	for _, binary := range []string{s.collector, s.cli} {
		if info, err := os.Stat(binary); err != nil || info.IsDir() {
			return s, fmt.Errorf("there is no %s: build it with `make build`, or name another with -collector and -cli", binary)
		}
	}
	// Children run elsewhere.
	for _, p := range []*string{&s.collector, &s.cli, &s.config, &s.data} {
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
	if err := h.claim(); err != nil {
		return err
	}
	show := &show{house: h, out: out, items: sample()}
	for _, part := range []func(context.Context) error{show.start, show.arrive, show.records, show.letters, show.lag, show.reveal, show.fidelity, show.leaks} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	if s.once {
		if !s.asked {
			out.Line("stopping, as standard input is no terminal; with one, or with -once=false, it serves until Ctrl-C")
		}
		if show.faults > 0 {
			return fmt.Errorf("%s did not hold", demo.Count(show.faults, "thing"))
		}
		return nil
	}
	out.Heading("Serving")
	out.Line("the broker is %s: what is written to %s comes out of %s", h.broker.Address(), rawTopic, rawTopic+cleanSuffix)
	out.Line("the collector's log is %s; Ctrl-C stops everything", h.path("logs", "collector.log"))
	return h.collector.Serve(ctx, out)
}
