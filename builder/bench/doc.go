// Package bench measures Cloakroom's processor beside its peers, on the same input in one run. It is a module of its
// own, so that no peer ever enters the product's dependency graph. Results are recorded in docs/benchmarks.md.
package bench
