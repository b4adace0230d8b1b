// Package rewrite applies a policy's decisions to one value: it brings what the detector found into its canonical
// form, has it minted, and splices the replacement into the text.
//
// A [Rewriter] serves many goroutines; each brings a [Scratch]. Per telemetry batch: Scratch.Begin, then
// [Rewriter.Attribute], [Rewriter.Find] and [Rewriter.Text] for every value without changing the telemetry, Scratch.End,
// [Rewriter.Commit], and only then the changes are applied. Text that holds nothing costs the detector's scan and does
// not allocate.
//
// Promised: what the policy hides is in no output; the replacement keeps JSON valid JSON, logfmt logfmt and URLs URLs;
// values left in text keep their bytes; errors and counts never carry a value.
package rewrite

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/vault/token"
)

// Issuer hands out tokens. It is safe for concurrent use.
type Issuer interface {
	// Mint appends the token for the canonical value of class to dst and records it in b, or only counts it there by
	// [token.Batch.AddKnown] when it knows its record to be durable. It is called on the hot path: it neither blocks nor
	// allocates in the common case. What the vault cannot issue for now is an error for
	// which [Unavailable] is true. Where only the vault may mint, Mint appends a stand-in and says so by
	// [token.Batch.Pend]; Commit settles it.
	Mint(dst []byte, class token.Class, canonical []byte, b *token.Batch) ([]byte, error)
	// Commit makes every token minted into b durable. Telemetry is forwarded only after it returned nil. It may be
	// called again with the same batch. Its errors say what was being done, such as "commit 9 tokens: ...".
	Commit(ctx context.Context, b *token.Batch) error
	// Recognize returns the length of the verified token that s starts with, its kept part included, or 0.
	Recognize(s string) int
}

// ErrUnavailable is wrapped by errors of an Issuer whose vault cannot issue or escrow for now.
var ErrUnavailable = token.ErrUnavailable

// Unavailable reports whether err says that the vault is away for now.
func Unavailable(err error) bool { return errors.Is(err, ErrUnavailable) }

// OnUnavailable says what becomes of values that should get a revealable token while the vault is away.
type OnUnavailable uint8

// The rungs of the ladder. None of them lets a value pass.
const (
	Wait   OnUnavailable = iota // an error: back-pressure until the vault is back
	OneWay                      // a one-way token; redacted where even that cannot be minted or would link
	Redact                      // redacted
)

var onUnavailableNames = [...]string{Wait: "wait", OneWay: "one_way", Redact: "redact"}

// String is the name in configuration.
func (o OnUnavailable) String() string {
	if int(o) < len(onUnavailableNames) {
		return onUnavailableNames[o]
	}
	return fmt.Sprintf("on_unavailable(%d)", uint8(o))
}

// ParseOnUnavailable reads the name of a rung. The empty name is Wait.
func ParseOnUnavailable(s string) (OnUnavailable, error) {
	if s == "" {
		return Wait, nil
	}
	for o, name := range onUnavailableNames {
		if s == name {
			return OnUnavailable(o), nil
		}
	}
	return Wait, fmt.Errorf("unknown %q: want wait, one_way or redact", s)
}

// Settings of a Rewriter.
type Settings struct {
	OnUnavailable OnUnavailable
	// DryRun counts what would happen, mints nothing and changes nothing.
	DryRun bool
}

// Rewriter rewrites values under one policy. It is immutable and safe for concurrent use.
type Rewriter struct {
	detector  *detect.Detector
	infos     []detect.Info
	container []bool // by entity: a kept value may hold other values
	issuer    Issuer
	settings  Settings
}

// New returns a Rewriter of the policy whose tokens the issuer mints.
func New(p *policy.Policy, iss Issuer, s Settings) *Rewriter {
	r := &Rewriter{detector: p.Detector(), issuer: iss, settings: s}
	r.infos = r.detector.Entities()
	r.container = make([]bool, len(r.infos))
	for e, info := range r.infos {
		switch detect.Entity(e) {
		case detect.HTTPAuthorization, detect.URLCredentials, detect.StreetAddress, detect.PersonName:
			r.container[e] = true
		default:
			r.container[e] = info.Opaque || info.Custom
		}
	}
	return r
}

