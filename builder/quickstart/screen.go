package main

import (
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// screen writes for a person: colored on a terminal unless NO_COLOR is set, plain otherwise.
type screen struct {
	file  *os.File
	tty   bool
	color bool
	width int // columns
}

// Columns: what is taken where they are unknown, and the fewest that are of any use.
const (
	usualWidth = 120
	leastWidth = 60
)

func newScreen(f *os.File) *screen {
	tty := term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		width = usualWidth
	}
	return &screen{file: f, tty: tty, color: tty && os.Getenv("NO_COLOR") == "", width: max(width, leastWidth)}
}

// The colors used, as SGR parameters.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (s *screen) paint(color, text string) string {
	if !s.color || color == "" || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// print writes a line. The screen is no place whose loss changes the result, so its errors are left.
func (s *screen) print(text string) { fmt.Fprintln(s.file, text) }

func (s *screen) heading(text string) { s.print("\n" + s.paint(bold, text)) }

func (s *screen) line(format string, args ...any) { s.print("  " + fmt.Sprintf(format, args...)) }

// folded writes a line of fields that stand two spaces apart on as many lines as the width needs, the later ones indented.
func (s *screen) folded(text string) {
	line := "  "
	for i, field := range strings.Split(text, "  ") {
		switch {
		case i == 0:
			line += field
		case utf8.RuneCountInString(line)+2+utf8.RuneCountInString(field) <= s.width:
			line += "  " + field
		default:
			s.print(line)
			line = "     " + field
		}
	}
	s.print(line)
}

func (s *screen) done(format string, args ...any) {
	s.print("  " + s.paint(green, "ok") + "  " + fmt.Sprintf(format, args...))
}

func (s *screen) bad(format string, args ...any) {
	s.print("  " + s.paint(red, "LEAK  "+fmt.Sprintf(format, args...)))
}

func (s *screen) failure(err error) {
	fmt.Fprintln(os.Stderr, s.paint(red, "error:"), strings.ReplaceAll(err.Error(), "\n", "\n  "))
}

// wait shows that something takes time while f runs: a running clock on a terminal. Afterwards it says what is done.
func (s *screen) wait(what, after string, f func() error) error {
	began := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- f() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if s.tty {
				fmt.Fprint(s.file, "\r\x1b[K")
			}
			if err == nil {
				s.done("%s after %.1f s", after, time.Since(began).Seconds())
			}
			return err
		case <-tick.C:
			if s.tty {
				fmt.Fprintf(s.file, "\r  %s %.1f s", s.paint(dim, what), time.Since(began).Seconds())
			}
		}
	}
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
