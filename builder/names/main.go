// Command names makes what the detector knows of names, and measures it. `make names` runs both steps:
//
//	go run ./builder/names gazetteer   # lists/*.txt -> processor/detect/names/gazetteer.bin
//	go run ./builder/names train       # sentences -> processor/detect/names/weights.bin, and their evaluation
//
// The second step is compiled with the table of the first. Seeds are fixed: the same sources give the same bytes. With
// -check, a step writes nothing and fails when the committed file differs.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	lists := flag.String("lists", "builder/names/lists", "folder of the word lists")
	out := flag.String("out", "processor/detect/names", "folder of the tables")
	check := flag.Bool("check", false, "write nothing; fail when a table differs from what would be written")
	misses := flag.Bool("misses", false, "print what the model got wrong in the test sentences")
	flag.Parse()
	if err := run(flag.Arg(0), *lists, *out, *check, *misses); err != nil {
		fmt.Fprintln(os.Stderr, "names:", err)
		os.Exit(1)
	}
}

func run(step, lists, out string, check, misses bool) error {
	words, err := readLists(lists)
	if err != nil {
		return err
	}
	switch step {
	case "gazetteer":
		table, count := encodeGazetteer(words)
		fmt.Printf("gazetteer: %d words, %d bytes\n", count, len(table))
		return write(filepath.Join(out, "gazetteer.bin"), table, check)
	case "train":
		weights := train(words)
		if err := write(filepath.Join(out, "weights.bin"), encodeWeights(weights), check); err != nil {
			return err
		}
		evaluate(words, weights, misses)
		return nil
	}
	return errors.New("name a step: gazetteer or train")
}

func write(path string, data []byte, check bool) error {
	if !check {
		return os.WriteFile(path, data, 0o644)
	}
	have, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, data) {
		return fmt.Errorf("%s is not what its sources give: run make names", path)
	}
	return nil
}
