// Package redeem replaces the tokens in a stream of text by the values a vault gives for them.
package redeem

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unsafe"

	"github.com/cloakroom/cloakroom/vault/token"
)

// Answer is what the vault says to one token.
type Answer struct {
	// Value is what the token stands for; nil when the vault gives none.
	Value []byte
	// Reason says why there is no value: "expired", "denied", ...; empty when there is one.
	Reason string
	// Class, Scope, Expires and Sequence, that of the audit record, are what the vault says about the token; zero where
	// it says nothing.
	Class, Scope string
	Expires      time.Time
	Sequence     uint64
}

// Settings of a Redeemer.
type Settings struct {
	// Ask gives an answer for each of the tokens, in their order. It gets at most maxAsk tokens, none twice.
	Ask func(ctx context.Context, tokens []string) ([]Answer, error)
	// Unmet is told of each token that keeps standing, once per token as long as the cache remembers it.
	Unmet func(token, reason string)
	// Escape, when set, appends a value as it must be spelled in the text. object says that the line it stands in begins
	// like a JSON object or array.
	Escape func(dst, value []byte, object bool) []byte
}

const (
	bufferSize = 256 << 10
	maxAsk     = 1000
	// maxExtent is more than a token and its kept part have together: 4+16+1+5+1+33 bytes, and '@' and a domain of 253.
	maxExtent = 320
	// cacheTokens and cacheBytes bound what is remembered, so that a token that stands in every line is asked for once.
	cacheTokens = 20_000
	cacheBytes  = 8 << 20
)

// Redeemer replaces tokens. The values it has seen stay in its memory as long as it does. Not for concurrent use.
type Redeemer struct {
	Settings
	cache map[string]Answer
	held  int // bytes of values in cache

	found []extent
	ask   []string
	out   []byte
	unmet int64
	opens byte // the first byte of the line at hand that is no space; 0 before there is one
}

// extent is a token in a text: s[start:token] is the token, s[start:end] the token with its kept part.
type extent struct{ start, token, end int }

// New returns a Redeemer that knows nothing yet.
func New(s Settings) *Redeemer {
	return &Redeemer{Settings: s, cache: map[string]Answer{}}
}

// Unmet is how many occurrences of tokens were left standing.
func (r *Redeemer) Unmet() int64 { return r.unmet }

