package rewrite

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/vault/token"
)

// splice rewrites one text in one pass: the output grows while findings come in ascending order.
type splice struct {
	r    *Rewriter
	s    *Scratch
	v    *policy.View
	at   Place
	text string

	out     []byte // so far
	pos     int    // text before it is in the output
	next    int    // where the next finding starts, or the text ends
	json    jsonState
	changed bool
	dropped bool
	minting bool
	started time.Time
	weight  time.Duration // how many texts the time of this one stands for; 0: the clock is not read
}

func (w *splice) apply(found []detect.Finding) error {
	for i := range found {
		w.next = len(w.text)
		if i+1 < len(found) {
			w.next = found[i+1].Start
		}
		if err := w.finding(&found[i], 0); err != nil {
			return err
		}
	}
	return nil
}

// finding does what the policy says about one finding.
func (w *splice) finding(f *detect.Finding, level int) error {
	if f.Entity == detect.Token {
		w.s.Counts.left[w.at.Signal]++
		return nil
	}
	if w.placeholder(f) {
		return nil
	}
	d := w.v.Decide(w.at.Signal, w.at.Key, f, w.text)
	if d.Action == policy.Keep {
		w.s.Counts.addFound(w.at.Signal, f.Entity, policy.Keep)
		if d.Whole || !w.r.container[f.Entity] && !f.ByKey {
			return nil
		}
		return w.inside(f, level+1)
	}
	if w.r.settings.DryRun {
		w.s.Counts.addFound(w.at.Signal, f.Entity, d.Action)
		return nil
	}
	return w.replace(f, d)
}

// inside looks into a value that is kept: it may hold values that are not. A password in what stands under a kept
// username is still a password.
func (w *splice) inside(outer *detect.Finding, level int) error {
	if level >= depth {
		return nil
	}
	found := w.r.detector.Find(w.s.find[level], detect.Nameless, w.text[outer.Start:outer.End])
	after := w.next
	for i := range found {
		w.next = after
		if i+1 < len(found) {
			w.next = outer.Start + found[i+1].Start
		}
		f := found[i]
		if f.Entity == outer.Entity && f.End-f.Start == outer.End-outer.Start {
			return nil
		}
		f.Start += outer.Start
		f.End += outer.Start
		if f.KeyStart >= 0 {
			f.KeyStart += outer.Start
			f.KeyEnd += outer.Start
		} else {
			f.KeyStart, f.KeyEnd = outer.KeyStart, outer.KeyEnd
		}
		f.Encoding = max(f.Encoding, outer.Encoding)
		if err := w.finding(&f, level); err != nil {
			return err
		}
	}
	return nil
}

// placeholder reports whether the value is what redaction wrote, with its brackets or inside them: constant text that
// is left alone.
func (w *splice) placeholder(f *detect.Finding) bool {
	start, end := f.Start, f.End
	if start < end && w.text[start] == '[' {
		start++
	}
	if start < end && w.text[end-1] == ']' {
		end--
	}
	if start == 0 || w.text[start-1] != '[' || end == len(w.text) || w.text[end] != ']' {
		return false
	}
	name := w.text[start:end]
	_, known := w.r.detector.Lookup(name)
	return known || name == redactedAttribute[1:len(redactedAttribute)-1]
}

// replace writes the text up to the finding and what takes its place.
func (w *splice) replace(f *detect.Finding, d *policy.Decision) error {
	if !w.minting {
		w.minting = true
		if w.weight = w.s.Counts.weigh(); w.weight > 0 {
			w.started = w.s.now()
		}
	}
	start, end := w.extent(f)
	lo, hi, slashes := w.bareNumber(start, end)
	w.out = append(w.out, w.text[w.pos:lo]...)
	if slashes >= 0 {
		w.out = append(appendQuote(w.out, slashes), w.text[lo:start]...)
	}
	action, err := w.write(f, d, end)
	if err != nil {
		return err
	}
	if slashes >= 0 {
		w.out = appendQuote(append(w.out, w.text[end:hi]...), slashes)
	}
	w.pos, w.changed = hi, true
	w.dropped = w.dropped || action == policy.Drop
	w.s.Counts.addFound(w.at.Signal, f.Entity, action)
	return nil
}

// write appends what takes the finding's place and returns what was done in the end.
func (w *splice) write(f *detect.Finding, d *policy.Decision, end int) (policy.Action, error) {
	switch d.Action {
	case policy.Tokenize:
		return w.mint(f, d, end)
	case policy.Mask:
		w.s.canon = Canonical(w.s.canon[:0], f.Entity, *f, w.text)
		from := len(w.out)
		w.out = appendMask(w.out, d.Keep, w.s.canon)
		if bytes.ContainsAny(w.out[from:], "[:") && inAuthority(w.text, f.Start) {
			w.out = w.out[:from]
			w.redact(f)
			return d.Action, nil
		}
		w.encode(f, from)
	default:
		w.redact(f)
	}
	return d.Action, nil
}

// redact writes the entity's name in brackets; without them where a URL's authority allows none.
func (w *splice) redact(f *detect.Finding) {
	name := w.r.infos[f.Entity].Name
	if inAuthority(w.text, f.Start) {
		w.out = append(w.out, name...)
		return
	}
	w.out = append(w.out, '[')
	w.out = append(w.out, name...)
	w.out = append(w.out, ']')
}

