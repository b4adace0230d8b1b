package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// openInput opens a file, or standard input for "-".
func openInput(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory: give its files, for example with `find %s -type f -print0 | xargs -0 cloakroom scan`", name, name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// completeFlag lets the shell complete a flag from a fixed set of values.
func completeFlag(c *cobra.Command, flag string, values ...string) {
	err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag does not exist: a mistake of this package
	}
}

// inputFault is what to say of an input that could not be read, with its name exactly once.
func inputFault(name string, err error) string {
	var path *fs.PathError
	if errors.As(err, &path) || strings.HasPrefix(err.Error(), name) {
		return err.Error()
	}
	return fmt.Sprintf("%s: %v", name, err)
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
	context.AfterFunc(ctx, func() { feed.CloseWithError(context.Cause(ctx)) })
	return in
}

// onlyReader and onlyWriter hide ReadFrom and WriteTo, so that the buffer is used.
type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)