// Copy copies in to w and replaces every token the vault has a value for, with the part of the value that was kept behind
// it. What was read is written before the next Read, but for the beginning of a token at its end. When the vault fails, what
// was not asked about is not written. Memory is bounded whatever the input.
func (r *Redeemer) Copy(ctx context.Context, w io.Writer, in io.Reader) error {
	buf := make([]byte, bufferSize)
	filled := 0
	for {
		n, fault := in.Read(buf[filled:])
		filled += n
		settled := filled
		if fault == nil {
			settled = settledUpTo(buf[:filled])
		}
		if settled > 0 {
			if err := r.Write(ctx, w, buf[:settled]); err != nil {
				return err
			}
			filled = copy(buf, buf[settled:filled])
		}
		switch {
		case errors.Is(fault, io.EOF):
			return nil
		case fault != nil:
			return fmt.Errorf("read: %w", fault)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
	}
}

// Write writes text, which is taken as complete, with its tokens replaced.
func (r *Redeemer) Write(ctx context.Context, w io.Writer, text []byte) error {
	s := unsafe.String(unsafe.SliceData(text), len(text)) // text does not change before Write returns
	r.found = find(r.found[:0], s)
	r.out = r.out[:0]
	at := 0
	for len(r.found) > 0 {
		batch, err := r.answer(ctx, s)
		if err != nil {
			return err
		}
		for _, e := range batch {
			r.out = append(r.out, s[at:e.start]...)
			r.pass(s[at:e.start])
			r.out = r.replace(r.out, s, e)
			at = e.end
		}
	}
	r.out = append(r.out, s[at:]...)
	r.pass(s[at:])
	_, err := w.Write(r.out)
	return err
}

// Tokens calls each with every token in text and its answer, in order, repeats included.
func (r *Redeemer) Tokens(ctx context.Context, text string, each func(token string, a Answer) error) error {
	r.found = find(r.found[:0], text)
	for len(r.found) > 0 {
		batch, err := r.answer(ctx, text)
		if err != nil {
			return err
		}
		for _, e := range batch {
			a := r.cache[text[e.start:e.token]]
			if a.Value == nil {
				r.unmet++
			}
			if err := each(text[e.start:e.token], a); err != nil {
				return err
			}
		}
	}
	return nil
}

func find(dst []extent, s string) []extent {
	for start, end := token.Next(s, 0); start >= 0; {
		e := extent{start, end, token.Kept(s, end)}
		dst = append(dst, e)
		start, end = token.Next(s, e.end)
	}
	return dst
}

// answer takes from found as many tokens as one question can hold, and puts their answers into the cache.
func (r *Redeemer) answer(ctx context.Context, s string) ([]extent, error) {
	if len(r.cache) > cacheTokens || r.held > cacheBytes {
		clear(r.cache)
		r.held = 0
	}
	r.ask = r.ask[:0]
	n := 0
	for ; n < len(r.found) && len(r.ask) < maxAsk; n++ {
		tok := s[r.found[n].start:r.found[n].token]
		if _, known := r.cache[tok]; !known {
			tok = strings.Clone(tok)
			r.ask = append(r.ask, tok)
			r.cache[tok] = Answer{}
		}
	}
	batch := r.found[:n]
	r.found = r.found[n:]
	if len(r.ask) == 0 {
		return batch, nil
	}
	answers, err := r.Ask(ctx, r.ask)
	if err == nil && len(answers) != len(r.ask) {
		err = fmt.Errorf("the vault gave %d answers to %d tokens", len(answers), len(r.ask))
	}
	if err != nil {
		for _, tok := range r.ask {
			delete(r.cache, tok)
		}
		return nil, err
	}
	for i, tok := range r.ask {
		r.cache[tok] = answers[i]
		r.held += len(answers[i].Value)
		if answers[i].Value == nil && r.Settings.Unmet != nil {
			r.Settings.Unmet(tok, answers[i].Reason)
		}
	}
	return batch, nil
}

func (r *Redeemer) replace(dst []byte, s string, e extent) []byte {
	a := r.cache[s[e.start:e.token]]
	if r.opens == 0 {
		r.opens = s[e.start]
	}
	switch {
	case a.Value == nil:
		r.unmet++
		return append(dst, s[e.start:e.end]...)
	case r.Escape != nil:
		return r.Escape(dst, a.Value, r.opens == '{' || r.opens == '[')
	}
	return append(dst, a.Value...)
}

// pass takes notice of how the line begins in which the text after s stands.
func (r *Redeemer) pass(s string) {
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		r.opens, s = 0, s[i+1:]
	}
	if r.opens == 0 {
		if s = strings.TrimLeft(s, " \t\r"); s != "" {
			r.opens = s[0]
		}
	}
}

// settledUpTo is how much of text can be replaced without knowing what follows: all, but for a token at the end, or the
// beginning of one, that more text could make longer.
func settledUpTo(text []byte) int {
	run := len(text)
	for run > 0 && len(text)-run < maxExtent && extends(text[run-1]) {
		run--
	}
	tail := text[run:]
	if i := bytes.Index(tail, prefix); i >= 0 {
		return run + i
	}
	for n := len(prefix) - 1; n > 0; n-- {
		if bytes.HasSuffix(tail, prefix[:n]) {
			return len(text) - n
		}
	}
	return len(text)
}

var prefix = []byte(token.Prefix)

// extends says whether c can be part of a token or of what is kept behind one.
func extends(c byte) bool {
	return c >= 0x80 || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_@.-", c) >= 0
}
