// Command corpus writes the labeled example lines of testdata/corpus.
//
// Every line comes from a template of this package and a fixed seed, so that the committed files can be checked against
// it and two versions of the detector are judged on the same text. There are two halves, dev and heldout, which have no
// template, key, cue or seed in common where a family has more than one. Run it from the repository's root:
//
//	go run ./builder/corpus -out testdata/corpus
//
// The format is JSON Lines: id, source, sub (the template family), text, spans (UTF-8 byte offsets) and scope (the entities
// that are labeled exhaustively: "*", all there are). A span covers the value alone: no quotes, no key; of an
// Authorization header the part after the scheme, of a cookie the value after `name=`, of a URL the `user:password`
// before the @, of a private key the whole PEM block.
//
// The values belong to nobody: reserved domains, random numbers with right check digits, credentials that open nothing.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// draws is how often each template of a half is filled: it has half of the templates and as many lines as both had.
const draws = 2

// negativesEach is the number of lines per negative template.
const negativesEach = 16

func main() {
	out := flag.String("out", "testdata/corpus", "directory to write to")
	flag.Parse()
	if err := write(*out); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	files := generate()
	for _, name := range fileNames(files) {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			return err
		}
		data, err := encode(files[name])
		if err != nil {
			return err
		}
		path := filepath.Join(dir, name+".jsonl")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s: %d lines\n", path, len(files[name]))
	}
	return nil
}

func fileNames(files map[string][]example) []string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func encode(examples []example) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, ex := range examples {
		if err := e.Encode(ex); err != nil {
			return nil, fmt.Errorf("encode %s: %w", ex.ID, err)
		}
	}
	return b.Bytes(), nil
}

// generate returns the examples by half and file: dev/contact. Texts are unique over all files.
func generate() map[string][]example {
	c := collector{files: map[string][]example{}, seen: map[string]bool{}}
	for c.half = range half(2) {
		for _, f := range slices.Concat(families, mixed, moreFamilies) {
			c.family(f)
		}
		for _, e := range allIDs() {
			c.id(e)
		}
		c.providers()
		c.negatives()
	}
	return c.files
}

// collector gathers examples and drops repeated texts.
type collector struct {
	half  half
	files map[string][]example
	seen  map[string]bool
}

func (c *collector) add(file, sub string, l line) {
	ex := l.example(sub)
	if c.seen[ex.Text] {
		return
	}
	c.seen[ex.Text] = true
	name := c.half.String() + "/" + file
	c.files[name] = append(c.files[name], ex)
}

func (c *collector) family(f family) {
	use := f.frames
	if use == nil {
		use = allFrames
	}
	for _, name := range use {
		sub := f.sub + "/" + name
		r := source(c.half, sub)
		for range f.each {
			v := draw(r, pick(r, f.values))
			c.add(f.file, sub, frames[name](r, choose(r, f.keys), v))
		}
	}
	r := source(c.half, f.sub+"/prose")
	for _, t := range mine(c.half, f.prose) {
		for range draws * f.draws {
			c.add(f.file, f.sub+"/prose", fill(r, t, nil))
		}
	}
}
