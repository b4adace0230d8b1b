//go:build services

package kafkachaos

import (
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"syscall"
	"time"
)

// subject is what a fault is of, one or several: two faults of one subject never meet.
type subject uint

const (
	ofVault subject = 1 << iota
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
	// What is with the pipeline waits for the vault, and must not have been committed.
	{"kill -9 all consumers while the vault is away", ofVault | ofConsumer, func(r *rig, _ *rand.Rand) (func() error, error) {
		r.vault.kill()
		time.Sleep(commitInterval + 500*time.Millisecond)
		for _, c := range r.consumers[:3] {
			c.kill()
		}
		return func() error { return restart(append([]*process{r.vault}, r.consumers[:3]...)...) }, nil
	}},
	// What waited for the vault comes after others have taken the partitions over.
	{"freeze a consumer past its session while the vault is frozen", ofVault | ofConsumer, func(r *rig, random *rand.Rand) (func() error, error) {
		vault := freeze(r.vault, 0)
		time.Sleep(500 * time.Millisecond)
		consumer := freeze(r.consumers[random.IntN(3)], sessionTimeout+3*time.Second)
		return func() error { return errors.Join(vault(), consumer()) }, nil
	}},
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
		return func() error { return restart(a, b) }, nil
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

// restart starts processes again, one after the other, and waits until each is ready.
func restart(all ...*process) error {
	for _, p := range all {
		if err := p.start(); err != nil {
			return err
		}
		if err := p.healthy(30 * time.Second); err != nil {
			return fmt.Errorf("%s does not come back: %w", p.name, err)
		}
	}
	return nil
}

// storm injects faults, one or two at a time, until the time is over, and heals the last ones. Each fault has been before one
// comes again.
func (r *rig) storm(seed uint64, duration time.Duration) (count int, err error) {
	random := rand.New(rand.NewPCG(seed, 0))
	var order []int
	for end := time.Now().Add(duration); time.Now().Before(end); {
		time.Sleep(time.Duration(200+random.IntN(1000)) * time.Millisecond)
		var used subject
		heals := map[subject]func() error{} // by the last of a fault's subjects
		for range 1 + random.IntN(2) {
			if len(order) == 0 {
				order = random.Perm(len(faults))
			}
			f := faults[order[0]]
			if used&f.of != 0 {
				break
			}
			order, used = order[1:], used|f.of
			fmt.Printf("chaos: %s: %s\n", time.Now().Format("15:04:05.000"), f.name)
			heal, err := f.inject(r, random)
			if err != nil {
				return count, fmt.Errorf("%s: %w", f.name, err)
			}
			heals[1<<(bits.Len(uint(f.of))-1)] = heal
			count++
			time.Sleep(time.Duration(random.IntN(1500)) * time.Millisecond)
		}
		time.Sleep(time.Duration(500+random.IntN(2500)) * time.Millisecond)
		for of := ofVault; of <= ofGroup; of <<= 1 { // a consumer is not ready before its vault and broker are
			if heal := heals[of]; heal != nil {
				if err := heal(); err != nil {
					return count, err
				}
			}
		}
	}
	return count, nil
}
