package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// listen opens the reveal socket, mode 0600, in the vault's directory. When the directory's path is too long for a
// socket address, the socket stands in a private directory of its own among the temporary files, and a file in the
// vault's directory says where.
func (v *Embedded) listen() error {
	path := filepath.Join(v.dir, vaultpb.SocketName)
	if len(path) > vaultpb.MaxSocketPath {
		var err error
		if path, err = v.shortPath(); err != nil {
			return fmt.Errorf("reveal socket: %w", err)
		}
		v.log.Info("vault: the directory's path is too long for a socket; the reveal socket is elsewhere", zap.String("socket", path))
	}
	if err := v.listenOn(path); err != nil {
		return fmt.Errorf("reveal socket: %w", err)
	}
	return nil
}

// shortPath makes a private directory for the socket and notes the socket's path in the vault's directory.
func (v *Embedded) shortPath() (string, error) {
	pointer := filepath.Join(v.dir, vaultpb.SocketPointer)
	if old, err := os.ReadFile(pointer); err == nil { // of a killed process
		_ = os.Remove(string(old))
		_ = os.Remove(filepath.Dir(string(old)))
	}
	dir, err := os.MkdirTemp("", "cloakroom-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, vaultpb.SocketName)
	if len(path) > vaultpb.MaxSocketPath {
		return "", errors.Join(fmt.Errorf("the paths of %s and of the directory for temporary files are both longer than a "+
			"socket address may be (%d bytes); set TMPDIR to a shorter one", v.dir, vaultpb.MaxSocketPath), os.Remove(dir))
	}
	if err := os.WriteFile(pointer, []byte(path), 0o600); err != nil {
		return "", errors.Join(err, os.Remove(dir))
	}
	return path, nil
}

func (v *Embedded) listenOn(path string) error {
	if err := clearSocket(path); err != nil {
		return err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	// Nobody came in between: the directory is closed to others.
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(err, l.Close())
	}
	v.socket = path
	v.http = &http.Server{
		Handler:           v.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          zap.NewStdLog(zap.NewNop()), // it may quote requests
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if p, ok := c.(*peerConn); ok {
				return WithCaller(ctx, Caller{ID: p.actor, Local: true})
			}
			return ctx
		},
	}
	v.done.Go(func() {
		if err := v.http.Serve(&peerListener{l, v.log, make(chan struct{}, maxConnections)}); err != nil && !errors.Is(err, http.ErrServerClosed) {
			v.log.Error("vault: the reveal socket is closed", zap.Error(err))
		}
	})
	return nil
}

// clearSocket removes the socket of a process that was killed. One that answers is an error, and so is a file that is
// no socket.
func clearSocket(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("%s is there and is not a socket", path)
	}
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = c.Close()
		return fmt.Errorf("%w: somebody listens on %s", ErrInUse, path)
	}
	return os.Remove(path)
}

// removeSocket removes what listen made besides the socket itself, which the listener removes.
func (v *Embedded) removeSocket() {
	if v.socket == "" || filepath.Dir(v.socket) == filepath.Clean(v.dir) {
		return
	}
	_ = os.Remove(filepath.Join(v.dir, vaultpb.SocketPointer))
	_ = os.Remove(filepath.Dir(v.socket))
}

// peerListener lets in the owner of this process and root, whatever the file's mode has become.
type peerListener struct {
	*net.UnixListener
	log   *zap.Logger
	slots chan struct{}
}

// maxConnections at once; more wait in the kernel. The process's descriptors are the receivers' too.
const maxConnections = 64

type peerConn struct {
	net.Conn
	actor string
	done  func() // gives the place back, once
}

// Close closes the connection and lets the next one in.
func (c *peerConn) Close() error {
	defer c.done()
	return c.Conn.Close()
}

// Accept implements net.Listener.
func (l *peerListener) Accept() (net.Conn, error) {
	for {
		l.slots <- struct{}{}
		c, err := l.AcceptUnix()
		if err != nil {
			<-l.slots
			return nil, err
		}
		uid, err := peerUID(c)
		if err == nil && (uid == os.Geteuid() || uid == 0) {
			return &peerConn{Conn: c, actor: fmt.Sprintf("uid:%d", uid), done: sync.OnceFunc(func() { <-l.slots })}, nil
		}
		l.log.Warn("vault: a caller of the reveal socket was turned away", zap.Int("uid", uid), zap.Error(err))
		_ = c.Close()
		<-l.slots
	}
}
