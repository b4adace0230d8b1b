// Package postgres runs a throwaway PostgreSQL for tests and demonstrations: the real server, on 127.0.0.1, with a
// password, that can be killed, frozen and started again on the same data and port.
//
// It takes an installed PostgreSQL, from PATH or from where Debian and its kin put it; where there is none, it downloads
// one into a directory of the caller's. PostgreSQL refuses to run as root: when this process does, the server runs as
// the user postgres or nobody.
package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options of a server. The zero value runs an installed PostgreSQL in a directory that Stop removes.
type Options struct {
	// Dir holds the data, which is made when there is none and stays after Stop. Default: a new one, which goes.
	Dir string
	// Log receives what the server and its tools print. Default: nobody. It is written to from other goroutines.
	Log io.Writer
	// Cache is where a PostgreSQL is downloaded to, and looked for, when none is installed. Default: none is downloaded.
	Cache string
	// Download has Cache used even when a PostgreSQL is installed.
	Download bool
	// Settings are set on the command line of the server, such as max_connections=20.
	Settings []string
}

// User is the superuser of the server, and also the database the URL names.
const User = "postgres"

// How long the server may take to answer after its start, to end after Stop, and to come to rest after Kill.
const (
	startWait = time.Minute
	stopWait  = 30 * time.Second
)

// Server is a running PostgreSQL. Methods may be called from any goroutine, one at a time.
type Server struct {
	o       Options
	bin     string
	root    string // holds data and password
	data    string
	as      *user
	port    int
	secret  string
	ownRoot bool

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd has ended
}

// Start starts a server and returns when it answers.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	s := &Server{o: o, secret: rand.Text()}
	if s.bin, err = binaries(o); err != nil {
		return nil, err
	}
	if s.as, err = unprivileged(); err != nil {
		return nil, err
	}
	if err := s.makeRoot(); err != nil {
		return nil, err
	}
	if err := s.reachBinaries(); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if err := errors.Join(s.initialize(ctx), s.start(ctx)); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// URL connects to the server as its superuser.
func (s *Server) URL() string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(User, s.secret), Host: s.Address(), Path: "/" + User,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Address is where the server listens, host:port; it stays the same over restarts.
func (s *Server) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// Binaries is the directory of the server's programs.
func (s *Server) Binaries() string { return s.bin }

func (s *Server) makeRoot() (err error) {
	s.root = s.o.Dir
	if s.root == "" {
		s.ownRoot = true
		// Not in the directory of a test, which only its owner may enter.
		if s.root, err = os.MkdirTemp("", "cloakroom-postgres-"); err != nil {
			return err
		}
	} else if err := os.MkdirAll(s.root, 0o700); err != nil {
		return err
	}
	s.data = filepath.Join(s.root, "data")
	if err := s.as.own(s.root); err != nil {
		return err
	}
	return s.as.reaches(s.root)
}

// reachBinaries copies the programs beside the data when who runs them cannot get at them where they are: a download in
// a directory below root's own.
func (s *Server) reachBinaries() error {
	if s.as.may("-x", filepath.Join(s.bin, "postgres")) {
		return nil
	}
	release := filepath.Join(s.root, "release")
	if err := os.CopyFS(release, os.DirFS(filepath.Dir(s.bin))); err != nil {
		return fmt.Errorf("copying PostgreSQL to where it can run: %w", err)
	}
	s.bin = filepath.Join(release, "bin")
	return filepath.WalkDir(release, func(path string, _ fs.DirEntry, err error) error { return errors.Join(err, s.as.own(path)) })
}

// initialize makes the data when there is none, and sets the password either way.
func (s *Server) initialize(ctx context.Context) error {
	kept := filepath.Join(s.root, "password")
	if _, err := os.Stat(filepath.Join(s.data, "PG_VERSION")); err == nil {
		secret, err := os.ReadFile(kept)
		s.secret = string(secret)
		return err
	}
	if err := os.WriteFile(kept, []byte(s.secret), 0o600); err != nil {
		return err
	}
	if err := s.as.own(kept); err != nil {
		return err
	}
	c := s.command(ctx, "initdb", "-D", s.data, "-U", User, "--pwfile", kept, "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--no-locale", "--no-sync")
	if err := c.Run(); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	return nil
}

