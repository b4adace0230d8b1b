package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/cloakroom/cloakroom/builder/broker/brokertest"
	"github.com/cloakroom/cloakroom/builder/demo"
)

// leaks looks for every personal value in every record of every topic but the raw ones, in the logs and in the vault.
func (s *show) leaks(ctx context.Context) error {
	places, err := s.written(ctx)
	if err != nil {
		return err
	}
	size, found := 0, 0
	for where, content := range places {
		size += len(content)
		for _, value := range canaries {
			if bytes.Contains(content, []byte(value)) {
				found++
				s.expect(false, "%s in plain in %s", value, where)
			}
		}
	}
	s.expect(found == 0, "looked for %s in %s (topics, logs, vault, %d KiB)", demo.Count(len(canaries), "value"), demo.Count(len(places), "place"), size/1024)
	return nil
}

// written is everything somebody could read, by where it is.
func (s *show) written(ctx context.Context) (map[string][]byte, error) {
	out := map[string][]byte{}
	names, err := brokertest.Topics(ctx, s.house.broker.Address())
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if slices.Contains(rawTopics, name) {
			continue
		}
		records, err := brokertest.Consume(ctx, s.house.broker.Address(), name)
		if err != nil {
			return nil, err
		}
		var content []byte
		for _, r := range records {
			content = append(append(append(append(content, r.Key...), '\n'), r.Value...), '\n')
			for _, h := range r.Headers {
				content = append(append(append(append(content, h.Key...), '\n'), h.Value...), '\n')
			}
		}
		out["topic "+name] = content
	}
	for _, folder := range []string{"logs", "vault"} {
		err := filepath.WalkDir(s.house.path(folder), func(path string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) { // compacted by the vault meanwhile
				return nil
			}
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(path)
			if os.IsNotExist(err) {
				return nil
			}
			out[path] = content
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", folder, err)
		}
	}
	return out, nil
}
