// Package cli is the command line of cloakroom: one file per command. Standard output carries data, standard error
// carries messages, and the exit code says how it went (see the help of the root command).
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

const rootLong = `Cloakroom finds personal data and secrets in telemetry and swaps them for tokens that only a vault can redeem.
This is the hand tool beside the collector otelcol-cloakroom.

Standard output carries data, standard error carries messages. Exit codes:
  0    done
  1    done, and found what was asked to fail on: scan --fail-on, eval --min-precision and --min-recall, faults of a
       policy (policy check), an audit log that does not verify (vault audit verify); or found nothing to do it to:
       no such scope (vault revoke), an agent that is not revoked (vault restore)
  2    wrong usage: nothing was done
  3    some tokens or values have no answer: unknown, never seen, erased, expired or denied (reveal, token,
       vault forget)
  4    could not be done: a file that cannot be read, a vault that cannot be reached
  130  interrupted; what was written until then is complete`

// grace is how long a command may take to end after a signal before another one kills it.
const grace = time.Second

// Main runs the command line and returns the exit code.
func Main(args []string) int {
	// With SIGPIPE ignored, a reader that went away is an error of writing, and a vault is still closed properly.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A later signal ends the process the ordinary way, whatever hangs. Not one that comes at once: some senders signal the
	// process and then its group, and a vault is to be closed in between.
	context.AfterFunc(ctx, func() { time.Sleep(grace); stop() })
	root := newRoot()
	root.SetArgs(args)
	return report(root.ExecuteContext(ctx))
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "cloakroom",
		Short:         "Find personal data and secrets, and redeem the tokens that stand for them",
		Long:          rootLong,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("cloakroom version {{.Version}}" + build() + "\n")
	// Descriptions of flags are wrapped; all other help is written that way.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages", fmt.Sprint("FlagUsagesWrapped ", helpWidth)))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usage(c, "%w", err) })
	root.AddCommand(newScan(), newReveal(), newToken(), newPolicy(), newVault(), newEval())
	return root
}

// group is a command that only holds others.
func group(use, short, long string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Long: long, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(commands...)
	return c
}

// helpWidth is the length of the longest line of help in characters.
const helpWidth = 120

// version is the release. A build sets it: go build -ldflags "-X <this package>.version=1.2.3".
var version = "0.1.0-dev"

// build is what else is known of this program: the revision it was built from and the compiler.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	revision := ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = " " + s.Value[:min(12, len(s.Value))]
		}
	}
	return revision + " " + info.GoVersion
}

// The exit codes of rootLong.
const (
	exitFound     = 1
	exitUsage     = 2
	exitUnmet     = 3
	exitFailed    = 4
	exitInterrupt = 130
	// exitPipe is what a shell shows of a process that SIGPIPE ended.
	exitPipe = 141
)

// exit is an error that fixes the exit code.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return e.err.Error() }
func (e *exit) Unwrap() error { return e.err }

// usage is a mistake of the caller; the message ends with where help is.
func usage(c *cobra.Command, format string, args ...any) error {
	return &exit{exitUsage, fmt.Errorf("%w\nsee `%s --help`", fmt.Errorf(format, args...), c.CommandPath())}
}

// found ends a command that did its work with exit code 1. The message says what was found.
func found(format string, args ...any) error {
	return &exit{exitFound, fmt.Errorf(format, args...)}
}

// unmet ends a command that did its work with exit code 3.
func unmet(format string, args ...any) error {
	return &exit{exitUnmet, fmt.Errorf(format, args...)}
}

// report prints the error of a command and returns its exit code.
func report(err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, syscall.EPIPE) {
		return exitPipe
	}
	code, message := exitFailed, err.Error()
	var e *exit
	switch {
	case errors.As(err, &e):
		code = e.code
	case errors.Is(err, context.Canceled):
		code, message = exitInterrupt, "interrupted"
	case isUsage(message):
		code, message = exitUsage, message+"\nsee `cloakroom --help`"
	}
	say("%s", message)
	return code
}

// isUsage recognizes cobra's own errors about commands, arguments and flags, which have no type.
func isUsage(message string) bool {
	return strings.HasPrefix(message, "unknown command") || strings.Contains(message, " arg(s), ") ||
		strings.HasPrefix(message, "required flag") || strings.HasPrefix(message, "if any flags in the group") || strings.HasPrefix(message, "at least one of the flags in the group")
}

// say writes a message for people to standard error.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "cloakroom: "+format+"\n", args...)
}
