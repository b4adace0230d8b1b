// Package chaos tests the promise of a fleet: a token that left an agent as revealable reveals to the right value,
// whatever was killed, frozen, cut off or out of disk meanwhile, and no plain value is anywhere.
//
// A driver sends records of its own making through three real collectors to a real vault on a real PostgreSQL while
// faults come and go at random, from a seed that it prints. Afterwards everything is healed, every token that came out is
// revealed, and the answers are held against what was sent. `make chaos` runs it for ten minutes; CI for two.
package chaos
