//go:build services

package kafka_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/builder/broker"
)

func TestServiceReplay(t *testing.T) {
	s, err := broker.Start(t.Context(), broker.Options{Settings: []string{"auto.create.topics.enable=false"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	suite(t, s.Address())
}
