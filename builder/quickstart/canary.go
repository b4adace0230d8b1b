package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// leak is a canary that was found where it must not be.
type leak struct {
	canary
	file string
}

// report is the result of a search for canaries.
type report struct {
	leaks []leak
	files int
	bytes int64
}

// findCanaries searches every file under dir: its bytes as they are, and of JSON lines also every decoded string, so
// that no escape and no base64 hides a value.
func findCanaries(ctx context.Context, dir string, canaries []canary) (report, error) {
	var r report
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path != dir {
			return nil // the running vault removes files it has compacted
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		r.files++
		r.bytes += int64(len(data))
		texts := []string{string(data)}
		if strings.HasSuffix(path, ".jsonl") {
			texts = append(texts, decodedStrings(data)...)
		}
		for _, c := range canaries {
			for _, t := range texts {
				if strings.Contains(t, c.value) {
					r.leaks = append(r.leaks, leak{c, path})
					break
				}
			}
		}
		return nil
	})
	return r, err
}

// decodedStrings returns every string in lines of JSON, keys included, and what the bytes values of OTLP/JSON hold.
func decodedStrings(lines []byte) []string {
	var out []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for key, e := range v {
				out = append(out, key)
				if encoded, ok := e.(string); ok && key == "bytesValue" {
					if raw, err := base64.StdEncoding.DecodeString(encoded); err == nil {
						out = append(out, string(raw))
					}
				}
				walk(e)
			}
		}
	}
	for line := range bytes.Lines(lines) {
		var v any
		if json.Unmarshal(line, &v) == nil { // a line that is no JSON was searched as it is
			walk(v)
		}
	}
	return out
}
