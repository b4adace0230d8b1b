package broker

import (
	"bufio"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Version is the release of Apache Kafka that jars.txt lists.
const Version = "4.1.1"

// MavenURL names the environment variable that holds the base URL of the Maven repository the jars come from.
const MavenURL = "CLOAKROOM_MAVEN_URL"

const mavenCentral = "https://repo1.maven.org/maven2"

//go:embed jars.txt
var table string

// Limits of a download: how often a jar is tried, how long all of them may take, and how long a server may be silent.
const (
	tries        = 4
	downloadWait = 10 * time.Minute
	silence      = 30 * time.Second
)

// jar is a line of jars.txt.
type jar struct {
	sum  [sha256.Size]byte
	size int64
	path string // below the base URL
}

func (j jar) name() string { return path.Base(j.path) }

func parseTable(text string) (jars []jar, err error) {
	for n, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var j jar
		var sum string
		if _, err := fmt.Sscanf(line, "%s %d %s", &sum, &j.size, &j.path); err != nil {
			return nil, fmt.Errorf("jars.txt, line %d: %w", n+1, err)
		}
		raw, err := hex.DecodeString(sum)
		if err != nil || len(raw) != len(j.sum) || j.size <= 0 {
			return nil, fmt.Errorf("jars.txt, line %d: want a SHA-256, a size and a path", n+1)
		}
		copy(j.sum[:], raw)
		jars = append(jars, j)
	}
	return jars, nil
}

// Fetch brings the jars of the broker into cache, or finds them there, and returns the directory that holds them. Every
// jar is checked against its SHA-256 each time. A download that was cut off goes on where it was; one process at a time
// downloads. log, which may be nil, receives a line every few seconds of a download.
func Fetch(ctx context.Context, cache string, log io.Writer) (dir string, err error) {
	base := os.Getenv(MavenURL)
	if base == "" {
		base = mavenCentral
	}
	jars, err := parseTable(table)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(cache, "kafka-"+Version)
	return dir, fetch(ctx, dir, strings.TrimSuffix(base, "/"), jars, log)
}

func fetch(ctx context.Context, dir, base string, jars []jar, log io.Writer) error {
	if log == nil {
		log = io.Discard
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	ctx, cancel := context.WithTimeout(ctx, downloadWait)
	defer cancel()
	d := &download{dir: dir, base: base, log: log, client: &http.Client{Transport: transport()}}
	defer d.client.CloseIdleConnections()
	for _, j := range jars {
		d.total += j.size
	}
	for _, j := range jars {
		if whole(filepath.Join(dir, j.name()), j) {
			d.done += j.size
			continue
		}
		if err := d.jar(ctx, j); err != nil {
			return fmt.Errorf("download Apache Kafka %s: %w (%s names another Maven repository)", Version, err, MavenURL)
		}
	}
	return nil
}

func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = silence
	return t
}

// whole reports whether the file is the jar.
func whole(file string, j jar) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return err == nil && n == j.size && [sha256.Size]byte(h.Sum(nil)) == j.sum
}

// download is a run of Fetch.
type download struct {
	dir, base   string
	log         io.Writer
	client      *http.Client
	done, total int64 // bytes
	told        time.Time
}

// jar brings one, in as many tries as are allowed.
func (d *download) jar(ctx context.Context, j jar) (err error) {
	part := filepath.Join(d.dir, j.name()+".part")
	for try := range tries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return errors.Join(ctx.Err(), err)
			case <-time.After(time.Duration(try) * 500 * time.Millisecond):
			}
		}
		if err = d.resume(ctx, j, part); err != nil {
			continue
		}
		if !whole(part, j) {
			err = fmt.Errorf("%s: not the jar with the SHA-256 that is pinned", j.path)
			if e := os.Remove(part); e != nil {
				return errors.Join(err, e)
			}
			continue
		}
		d.done += j.size
		return os.Rename(part, filepath.Join(d.dir, j.name()))
	}
	return err
}

// resume appends to part what is missing of the jar.
func (d *download) resume(ctx context.Context, j jar, part string) error {
	f, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil || have == j.size {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+"/"+j.path, nil)
	if err != nil {
		return err
	}
	if have > 0 && have < j.size {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := d.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusPartialContent:
	case http.StatusOK: // from its start
		if err := f.Truncate(0); err != nil {
			return err
		}
		if have, err = f.Seek(0, io.SeekStart); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%s: the repository answers %s", j.path, response.Status)
	}
	hush := time.AfterFunc(silence, func() { cancel(fmt.Errorf("%s: nothing came for %s", j.path, silence)) })
	defer hush.Stop()
	body := &counted{Reader: io.LimitReader(response.Body, j.size-have+1), on: func(n int64) {
		hush.Reset(silence)
		d.tell(j, have+n)
	}}
	_, err = bufio.NewReader(body).WriteTo(f)
	if err != nil && context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	return err
}

// tell writes how far the download is, at most every few seconds.
func (d *download) tell(j jar, have int64) {
	if time.Since(d.told) < 3*time.Second {
		return
	}
	d.told = time.Now()
	fmt.Fprintf(d.log, "downloading Apache Kafka %s: %.1f of %.1f MB, now %s\n", Version, float64(d.done+have)/1e6, float64(d.total)/1e6, j.name())
}

// counted calls on with how many bytes were read so far.
type counted struct {
	io.Reader
	n  int64
	on func(int64)
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	c.on(c.n)
	return n, err
}
