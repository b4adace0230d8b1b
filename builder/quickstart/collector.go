package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// collector is the running collector process.
type collector struct {
	cmd     *exec.Cmd
	log     string // path of its log
	ended   chan struct{}
	err     error // why it ended; read after ended is closed
	stopped sync.Once
	stopErr error
}

// startCollector starts the collector with the quickstart's configuration, which reads its paths and ports from the
// environment. Everything it says goes to collector.log in the data directory.
func startCollector(s settings) (*collector, error) {
	path := filepath.Join(s.data, "collector.log")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create the collector's log: %w", err)
	}
	defer file.Close() // the child has its own handle
	_, metricsPort, err := net.SplitHostPort(s.metrics)
	if err != nil {
		return nil, fmt.Errorf("-metrics %s: %w", s.metrics, err)
	}
	c := &collector{cmd: exec.Command(s.collector, "--config", s.config), log: path, ended: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = file, file
	c.cmd.SysProcAttr = ownGroup() // Ctrl-C comes to us, and we end the collector
	c.cmd.Env = append(os.Environ(), "CLOAKROOM_DATA="+s.data, "CLOAKROOM_LOGS="+s.sample, "CLOAKROOM_GRPC="+s.grpc,
		"CLOAKROOM_HTTP="+s.http, "CLOAKROOM_HEALTH="+s.health, "CLOAKROOM_METRICS_PORT="+metricsPort)
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.collector, err)
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

func (c *collector) pid() int { return c.cmd.Process.Pid }

// healthy waits until the health check says that the collector is ready.
func (c *collector) healthy(ctx context.Context, s settings) error {
	client := http.Client{Timeout: time.Second}
	ready := func() bool {
		resp, err := client.Get("http://" + s.health + "/")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}
	return c.poll(ctx, s.patience, "the collector is not ready", func() (bool, error) { return ready(), nil })
}

// poll asks until done says yes, the collector ends, or patience does.
func (c *collector) poll(ctx context.Context, patience time.Duration, otherwise string, done func() (bool, error)) error {
	deadline := time.After(patience)
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		yes, err := done()
		if yes || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.ended:
			return c.explain(c.death())
		case <-deadline:
			return c.explain(fmt.Errorf("%s after %s", otherwise, patience))
		case <-tick.C:
		}
	}
}

// death says how the collector ended without being asked to. Call it once ended is closed.
func (c *collector) death() error {
	if c.err == nil {
		return errors.New("the collector ended by itself")
	}
	return fmt.Errorf("the collector ended by itself: %w", c.err)
}

// explain adds the end of the collector's log to an error.
func (c *collector) explain(err error) error {
	log, readErr := os.ReadFile(c.log)
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	lines := strings.Split(string(bytes.TrimSpace(log)), "\n")
	lines = lines[max(0, len(lines)-8):]
	for i, l := range lines {
		if len(l) > 400 {
			lines[i] = l[:400] + "..."
		}
	}
	return fmt.Errorf("%w\nthe end of its log, %s:\n  %s", err, c.log, strings.Join(lines, "\n  "))
}

// serve blocks until the user stops it, which is no error, or the collector ends.
func (c *collector) serve(ctx context.Context, out *screen) error {
	select {
	case <-ctx.Done():
		out.print("")
		out.line("stopping the collector")
		return nil
	case <-c.ended:
		return c.explain(c.death())
	}
}

// stop lets the collector finish its work and end; it waits for that. Further calls return the same.
func (c *collector) stop() error {
	c.stopped.Do(func() {
		select {
		case <-c.ended: // by itself: reported where it was noticed
			return
		default:
		}
		if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			c.stopErr = fmt.Errorf("stop the collector: %w", err)
			return
		}
		select {
		case <-c.ended:
			if c.err != nil {
				c.stopErr = c.explain(fmt.Errorf("the collector did not end cleanly: %w", c.err))
			}
		case <-time.After(30 * time.Second):
			c.stopErr = errors.Join(c.explain(errors.New("the collector did not stop within 30 s and was killed")), c.cmd.Process.Kill())
			<-c.ended
		}
	})
	return c.stopErr
}