// command is a program of PostgreSQL, run as who may.
func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	c.Stdout, c.Stderr, c.Dir = s.o.Log, s.o.Log, s.root
	c.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	c.SysProcAttr = s.as.attributes()
	return c
}

func (s *Server) start(ctx context.Context) error {
	if s.port == 0 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		s.port = l.Addr().(*net.TCPAddr).Port
		l.Close()
	}
	args := []string{
		"-D", s.data, "-c", "listen_addresses=127.0.0.1", "-c", fmt.Sprintf("port=%d", s.port),
		"-c", "unix_socket_directories=",
	}
	for _, setting := range s.o.Settings {
		args = append(args, "-c", setting)
	}
	deadline := time.Now().Add(startWait)
	for {
		ended, err := s.launch(args)
		if err != nil {
			return err
		}
		if err = s.answers(ctx, ended, deadline); err == nil {
			return nil
		}
		// The processes of a server that was killed hold its memory for a moment, and nobody may start beside them.
		if ctx.Err() != nil || time.Now().After(deadline) || !errors.Is(err, errEnded) {
			return errors.Join(err, s.Kill())
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (s *Server) launch(args []string) (ended chan struct{}, err error) {
	c := s.command(context.Background(), "postgres", args...)
	if err := c.Start(); err != nil {
		return nil, err
	}
	ended = make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	s.mu.Lock()
	s.cmd, s.ended = c, ended
	s.mu.Unlock()
	return ended, nil
}

var errEnded = errors.New("PostgreSQL ended at its start")

// answers waits until the server does.
func (s *Server) answers(ctx context.Context, ended <-chan struct{}, deadline time.Time) error {
	for {
		try, cancel := context.WithTimeout(ctx, 5*time.Second)
		conn, err := pgx.Connect(try, s.URL())
		if err == nil {
			err = conn.Close(try)
		}
		cancel()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("PostgreSQL does not answer: %w", err)
		}
		select {
		case <-ended:
			return errEnded
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// process is the running server, or nil.
func (s *Server) process() (*os.Process, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return nil, nil
	}
	select {
	case <-s.ended:
		return nil, nil
	default:
		return s.cmd.Process, s.ended
	}
}

// Stop shuts the server down, without waiting for its clients, and removes a directory that was made for it.
func (s *Server) Stop() error {
	err := s.Shutdown()
	if s.ownRoot {
		err = errors.Join(err, os.RemoveAll(s.root))
	}
	return err
}

// Shutdown is Stop, but the data stays: Restart brings the server back.
func (s *Server) Shutdown() error {
	p, ended := s.process()
	if p == nil {
		return nil
	}
	_ = s.Resume()               // a frozen one hears nothing
	_ = p.Signal(syscall.SIGINT) // "fast"
	select {
	case <-ended:
		return nil
	case <-time.After(stopWait):
		return errors.Join(errors.New("PostgreSQL did not end in time"), s.Kill())
	}
}

// Kill ends the server and all its processes with SIGKILL, as a crash does.
func (s *Server) Kill() error {
	p, ended := s.process()
	if p == nil {
		return nil
	}
	all := family(p.Pid)
	err := p.Kill()
	for _, pid := range all {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-ended
	return err
}

// Restart starts the server again on the same data, port and password; it kills one that runs.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Kill(); err != nil {
		return err
	}
	return s.start(ctx)
}

// Pause freezes the server and all its processes: connections stay and nobody answers.
func (s *Server) Pause() error { return s.signalAll(syscall.SIGSTOP) }

// Resume ends Pause.
func (s *Server) Resume() error { return s.signalAll(syscall.SIGCONT) }

func (s *Server) signalAll(sig syscall.Signal) error {
	p, _ := s.process()
	if p == nil {
		return errors.New("PostgreSQL does not run")
	}
	err := p.Signal(sig) // first: a frozen server makes no new processes
	for _, pid := range family(p.Pid) {
		if e := syscall.Kill(pid, sig); e != nil && !errors.Is(e, syscall.ESRCH) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// family is the processes a process started.
func family(parent int) []int {
	out, err := exec.Command("ps", "-A", "-o", "ppid=,pid=").Output()
	if err != nil {
		return nil
	}
	var all []int
	for line := range strings.Lines(string(out)) {
		var ppid, pid int
		if n, _ := fmt.Sscan(line, &ppid, &pid); n == 2 && ppid == parent {
			all = append(all, pid)
		}
	}
	return all
}
