// Package fleetbench measures a vault that serves many agents: real listeners with mutual TLS on the loopback interface,
// real stores on disk. It holds benchmarks only; docs/benchmarks.md has their tables.
package fleetbench
