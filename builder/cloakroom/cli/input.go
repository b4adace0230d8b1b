package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/processor/detect"
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

// newDetector is the detector of a policy file or preset, or of the built-in entities alone.
func newDetector(policyFile string) (*detect.Detector, error) {
	return detect.New(detect.Settings{})
}

// completeFlag lets the shell complete a flag from a fixed set of values.
func completeFlag(c *cobra.Command, flag string, values ...string) {
	err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag does not exist: a mistake of this package
	}
}
