//go:build !subset

package detect

// wanted leaves the rules as they are. With the build tag subset, benchmarks choose how many there are.
func wanted([]rule) {}
