// Command corpus writes the labeled example lines of testdata/corpus.
//
// Every line comes from a template of this package and a fixed seed, so that the committed files can be checked against
// it and two versions of the detector are judged on the same text. Run it from the repository's root:
//
//	go run ./builder/corpus -out testdata/corpus
//
// The format is JSON Lines: id, source, sub (the template family), text, spans (UTF-8 byte offsets) and scope (the entities
// that are labeled exhaustively, here always all of them). A span covers the value alone: no quotes, no key; of an
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
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// seed is part of the corpus: another one is another corpus.
const seed = 20260311

// negativesEach is the number of lines per negative template.
const negativesEach = 8

func main() {
	out := flag.String("out", "testdata/corpus", "directory to write to")
	flag.Parse()
	if err := write(*out); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	files := generate()
	for _, name := range fileNames(files) {
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

// generate returns the examples by file name. Texts are unique over all files.
func generate() map[string][]example {
	c := collector{files: map[string][]example{}, seen: map[string]bool{}}
	for _, f := range slices.Concat(families, mixed) {
		c.family(f)
	}
	for _, group := range negatives {
		r := source("negative/" + group.sub)
		for _, t := range group.templates {
			for range negativesEach {
				c.add("negative", group.sub, fill(r, t, nil))
			}
		}
	}
	return c.files
}

// collector gathers examples and drops repeated texts.
type collector struct {
	files map[string][]example
	seen  map[string]bool
}

func (c *collector) add(file, sub string, l line) {
	ex := l.example(sub)
	if c.seen[ex.Text] {
		return
	}
	c.seen[ex.Text] = true
	c.files[file] = append(c.files[file], ex)
}

func (c *collector) family(f family) {
	use := f.frames
	if use == nil {
		use = allFrames
	}
	for _, name := range use {
		sub := f.sub + "/" + name
		r := source(sub)
		for range f.each {
			v := draw(r, pick(r, f.values))
			c.add(f.file, sub, frames[name](r, pick(r, f.keys), v))
		}
	}
	r := source(f.sub + "/prose")
	for _, t := range f.prose {
		for range f.draws {
			c.add(f.file, f.sub+"/prose", fill(r, t, nil))
		}
	}
}

// source is a family's own generator, so that one family's change leaves the lines of the others as they are.
func source(family string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(family)) // never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
