//go:build !race

package kafkastream

const underRace = false
