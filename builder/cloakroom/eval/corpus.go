// Package eval measures a detector against labeled lines: how much of what is labeled it finds, and how much of what it
// finds is labeled.
//
// Read gives the lines of a corpus one by one, Evaluator.Judge judges one line, Evaluator.Report sums up. What counts as
// found, as missed and as false is said at Evaluator.
package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds one corpus line in bytes. The longest labeled text known is a few kilobytes.
const maxLine = 64 << 20

// Line is one labeled text. The JSON Lines format is described by testdata/corpus/README.md; fields that are not named
// here are ignored.
type Line struct {
	ID     string `json:"id"`
	Source string `json:"source"`
	Text   string `json:"text"`
	// Key is the attribute key the text is the value of; most corpora have none.
	Key string `json:"key"`
	// Spans holds every value of Scope in Text. Empty says there is none; nil says the text is not labeled by position.
	Spans []Span `json:"spans"`
	// Expect, when Spans is nil, says whether the text as a whole must give a finding of Scope.
	Expect *bool `json:"expect"`
	// Scope names the entities labeled exhaustively in Text. Findings of others are not judged.
	Scope []string `json:"scope"`
}

// Span is a labeled value: UTF-8 byte offsets into Line.Text.
type Span struct {
	Start  int    `json:"start"`
	End    int    `json:"end"`
	Entity string `json:"entity"`
	// Optional marks a value only context could tell: finding it is not asked for, and not held against the detector.
	Optional bool `json:"optional"`
}

// labeling says what a line allows to be judged.
type labeling uint8

const (
	unlabeled labeling = iota
	bySpan
	byText
)

func (l *Line) labeling() labeling {
	switch {
	case l.Spans != nil:
		return bySpan
	case l.Expect != nil:
		return byText
	}
	return unlabeled
}

// Read calls each for every line of the JSON Lines corpus in r, in order. An error names the corpus and the line, and
// never quotes the text.
func Read(name string, r io.Reader, each func(*Line) error) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), maxLine)
	number := 0
	for sc.Scan() {
		number++
		raw := bytes.TrimSpace(sc.Bytes())
		if len(raw) == 0 {
			continue
		}
		line, err := parse(raw)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
		if err := each(line); err != nil {
			return err
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("%s:%d: read: %w", name, number+1, err)
	}
	return nil
}

func parse(raw []byte) (*Line, error) {
	line := new(Line)
	if err := json.Unmarshal(raw, line); err != nil {
		return nil, notALine(err)
	}
	for i, s := range line.Spans {
		if s.Start < 0 || s.End <= s.Start || s.End > len(line.Text) {
			return nil, fmt.Errorf("spans[%d]: %d-%d does not lie inside the text of %d bytes", i, s.Start, s.End, len(line.Text))
		}
		if s.Entity == "" {
			return nil, fmt.Errorf("spans[%d]: no entity", i)
		}
	}
	return line, nil
}

// notALine keeps what encoding/json says about a fault and drops what it quotes: a corpus may hold real values.
func notALine(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not a JSON object (at byte %d)", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("field %q must be a %s", kind.Field, kind.Type)
	}
	return errors.New("not a JSON object")
}
