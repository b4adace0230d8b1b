package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is a program that a demonstration started.
type Process struct {
	name    string // as errors call it, such as "the collector"
	cmd     *exec.Cmd
	log     string // path of its log
	ended   chan struct{}
	err     error // why it ended; read after ended is closed
	stopped sync.Once
	stopErr error
}

// Start starts a program, with env beside this process's environment. Everything it says goes to the file log.
func Start(name, log string, env []string, program string, args ...string) (*Process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create the log of %s: %w", name, err)
	}
	defer file.Close() // the child has its own handle
	p := &Process{name: name, cmd: exec.Command(program, args...), log: log, ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = file, file
	p.cmd.SysProcAttr = ownGroup() // Ctrl-C comes to us, and we end the process
	p.cmd.Env = append(os.Environ(), env...)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Healthy waits until url answers 200.
func (p *Process) Healthy(ctx context.Context, url string, patience time.Duration) error {
	client := http.Client{Timeout: time.Second}
	return p.Poll(ctx, patience, p.name+" is not ready", func() (bool, error) {
		resp, err := client.Get(url)
		if err != nil {
			return false, nil //nolint:nilerr // not yet
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK, nil
	})
}

// Poll asks until done says yes, the process ends, or patience does: otherwise says what then is the matter.
func (p *Process) Poll(ctx context.Context, patience time.Duration, otherwise string, done func() (bool, error)) error {
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
		case <-p.ended:
			return p.Explain(p.death())
		case <-deadline:
			return p.Explain(fmt.Errorf("%s after %s", otherwise, patience))
		case <-tick.C:
		}
	}
}

// death says how the process ended without being asked to. Call it once ended is closed.
func (p *Process) death() error {
	if p.err == nil {
		return fmt.Errorf("%s ended by itself", p.name)
	}
	return fmt.Errorf("%s ended by itself: %w", p.name, p.err)
}

// Explain adds the end of the process's log to an error.
func (p *Process) Explain(err error) error {
	log, readErr := os.ReadFile(p.log)
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
	return fmt.Errorf("%w\nthe end of its log, %s:\n  %s", err, p.log, strings.Join(lines, "\n  "))
}

// Serve blocks until the user stops it, which is no error, or the process ends.
func (p *Process) Serve(ctx context.Context, out *Screen) error {
	select {
	case <-ctx.Done():
		out.Print("")
		out.Line("stopping %s", p.name)
		return nil
	case <-p.ended:
		return p.Explain(p.death())
	}
}

// stopPatience is how long a process may take to finish its work.
const stopPatience = 30 * time.Second

// Stop lets the process finish its work and end; it waits for that. Further calls return the same.
func (p *Process) Stop() error {
	p.stopped.Do(func() {
		select {
		case <-p.ended: // by itself: reported where it was noticed
			return
		default:
		}
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			p.stopErr = fmt.Errorf("stop %s: %w", p.name, err)
			return
		}
		select {
		case <-p.ended:
			if p.err != nil {
				p.stopErr = p.Explain(fmt.Errorf("%s did not end cleanly: %w", p.name, p.err))
			}
		case <-time.After(stopPatience):
			err := fmt.Errorf("%s did not stop within %s and was killed", p.name, stopPatience)
			p.stopErr = errors.Join(p.Explain(err), p.cmd.Process.Kill())
			<-p.ended
		}
	})
	return p.stopErr
}
