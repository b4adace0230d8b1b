// Package broker runs a throwaway Apache Kafka for tests and demonstrations: the real broker, one node that is its own
// controller (KRaft), on 127.0.0.1, which can be killed, frozen and started again on the same data and ports.
//
// It needs a Java of 17 or newer, on PATH or in JAVA_HOME. The jars, 39 MB, are downloaded once into the user's cache
// directory and checked against the SHA-256 sums of jars.txt; CLOAKROOM_MAVEN_URL names another Maven repository than
// Maven Central. Nothing is ever deleted by age or size, unless a topic says so.
//
// Beside the plain listener there is one for every kind of security that is asked for: SASL with the users of
// Options.Users, TLS with a certificate of an authority made for the occasion, and both.
package broker

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
)

// Options of a broker. The zero value has a plain listener only, and its data in a directory that Stop removes.
type Options struct {
	// Dir holds data, configuration and certificates, and stays after Stop. Default: a new one, which goes.
	Dir string
	// Log receives what the broker and its tools print, and how far a download is. Default: nobody. It is written to
	// from other goroutines.
	Log io.Writer
	// Cache is where the jars are downloaded to and looked for. Default: cloakroom in the user's cache directory.
	Cache string
	// Users may sign in by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 at the listeners SASLPlaintext and, with TLS, SASLSSL.
	// OAUTHBEARER is taken there too, with unsecured JSON web tokens.
	Users []User
	// TLS adds the listener SSL. CA is who signed the broker's certificate, which is for localhost and 127.0.0.1.
	TLS bool
	// Settings come last in server.properties, such as auto.create.topics.enable=false.
	Settings []string
}

// User is one who may sign in. Neither field may hold quotes, brackets or commas.
type User struct{ Name, Password string }

// Listener is a way to connect.
type Listener string

// The listeners a broker may have.
const (
	Plaintext     Listener = "PLAINTEXT"
	SASLPlaintext Listener = "SASL_PLAINTEXT"
	SSL           Listener = "SSL"
	SASLSSL       Listener = "SASL_SSL"

	controller Listener = "CONTROLLER"
)

// How long the broker may take to answer after its start, and to end after Stop. A machine with other work is slow.
const (
	startWait = 2 * time.Minute
	stopWait  = 30 * time.Second
)

// Server is a running broker. Methods may be called from any goroutine, one at a time.
type Server struct {
	o       Options
	java    string
	jars    string // directory
	root    string
	ownRoot bool
	ports   map[Listener]int

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd has ended
}

// Start starts a broker and returns when it answers.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("a directory for the jars of Apache Kafka: %w", err)
		}
		o.Cache = filepath.Join(dir, "cloakroom")
	}
	s := &Server{o: o}
	if s.java, err = java(); err != nil {
		return nil, err
	}
	if s.jars, err = Fetch(ctx, o.Cache, o.Log); err != nil {
		return nil, err
	}
	if err := s.makeRoot(); err != nil {
		return nil, err
	}
	if err := errors.Join(s.configure(), s.format(ctx)); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Address is where the plain listener is, host:port; it stays the same over restarts.
func (s *Server) Address() string { return s.Listener(Plaintext) }

// Listener is where a listener is, host:port, or "" when the broker has no such one.
func (s *Server) Listener(l Listener) string {
	port := s.ports[l]
	if port == 0 {
		return ""
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// CA is the file of the authority that signed the broker's certificate, PEM.
func (s *Server) CA() string { return s.path("ca.crt") }

// Data is the directory of the topics' logs.
func (s *Server) Data() string { return s.path("data") }

// PID is the process's number, or 0 when none runs.
func (s *Server) PID() int {
	if p, _ := s.process(); p != nil {
		return p.Pid
	}
	return 0
}

func (s *Server) path(name string) string { return filepath.Join(s.root, name) }

func (s *Server) makeRoot() (err error) {
	if s.o.Dir == "" {
		s.ownRoot = true
		s.root, err = os.MkdirTemp("", "cloakroom-kafka-")
		return err
	}
	if s.root, err = filepath.Abs(s.o.Dir); err != nil {
		return err
	}
	return os.MkdirAll(s.root, 0o700)
}

// freePorts finds n ports of 127.0.0.1 that nobody listens on.
func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// format makes the data, with its users, when there is none.
func (s *Server) format(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(s.Data(), "meta.properties")); err == nil {
		return nil
	}
	var id [16]byte
	_, _ = rand.Read(id[:])
	id[0] &= 0x7f // an id that begins with - would be taken for a flag
	args := []string{"kafka.tools.StorageTool", "format", "-t", base64.RawURLEncoding.EncodeToString(id[:]), "-c", s.path("server.properties")}
	for _, u := range s.o.Users {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, u.Name, u.Password))
		}
	}
	if err := s.command(ctx, args...).Run(); err != nil {
		return fmt.Errorf("format the broker's storage: %w", err)
	}
	return nil
}

