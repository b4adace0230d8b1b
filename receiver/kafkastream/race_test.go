//go:build race

package kafkastream

// underRace is set where the race detector adds allocations of its own.
const underRace = true
