//go:build services

package chaos

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A fault is injected and, after a while, healed.
type fault struct {
	name   string
	inject func(*rig, *rand.Rand) (heal func() error, err error)
}

var faults = []fault{
	{"kill -9 the vault", func(r *rig, _ *rand.Rand) (func() error, error) {
		r.vault.kill()
		return func() error { return restart(r.vault.start, r.vault) }, nil
	}},
	{"freeze the vault", func(r *rig, _ *rand.Rand) (func() error, error) {
		r.vault.signal(syscall.SIGSTOP)
		return func() error { r.vault.signal(syscall.SIGCONT); return nil }, nil
	}},
	{"restart the vault", func(r *rig, _ *rand.Rand) (func() error, error) {
		if err := r.vault.stop(); err != nil {
			return nil, err
		}
		return func() error { return restart(r.vault.start, r.vault) }, nil
	}},
	{"kill -9 PostgreSQL", func(r *rig, _ *rand.Rand) (func() error, error) {
		if err := r.database.Kill(); err != nil {
			return nil, err
		}
		return func() error { return r.database.Restart(r.t.Context()) }, nil
	}},
	{"freeze PostgreSQL", func(r *rig, _ *rand.Rand) (func() error, error) {
		if err := r.database.Pause(); err != nil {
			return nil, err
		}
		return r.database.Resume, nil
	}},
	{"kill -9 an agent", func(r *rig, random *rand.Rand) (func() error, error) {
		a := r.agents[random.IntN(len(r.agents))]
		a.kill()
		return func() error { return restart(a.start, a.process) }, nil
	}},
	{"freeze an agent", func(r *rig, random *rand.Rand) (func() error, error) {
		a := r.agents[random.IntN(len(r.agents))]
		a.signal(syscall.SIGSTOP)
		return func() error { a.signal(syscall.SIGCONT); return nil }, nil
	}},
	{"cut the network", func(r *rig, _ *rand.Rand) (func() error, error) { return r.become(cut), nil }},
	{"lose every packet", func(r *rig, _ *rand.Rand) (func() error, error) { return r.become(silent), nil }},
	{"slow the network", func(r *rig, _ *rand.Rand) (func() error, error) { return r.become(slow), nil }},
	{"fill an agent's disk", func(r *rig, random *rand.Rand) (func() error, error) {
		// No file may grow: writes fail as on a full disk, for the spool and for the output alike.
		a := r.agents[random.IntN(len(r.agents))]
		return limitFiles(a.cmd.Process.Pid, 0)
	}},
}

func (r *rig) become(w weather) func() error {
	r.network.set(w)
	return func() error { r.network.set(fair); return nil }
}

// limitFiles bounds the size of the files a process writes.
func limitFiles(pid int, size uint64) (heal func() error, err error) {
	var old unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: unix.RLIM_INFINITY}, &old); err != nil {
		return nil, err
	}
	return func() error { return unix.Prlimit(pid, unix.RLIMIT_FSIZE, &old, nil) }, nil
}

// restart starts a process again and waits until it is ready; PostgreSQL may be away at the same time, so a vault that
// does not start is tried again.
func restart(start func() error, p *process) error {
	var err error
	for range 20 {
		if err = start(); err != nil {
			return err
		}
		if err = p.healthy(20 * time.Second); err == nil {
			return nil
		}
		p.kill()
	}
	return fmt.Errorf("%s does not come back: %w", p.name, err)
}
