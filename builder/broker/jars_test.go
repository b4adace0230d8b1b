package broker

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTable(t *testing.T) {
	jars, err := parseTable(table)
	require.NoError(t, err)
	require.Greater(t, len(jars), 20)
	names := map[string]bool{}
	for _, j := range jars {
		require.False(t, names[j.name()], "%s twice", j.name())
		names[j.name()] = true
	}
	require.True(t, names["kafka_2.13-"+Version+".jar"], "the table is of the version")
	for _, bad := range []string{"abc 1 x", "x", strings.Repeat("0", 64) + " 0 a/b.jar", strings.Repeat("0", 64) + " x a/b.jar"} {
		_, err := parseTable(bad)
		require.Error(t, err, bad)
	}
}

// TestFetch takes a download through what a network does to it.
func TestFetch(t *testing.T) {
	content := strings.Repeat("0123456789", 1000)
	j := jar{sum: sha256.Sum256([]byte(content)), size: int64(len(content)), path: "org/example/a-1.jar"}
	serve := func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "a-1.jar", time.Time{}, strings.NewReader(content))
	}
	for _, c := range []struct {
		name     string
		part     string // what an earlier download left
		answer   func(n int32, w http.ResponseWriter, r *http.Request)
		requests int32
		fault    string
	}{
		{"whole", "", func(_ int32, w http.ResponseWriter, r *http.Request) { serve(w, r) }, 1, ""},
		{"goes on where it was", content[:777], func(_ int32, w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "bytes=777-" {
				w.WriteHeader(http.StatusTeapot)
				return
			}
			serve(w, r)
		}, 1, ""},
		{"a server without ranges", content[:777], func(_ int32, w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, content) }, 1, ""},
		{"all there but the name", content, func(_ int32, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, 0, ""},
		{"cut off once", "", func(n int32, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				w.Header().Set("Content-Length", fmt.Sprint(len(content)))
				fmt.Fprint(w, content[:1234])
				return
			}
			if r.Header.Get("Range") != "bytes=1234-" {
				w.WriteHeader(http.StatusTeapot)
				return
			}
			serve(w, r)
		}, 2, ""},
		{"wrong left-over", "wrong" + content[:100], func(_ int32, w http.ResponseWriter, r *http.Request) { serve(w, r) }, 2, ""},
		{"another jar", "", func(_ int32, w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.Repeat("x", len(content)))
		}, tries, "SHA-256"},
		{"an endless jar", "", func(_ int32, w http.ResponseWriter, r *http.Request) {
			for range 1000 {
				if _, err := fmt.Fprint(w, content); err != nil || r.Context().Err() != nil {
					return
				}
			}
		}, tries, "SHA-256"},
		{"not there", "", func(_ int32, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, tries, "404"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/base/org/example/a-1.jar" {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				c.answer(n.Add(1), w, r)
			}))
			defer server.Close()
			dir := t.TempDir()
			if c.part != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "a-1.jar.part"), []byte(c.part), 0o600))
			}
			err := fetch(t.Context(), dir, server.URL+"/base", []jar{j}, nil)
			require.Equal(t, c.requests, n.Load())
			if c.fault != "" {
				require.ErrorContains(t, err, c.fault)
				require.ErrorContains(t, err, MavenURL)
				require.NoFileExists(t, filepath.Join(dir, "a-1.jar"))
				return
			}
			require.NoError(t, err)
			got, err := os.ReadFile(filepath.Join(dir, "a-1.jar"))
			require.NoError(t, err)
			require.Equal(t, content, string(got))
			require.NoError(t, fetch(t.Context(), dir, server.URL+"/nowhere", []jar{j}, nil), "the second time it is there")
			require.NoError(t, os.WriteFile(filepath.Join(dir, "a-1.jar"), []byte("torn"), 0o600))
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, fetch(ended, dir, server.URL+"/base", []jar{j}, nil), context.Canceled, "a torn one is fetched again")
		})
	}
}

func TestJava(t *testing.T) {
	for text, want := range map[string]int{
		`openjdk version "17.0.15" 2025-04-15`: 17,
		`openjdk version "21" 2023-09-19`:      21,
		`java version "1.8.0_391"`:             8,
		`nothing of the kind`:                  0,
	} {
		require.Equal(t, want, major(text), text)
	}
	home := t.TempDir()
	t.Setenv("JAVA_HOME", home)
	_, err := Start(t.Context(), Options{Cache: t.TempDir()})
	require.ErrorContains(t, err, "install one", "none there")
	require.NoError(t, os.Mkdir(filepath.Join(home, "bin"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, "bin", "java"), []byte("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n"), 0o700))
	_, err = Start(t.Context(), Options{Cache: t.TempDir()})
	require.ErrorContains(t, err, "version 11", "too old")
}
