//go:build services

package kafkachaos

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"
)

// subject is what a fault is of: two faults of one subject never meet.
type subject int

const (
	ofVault subject = iota
	ofBroker
	ofConsumer
	ofGroup
)

// A fault is injected and, after a while, healed.
type fault struct {
	name   string
	of     subject
	inject func(*rig, *rand.Rand) (heal func() error, err error)
}

var faults = []fault{
	{"kill -9 the vault", ofVault, func(r *rig, _ *rand.Rand) (func() error, error) {
		r.vault.kill()
		return func() error { return restart(r.vault) }, nil
	}},
	{"freeze the vault", ofVault, func(r *rig, _ *rand.Rand) (func() error, error) { return freeze(r.vault, 0), nil }},
	{"kill -9 the broker", ofBroker, func(r *rig, _ *rand.Rand) (func() error, error) {
		return func() error { return r.broker.Restart(r.t.Context()) }, r.broker.Kill()
	}},
	{"restart the broker", ofBroker, func(r *rig, _ *rand.Rand) (func() error, error) {
		return func() error { return r.broker.Restart(r.t.Context()) }, r.broker.Shutdown()
	}},
	{"freeze the broker", ofBroker, func(r *rig, _ *rand.Rand) (func() error, error) {
		return r.broker.Resume, r.broker.Pause()
	}},
	{"kill -9 a consumer", ofConsumer, func(r *rig, random *rand.Rand) (func() error, error) {
		c := r.consumers[random.IntN(3)]
		c.kill()
		return func() error { return restart(c) }, nil
	}},
	{"kill -9 two consumers", ofConsumer, func(r *rig, random *rand.Rand) (func() error, error) {
		n := random.IntN(3)
		a, b := r.consumers[n], r.consumers[(n+1)%3]
		a.kill()
		b.kill()
		return func() error {
			if err := restart(a); err != nil {
				return err
			}
			return restart(b)
		}, nil
	}},
	{"freeze a consumer", ofConsumer, func(r *rig, random *rand.Rand) (func() error, error) {
		return freeze(r.consumers[random.IntN(3)], 0), nil
	}},
	{"freeze a consumer past its session", ofConsumer, func(r *rig, random *rand.Rand) (func() error, error) {
		return freeze(r.consumers[random.IntN(3)], sessionTimeout+3*time.Second), nil
	}},
	{"take a consumer away", ofConsumer, func(r *rig, random *rand.Rand) (func() error, error) {
		c := r.consumers[random.IntN(3)]
		return func() error { return restart(c) }, c.stop()
	}},
	{"add a consumer", ofGroup, func(r *rig, _ *rand.Rand) (func() error, error) {
		c := r.consumers[3]
		return c.stop, c.start()
	}},
}

// freeze stops a process for at least the time.
func freeze(p *process, least time.Duration) (heal func() error) {
	p.signal(syscall.SIGSTOP)
	begun := time.Now()
	return func() error {
		time.Sleep(least - time.Since(begun))
		p.signal(syscall.SIGCONT)
		return nil
	}
}

// restart starts a process again and waits until it is ready.
func restart(p *process) error {
	if err := p.start(); err != nil {
		return err
	}
	if err := p.healthy(30 * time.Second); err != nil {
		return fmt.Errorf("%s does not come back: %w", p.name, err)
	}
	return nil
}

// storm injects faults, one or two at a time, until the time is over, and heals the last ones. The first round tries each
// fault once, in random order: however short the run, each has been.
func (r *rig) storm(seed uint64, duration time.Duration) (count int, err error) {
	random := rand.New(rand.NewPCG(seed, 0))
	order := random.Perm(len(faults))
	for end := time.Now().Add(duration); time.Now().Before(end); {
		time.Sleep(time.Duration(200+random.IntN(1000)) * time.Millisecond)
		heals := map[subject]func() error{}
		for range 1 + random.IntN(2) {
			if len(order) == 0 {
				order = random.Perm(len(faults))
			}
			f := faults[order[0]]
			if heals[f.of] != nil {
				break
			}
			order = order[1:]
			fmt.Printf("chaos: %s: %s\n", time.Now().Format("15:04:05.000"), f.name)
			heal, err := f.inject(r, random)
			if err != nil {
				return count, fmt.Errorf("%s: %w", f.name, err)
			}
			heals[f.of] = heal
			count++
		}
		time.Sleep(time.Duration(500+random.IntN(3000)) * time.Millisecond)
		for of := ofVault; of <= ofGroup; of++ { // a consumer is not ready before its vault and broker are
			if heal := heals[of]; heal != nil {
				if err := heal(); err != nil {
					return count, err
				}
			}
		}
	}
	return count, nil
}
