//go:build !race

package tokenization

const underRace = false
