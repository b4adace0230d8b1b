//go:build services

package kafkasuite

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/builder/broker"
)

func TestServiceKafka(t *testing.T) {
	log, err := os.Create(filepath.Join(t.TempDir(), "broker.log"))
	require.NoError(t, err)
	defer log.Close()
	s, err := broker.Start(context.Background(), broker.Options{Log: log, Settings: []string{"log.cleaner.backoff.ms=100", "log.initial.task.delay.ms=100"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	c := &cluster{seeds: []string{s.Address()}, appendTime: true}
	c.compact = func(t *testing.T, topic string) {
		before := len(c.all(t, topic))
		deadline := time.Now().Add(60 * time.Second)
		for last := before; ; time.Sleep(time.Second) {
			now := len(c.all(t, topic))
			if now < before/2 && now == last {
				return
			}
			last = now
			require.True(t, time.Now().Before(deadline), "the cleaner does not clean: %d records of %d", now, before)
		}
	}
	// The broker sends what is in its files and does not look at it.
	c.damage = func(t *testing.T, topic string, partition int32, harm func([][]byte)) {
		require.Zero(t, partition)
		path := filepath.Join(s.Data(), topic+"-0", "00000000000000000000.log")
		set, err := os.ReadFile(path)
		require.NoError(t, err)
		harm(split(set))
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = f.WriteAt(set, 0)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	suite(t, c)
}
