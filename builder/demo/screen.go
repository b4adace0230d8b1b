// Package demo is what the demonstrations of the repository share: a screen for a person, and the processes they start.
package demo

import (
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// Screen writes for a person: colored on a terminal unless NO_COLOR is set, plain otherwise.
type Screen struct {
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

// NewScreen returns a screen on f.
func NewScreen(f *os.File) *Screen {
	tty := term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		width = usualWidth
	}
	return &Screen{file: f, tty: tty, color: tty && os.Getenv("NO_COLOR") == "", width: max(width, leastWidth)}
}

// Painted is a screen that is colored whether or not it is a terminal, for tests.
func Painted(f *os.File) *Screen {
	s := NewScreen(f)
	s.color = true
	return s
}

// The colors used, as SGR parameters.
const (
	Bold   = "1"
	Dim    = "2"
	Red    = "31"
	Green  = "32"
	Yellow = "33"
	Cyan   = "36"
)

// File is where the screen writes to.
func (s *Screen) File() *os.File { return s.file }

// Width is the number of columns.
func (s *Screen) Width() int { return s.width }

// Paint colors text, where there are colors.
func (s *Screen) Paint(color, text string) string {
	if !s.color || color == "" || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// Print writes a line. The screen is no place whose loss changes the result, so its errors are left.
func (s *Screen) Print(text string) { fmt.Fprintln(s.file, text) }

// Heading writes the title of what follows.
func (s *Screen) Heading(text string) { s.Print("\n" + s.Paint(Bold, text)) }

// Line writes one line of text.
func (s *Screen) Line(format string, args ...any) { s.Print("  " + fmt.Sprintf(format, args...)) }

// Folded writes a line of fields that stand two spaces apart on as many lines as the width needs, the later ones indented.
func (s *Screen) Folded(text string) {
	line := "  "
	for i, field := range strings.Split(text, "  ") {
		switch {
		case i == 0:
			line += field
		case utf8.RuneCountInString(line)+2+utf8.RuneCountInString(field) <= s.width:
			line += "  " + field
		default:
			s.Print(line)
			line = "     " + field
		}
	}
	s.Print(line)
}

// Done says that something holds.
func (s *Screen) Done(format string, args ...any) {
	s.Print("  " + s.Paint(Green, "ok") + "  " + fmt.Sprintf(format, args...))
}

// Bad says that something does not hold.
func (s *Screen) Bad(format string, args ...any) {
	s.Print("  " + s.Paint(Red, fmt.Sprintf(format, args...)))
}

// Failure says on standard error why the demonstration ends.
func (s *Screen) Failure(err error) {
	fmt.Fprintln(os.Stderr, s.Paint(Red, "error:"), strings.ReplaceAll(err.Error(), "\n", "\n  "))
}

// Wait shows that something takes time while f runs: a running clock on a terminal. Afterwards it says what is done.
func (s *Screen) Wait(what, after string, f func() error) error {
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
				s.Done("%s after %.1f s", after, time.Since(began).Seconds())
			}
			return err
		case <-tick.C:
			if s.tty {
				fmt.Fprintf(s.file, "\r  %s %.1f s", s.Paint(Dim, what), time.Since(began).Seconds())
			}
		}
	}
}

// Count writes a number with its noun.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
