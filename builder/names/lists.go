package main

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cloakroom/cloakroom/processor/detect/names"
)

// wordLists holds the words of the lists, in their order.
type wordLists struct {
	first, last, city, common, veto []string
	spread                          map[string]bool // names in several languages
}

func readLists(dir string) (*wordLists, error) {
	w := &wordLists{spread: map[string]bool{}}
	for _, l := range []struct {
		file string
		to   *[]string
	}{{"first.txt", &w.first}, {"last.txt", &w.last}, {"city.txt", &w.city}, {"common.txt", &w.common}, {"veto.txt", &w.veto}} {
		data, err := os.ReadFile(filepath.Join(dir, l.file))
		if err != nil {
			return nil, err
		}
		for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
			if strings.HasPrefix(line, "#") {
				continue
			}
			word, languages, _ := strings.Cut(line, "\t")
			if languages != "" {
				w.spread[word] = true
			}
			*l.to = append(*l.to, word)
		}
		if len(*l.to) == 0 {
			return nil, fmt.Errorf("%s holds no words", l.file)
		}
	}
	return w, nil
}

// encodeGazetteer writes the table that package names describes.
func encodeGazetteer(w *wordLists) (table []byte, count int) {
	kinds := map[uint32]names.Kind{}
	add := func(words []string, kind names.Kind) {
		for _, word := range words {
			k := kind
			if w.spread[word] && kind&(names.First|names.Last) != 0 {
				k |= names.Spread
			}
			kinds[names.Hash(word)>>(32-names.HashBits)] |= k
		}
	}
	add(w.first, names.First)
	add(w.last, names.Last)
	add(w.city, names.City)
	add(w.common, names.Common)
	add(w.veto, names.Veto)
	type entry struct {
		hash uint32
		kind names.Kind
	}
	entries := make([]entry, 0, len(kinds))
	for h, k := range kinds {
		entries = append(entries, entry{h, k})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.hash, b.hash) })
	const rest = names.HashBits - names.BucketBits
	next := 0
	for bucket := range 1<<names.BucketBits + 1 {
		for next < len(entries) && entries[next].hash>>rest < uint32(bucket) {
			next++
		}
		table = binary.LittleEndian.AppendUint16(table, uint16(next))
	}
	for _, e := range entries {
		table = binary.LittleEndian.AppendUint16(table, uint16(e.hash))
		table = append(table, byte(e.kind))
	}
	return table, len(entries)
}
