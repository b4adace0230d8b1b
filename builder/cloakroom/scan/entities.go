package scan

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// EntityTable writes entities as a table in Markdown: what each is, how it is confirmed, what is left alone, and where the
// rule is specified. It is the table of docs/detection.md.
func EntityTable(w io.Writer, entities []detect.Info) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "| entity | class of tokens | group | confirmed by | left alone | source |\n|---|---|---|---|---|---|")
	for i := range entities {
		e := &entities[i]
		source := e.Source
		if source == "" {
			source = "-"
		}
		fmt.Fprintf(out, "| `%s` | %s | %s | %s | %s | %s |\n", e.Name, e.Class, e.Group, cell(e.Rule), cell(e.Not), cell(source))
	}
	return out.Flush()
}

// markdown keeps what Markdown would read as its own: bars end a cell, angle brackets begin a tag, underscores emphasis.
var markdown = strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "_", `\_`, "*", `\*`)

func cell(s string) string { return markdown.Replace(s) }
