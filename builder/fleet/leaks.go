package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"github.com/cloakroom/cloakroom/builder/demo"
)

// leaks looks for every personal value in everything that was written: what arrived at the backend, logs, spools,
// queues, the vault's folder, and every row of the database.
func (s *show) leaks(ctx context.Context) error {
	s.out.Heading("Check")
	places, err := s.written(ctx)
	if err != nil {
		return err
	}
	size := 0
	for where, content := range places {
		size += len(content)
		for _, value := range plain() {
			for _, spelled := range [][]byte{[]byte(value), []byte(hex.EncodeToString([]byte(value)))} {
				if bytes.Contains(content, spelled) {
					s.expect(false, "%s in plain in %s", value, where)
				}
			}
		}
	}
	s.expect(s.faults == 0, "looked for %s in %s (backend, logs, spools, vault, database, %d KiB)",
		demo.Count(len(plain()), "value"), demo.Count(len(places), "place"), size/1024)
	return nil
}

// written is everything somebody could read, by where it is.
func (s *show) written(ctx context.Context) (map[string][]byte, error) {
	h := s.house
	out := map[string][]byte{}
	var err error
	if out["the backend"], err = h.backend.everything(); err != nil {
		return nil, err
	}
	for _, folder := range []string{"logs", "agents", "vault"} {
		err := filepath.WalkDir(h.path(folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			out[path], err = os.ReadFile(path)
			if os.IsNotExist(err) { // a segment that was shipped meanwhile
				return nil
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, s.rows(ctx, out)
}

// rows adds every row of every table, as text.
func (s *show) rows(ctx context.Context, out map[string][]byte) error {
	conn, err := pgx.Connect(ctx, s.house.database.URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `select schemaname || '.' || tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`)
	if err != nil {
		return err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if len(tables) == 0 {
		return fmt.Errorf("the database has no tables: the vault is elsewhere")
	}
	for _, table := range tables {
		var content []byte
		rows, err := conn.Query(ctx, "select t::text from "+table+" t")
		if err != nil {
			return err
		}
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, t := range texts {
			content = append(append(content, t...), '\n')
		}
		out["table "+table] = content
	}
	return nil
}
