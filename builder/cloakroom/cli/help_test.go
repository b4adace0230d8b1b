package cli

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// TestHelpFitsTheScreen: no line of any command's help is longer than a line of our code.
func TestHelpFitsTheScreen(t *testing.T) {
	commands := 0
	var each func(c *cobra.Command)
	each = func(c *cobra.Command) {
		commands++
		for _, part := range []string{c.Long, c.Example, c.UsageString()} {
			for line := range strings.Lines(part) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > helpWidth {
					t.Errorf("%s: %d characters: %s", c.CommandPath(), n, line)
				}
			}
		}
		for _, sub := range c.Commands() {
			each(sub)
		}
	}
	each(newRoot())
	if commands < 10 {
		t.Errorf("%d commands", commands)
	}
}
