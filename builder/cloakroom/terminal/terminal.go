package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Is says whether w is a terminal.
func Is(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Colors says whether w should get colors: it is a terminal that has them, and NO_COLOR (no-color.org) is not set to
// anything.
func Colors(w io.Writer) bool {
	return Is(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
