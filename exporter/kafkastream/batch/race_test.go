//go:build race

package batch_test

// underRace is set where the race detector adds allocations of its own.
const underRace = true