// Place is where a value stands.
type Place struct {
	Signal policy.Signal
	Key    string // of the attribute; empty for other places
}

// Verdict says what Text or Attribute made of a value.
type Verdict uint8

// The verdicts.
const (
	Unchanged Verdict = iota
	Changed           // the output replaces the value
	Dropped           // the attribute or log record goes; a place that cannot go takes the output
)

// Find returns what is in a value of a place whose key the detector knows as key, mostly nothing, without an allocation.
// It is valid until the next call with the same scratch. A value in which nothing is found stays as it is.
func (r *Rewriter) Find(s *Scratch, key detect.Key, text string) []detect.Finding {
	if key.Passes(text) {
		return nil
	}
	return r.detector.Find(s.find[0], key, text)
}

// Text rewrites one value of a place by what Find found in it. Unchanged means that out is text. Otherwise out is new; nobody may
// look at it before Commit, which writes the tokens that the vault mints itself where there was no more than their room. Where a
// rule says drop, the verdict is Dropped and out has the values that rule matches redacted.
//
// On an error nothing of the value may be forwarded; the telemetry batch is refused. Errors of a vault that is away
// are [Unavailable].
func (r *Rewriter) Text(s *Scratch, v *policy.View, at Place, text string, found []detect.Finding) (out string, verdict Verdict, err error) {
	w := splice{r: r, s: s, v: v, at: at, text: text, out: s.room(len(text) + len(found)*perFinding)}
	standIns := len(s.standIns)
	err = w.apply(found)
	if w.weight > 0 {
		s.Counts.Mint += s.now().Sub(w.started) * w.weight
	}
	if err != nil {
		s.standIns = s.standIns[:standIns]
		return "", Unchanged, err
	}
	if !w.changed || r.settings.DryRun {
		return text, Unchanged, nil
	}
	out = s.output(append(w.out, text[w.pos:]...))
	for i := standIns; i < len(s.standIns); i++ {
		s.standIns[i].out = unsafe.Slice(unsafe.StringData(out), len(out)) // nothing but Commit writes these bytes
	}
	if w.dropped {
		return out, Dropped, nil
	}
	return out, Changed, nil
}

// Attribute applies the rules about whole attributes. When done is false the value is to be looked into as usual. When
// it is true, Unchanged keeps the attribute as it is, unseen; Changed replaces its value, whatever its type, by out;
// Dropped removes it.
func (r *Rewriter) Attribute(s *Scratch, v *policy.View, at Place) (out string, verdict Verdict, done bool) {
	d := v.Attribute(at.Signal, at.Key)
	if d == nil {
		return "", Unchanged, false
	}
	s.Counts.attributes[at.Signal][d.Action]++
	switch {
	case r.settings.DryRun, d.Action == policy.Keep:
		return "", Unchanged, true
	case d.Action == policy.Drop:
		return redactedAttribute, Dropped, true
	}
	return redactedAttribute, Changed, true
}

// redactedAttribute replaces the value of an attribute that is redacted as a whole.
const redactedAttribute = "[redacted]"

// Commit makes the tokens of the scratch durable; nothing is to be forwarded before it returned nil. When the vault
// is away and the settings say one_way or redact, it returns again = true: the caller resets the scratch with
// [Scratch.Degrade] and rewrites the batch from its unchanged telemetry. A dry run has nothing to commit.
func (r *Rewriter) Commit(ctx context.Context, s *Scratch) (again bool, err error) {
	if s.Batch.Empty() {
		return false, nil
	}
	err = r.issuer.Commit(ctx, &s.Batch)
	switch {
	case err == nil:
		return false, s.settle()
	case !s.degraded && r.settings.OnUnavailable != Wait && Unavailable(err):
		return true, nil
	}
	return false, err // which says what it was doing: to say so here, too, would say it twice
}