// encode spells what was appended since from as the value was spelled.
func (w *splice) encode(f *detect.Finding, from int) {
	if f.Encoding != 0 {
		w.s.canon = append(w.s.canon[:0], w.out[from:]...)
		w.out = f.Encoding.Append(w.out[:from], view(w.s.canon))
	}
}

// mint writes a token, or takes the next rung of the ladder while the vault is away.
func (w *splice) mint(f *detect.Finding, d *policy.Decision, end int) (policy.Action, error) {
	w.s.canon = Canonical(w.s.canon[:0], f.Entity, *f, w.text)
	class := token.Class{Name: d.Class, Scope: d.Scope, Kind: kindOf(d.Kind)}
	var err error
	if !w.s.degraded || class.Kind == token.OneWay {
		var out []byte
		if out, err = w.issue(class); err == nil {
			return w.minted(f, d, out, end), nil
		}
		if !Unavailable(err) || w.r.settings.OnUnavailable == Wait {
			return policy.Tokenize, fmt.Errorf("mint a token of class %s: %w", class.Name, err)
		}
	}
	// A random token must not become one that links; a one-way token that failed has nothing below it but redaction.
	if w.r.settings.OnUnavailable == OneWay && class.Kind == token.Deterministic {
		class.Kind = token.OneWay
		out, err := w.issue(class)
		if err == nil {
			w.s.Counts.Degraded++
			return w.minted(f, d, out, end), nil
		}
		if !Unavailable(err) {
			return policy.Tokenize, fmt.Errorf("mint a one-way token of class %s: %w", class.Name, err)
		}
	}
	w.s.Counts.Degraded++
	w.redact(f)
	return policy.Redact, nil
}

// issue has the canonical value minted behind the output, and remembers where the token is yet to come.
func (w *splice) issue(class token.Class) ([]byte, error) {
	pends := w.s.Batch.Pends()
	out, err := w.r.issuer.Mint(w.out, class, w.s.canon, &w.s.Batch)
	if err == nil && w.s.Batch.Pends() > pends {
		w.s.standIns = append(w.s.standIns, standIn{from: len(w.out), to: len(out)})
	}
	return out, err
}

// minted takes the output with the token over and writes the kept part behind it.
func (w *splice) minted(f *detect.Finding, d *policy.Decision, out []byte, end int) policy.Action {
	from := len(w.out)
	w.out = out
	w.s.Counts.addMinted(w.at.Signal, f.Entity)
	after := len(out)
	if d.Keep != policy.KeepNone {
		w.out = appendKept(w.out, d.Keep, w.s.canon)
		if !w.keptFits(f, after) || !w.keptHolds(from, after, end) {
			w.out = w.out[:after]
		}
	}
	if end < len(w.text) && alphanumeric(w.text[end]) && !strings.HasPrefix(w.text[end:], token.Prefix) {
		w.out = append(w.out, '-') // the token must end at a word boundary to be recognized
	}
	return policy.Tokenize
}

// keptFits reports whether the kept part that stands in the output from after may stand where the value was spelled with
// percent escapes. It is written in plain, as a token's reader wants it: a query, a path and a form may hold an @ (RFC
// 3986, section 3.3), an authority may not, and letters beyond ASCII may stand in none of them.
func (w *splice) keptFits(f *detect.Finding, after int) bool {
	if f.Encoding&detect.Percent == 0 {
		return true
	}
	for _, c := range w.out[after:] {
		if c >= utf8.RuneSelf || c == '@' && inAuthority(w.text, f.Start) {
			return false
		}
	}
	return true
}

// keptHolds reports whether a reader of the output finds exactly the kept part that stands in the output from after:
// what follows it in the text must not be taken for more of it, nor spoil it.
func (w *splice) keptHolds(from, after, end int) bool {
	const look = 256 // longer than any kept part
	n := len(w.out)
	w.out = append(w.out, w.text[end:min(len(w.text), end+look)]...)
	ok := n > after && token.Kept(view(w.out[from:]), after-from) == n-from
	clear(w.out[n:])
	w.out = w.out[:n]
	return ok
}

// appendKept appends the part of the canonical value that the policy keeps readable, in the grammar's form: "_" and
// digits, or "@" and a domain. Never more than half of the value.
func appendKept(dst []byte, part policy.Part, canonical []byte) []byte {
	switch part {
	case policy.Last4:
		if digits := lastDigits(canonical); len(digits) > 0 {
			dst = append(dst, '_')
			dst = append(dst, digits...)
		}
	case policy.Domain:
		if at := bytes.LastIndexByte(canonical, '@'); at >= 0 {
			dst = append(dst, canonical[at:]...)
		}
	}
	return dst
}

// lastDigits is the run of at most four digits that ends the value, and at most half of it.
func lastDigits(canonical []byte) []byte {
	i := len(canonical)
	for i > 0 && len(canonical)-i < min(4, len(canonical)/2) && digit(canonical[i-1]) {
		i--
	}
	return canonical[i:]
}

func kindOf(k policy.Kind) token.Kind {
	switch k {
	case policy.Random:
		return token.Random
	case policy.OneWay:
		return token.OneWay
	}
	return token.Deterministic
}

// view is b as a string without a copy, for a callee that does not keep it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func digit(c byte) bool { return '0' <= c && c <= '9' }

func alphanumeric(c byte) bool { return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }
