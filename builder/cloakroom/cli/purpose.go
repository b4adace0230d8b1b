package cli

import (
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
