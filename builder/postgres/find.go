package postgres

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// downloaded is the release that is downloaded.
const downloaded = embedded.V17

// binaries is the directory of a PostgreSQL's programs.
func binaries(o Options) (string, error) {
	if !o.Download {
		if dir := installed(); dir != "" {
			return dir, nil
		}
	}
	if o.Cache == "" {
		return "", errors.New("no PostgreSQL is installed: neither in PATH nor in /usr/lib/postgresql")
	}
	cache, err := filepath.Abs(o.Cache)
	if err != nil {
		return "", err
	}
	return download(cache, o.Log)
}

// installed is the directory of the newest installed PostgreSQL's programs, or "".
func installed() string {
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && complete(filepath.Dir(path)) {
			return filepath.Dir(path)
		}
	}
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(dirs, func(a, b string) int { return release(b) - release(a) })
	for _, dir := range dirs {
		if complete(dir) {
			return dir
		}
	}
	return ""
}

func release(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

func complete(bin string) bool {
	for _, name := range []string{"postgres", "initdb"} {
		if info, err := os.Stat(filepath.Join(bin, name)); err != nil || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

// download brings a PostgreSQL into the cache. The library that fetches and unpacks it does so at the start of a server
// only, so one is started, as far as it gets: as root it gets no further than to initdb.
func download(cache string, log io.Writer) (string, error) {
	dir := filepath.Join(cache, "postgres-"+string(downloaded))
	bin := filepath.Join(dir, "bin")
	whole := filepath.Join(dir, "whole")
	if _, err := os.Stat(whole); err == nil && complete(bin) {
		return bin, nil
	}
	scratch, err := os.MkdirTemp("", "cloakroom-postgres-download-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	// The first start of a release may take a while on a slow disk; the download is not timed.
	server := embedded.NewDatabase(embedded.DefaultConfig().Version(downloaded).Logger(log).Port(port).
		CachePath(cache).BinariesPath(dir).RuntimePath(filepath.Join(scratch, "run")).DataPath(filepath.Join(scratch, "data")).
		StartTimeout(startWait))
	err = server.Start()
	if err == nil {
		err = server.Stop()
	} else if os.Geteuid() == 0 && complete(bin) {
		err = nil // unpacked; initdb refused root, as it must
	}
	if err != nil {
		return "", fmt.Errorf("downloading PostgreSQL %s: %w", downloaded, err)
	}
	if !complete(bin) {
		return "", fmt.Errorf("downloading PostgreSQL %s: its archive holds no server", downloaded)
	}
	return bin, os.WriteFile(whole, nil, 0o644)
}

func freePort() (uint32, error) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return uint32(l.Addr().(*net.TCPAddr).Port), nil
}
