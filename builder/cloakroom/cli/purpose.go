package cli

import (
	"context"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// purposeFlag is why a question is asked. It goes into the audit log.
type purposeFlag struct{ purpose string }

// maxPurpose is the protocol's limit in characters.
const maxPurpose = 512

func (f *purposeFlag) add(c *cobra.Command) {
	c.Flags().StringVar(&f.purpose, "purpose", "", "why, for the audit log: a ticket or a sentence (mandatory)")
}

func (f *purposeFlag) checkPurpose(c *cobra.Command) error {
	switch {
	case strings.TrimSpace(f.purpose) == "":
		return usage(c, "--purpose is mandatory: say why, for the audit log, for example --purpose INC-42")
	case utf8.RuneCountInString(f.purpose) > maxPurpose || strings.ContainsFunc(f.purpose, unicode.IsControl) || !utf8.ValidString(f.purpose):
		return usage(c, "--purpose must be one line of at most %d characters", maxPurpose)
	}
	return nil
}

// interruptible is r, but a Read that blocks ends when ctx does. What it was reading is left to nobody, as is right for
// standard input of a process that ends.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	in, feed := io.Pipe()
	go func() {
		buf := make([]byte, 64<<10)
		_, err := io.CopyBuffer(onlyWriter{feed}, onlyReader{r}, buf)
		feed.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { in.CloseWithError(context.Cause(ctx)) })
	return in
}

// onlyReader and onlyWriter hide ReadFrom and WriteTo, so that the buffer is used.
type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)
