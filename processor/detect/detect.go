// Package detect finds personal data and secrets in text.
//
// Call [New] once and [Detector.Find] for every text, with a [Scratch] per goroutine and the [Key] of the attribute
// that holds the text. Find promises:
//
//   - findings in ascending order that never overlap and never cut a UTF-8 sequence;
//   - no allocation on clean text, nor after warm-up;
//   - time linear in the text, whatever the text;
//   - idempotence: where every finding is replaced by a token that Settings.Recognize verifies, finding again gives
//     only Token findings;
//   - the same answer as [Detector.Reference], which tries every verifier at every offset.
//
// The package knows neither OpenTelemetry data, nor vaults, nor policies: whether a finding matters is the caller's
// decision.
package detect

// Settings says what a Detector looks for beside the built-in entities.
type Settings struct {
	Patterns []Pattern
	Keys     []KeyRule
	// Recognize returns the length of the verified token, with its kept part, that s starts with; 0 when there is
	// none. It is called only where "tkt_" stands. Nil: no token is recognized. Safe for concurrent use.
	Recognize func(s string) int
	// Structural makes [Detector.Key] treat the structural keys of the OpenTelemetry semantic conventions (k8s.pod.name,
	// service.name, ...) like any other key. Ids that carry a trace are left alone all the same.
	Structural bool
}

// Pattern is a custom entity found by a regular expression in RE2 syntax.
type Pattern struct {
	Name, Regex, Class string
	Group              Group
}

// KeyRule makes the whole value under matching keys an entity: attribute keys and keys inside text. In the glob, * is
// any run of characters and ? is one; letter case does not matter. Entity names a built-in or a new custom entity.
type KeyRule struct {
	Glob, Entity, Class string
	Group               Group
}

// Finding is one value found in a text.
type Finding struct {
	Start, End       int // byte offsets into the text
	Entity           Entity
	Confidence       float32
	Range            Range    // of an ip_address
	Encoding         Encoding // how the value is spelled in the text
	KeyStart, KeyEnd int      // the key inside the text that named the value; KeyStart < 0: none
	ByKey            bool     // named by the attribute key or by a key inside the text
}