// command is a Java program of Apache Kafka.
func (s *Server) command(ctx context.Context, args ...string) *exec.Cmd {
	flags := []string{
		"-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
		"-cp", filepath.Join(s.jars, "*"),
	}
	c := exec.CommandContext(ctx, s.java, append(flags, args...)...)
	c.Stdout, c.Stderr, c.Dir = s.o.Log, s.o.Log, s.root
	// A group of its own: Ctrl-C in a terminal is for who started the broker, and who then stops it.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c
}

func (s *Server) start(ctx context.Context) error {
	c := s.command(context.Background(), "kafka.Kafka", s.path("server.properties"))
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	s.mu.Lock()
	s.cmd, s.ended = c, ended
	s.mu.Unlock()
	if err := s.answers(ctx, ended); err != nil {
		return errors.Join(err, s.Kill())
	}
	return nil
}

// answers waits until the broker names itself as one of its cluster and the leader of what it holds.
func (s *Server) answers(ctx context.Context, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	transport := &kafka.Transport{DialTimeout: time.Second, MetadataTTL: 50 * time.Millisecond}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(s.Address()), Transport: transport, Timeout: 5 * time.Second}
	for {
		answer, err := client.Metadata(ctx, &kafka.MetadataRequest{})
		if err == nil && led(answer) {
			return nil
		}
		select {
		case <-ended:
			return errors.New("the broker ended at its start")
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the broker does not answer: %w", ctx.Err()), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// led reports whether there is a broker, and every partition has a leader again.
func led(m *kafka.MetadataResponse) bool {
	for _, t := range m.Topics {
		for _, p := range t.Partitions {
			if p.Error != nil || p.Leader.Host == "" {
				return false
			}
		}
	}
	return len(m.Brokers) > 0
}

// process is the running broker, or nil.
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

// Stop shuts the broker down, and removes a directory that was made for it.
func (s *Server) Stop() error {
	err := s.Shutdown()
	if s.ownRoot {
		err = errors.Join(err, os.RemoveAll(s.root))
	}
	return err
}

// Shutdown is Stop, but the data stays: Restart brings the broker back.
func (s *Server) Shutdown() error {
	p, ended := s.process()
	if p == nil {
		return nil
	}
	_ = s.Resume() // a frozen one hears nothing
	_ = p.Signal(syscall.SIGTERM)
	select {
	case <-ended:
		return nil
	case <-time.After(stopWait):
		return errors.Join(fmt.Errorf("the broker did not end within %s", stopWait), s.Kill())
	}
}

// Kill ends the broker with SIGKILL, as a crash does.
func (s *Server) Kill() error {
	p, ended := s.process()
	if p == nil {
		return nil
	}
	err := p.Kill()
	<-ended
	return err
}

// Restart starts the broker again on the same data and ports; it kills one that runs.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Kill(); err != nil {
		return err
	}
	return s.start(ctx)
}

// Pause freezes the broker: connections stay and nobody answers.
func (s *Server) Pause() error { return s.signal(syscall.SIGSTOP) }

// Resume ends Pause.
func (s *Server) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) error {
	p, _ := s.process()
	if p == nil {
		return errors.New("the broker does not run")
	}
	return p.Signal(sig)
}
