// Package audit is the vault's log of who did what to which token: hash-chained JSON lines, on disk before the answer.
//
// [Open] a log, [Log.Append] to it; when Append returns without error the event is durable and signed. [Verify] checks
// a log from end to end, [Read] shows it. A value is never in it; the types leave no place for one.
//
// One line is one [Entry]:
//
//	{"seq":7,"time":"…","actor":"uid:1000",…,"prev":"<hash of line 6>","hash":"<SHA-256>","sig":"<Ed25519>"}
//
// hash is SHA-256 over the bytes of the line before `,"hash":`, which hold prev. sig signs sequence and hash. Events
// appended at the same time share one fsync and one signature, on the last line of their group: a signature vouches
// for all lines before it. So every line that was ever answered for is signed, and whoever lacks the key cannot cut,
// edit, add or swap lines; what is left is rolling the whole log back to an earlier end. Against that a second file,
// <log>.head, holds the newest signed end, and [Log.Head] is there to be kept somewhere else.
package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrUnavailable says that the event is not durably recorded: what was to be answered must be denied.
	ErrUnavailable = errors.New("audit log cannot be written")
	// ErrTooLong says that an event does not fit into a line. Nothing was recorded.
	ErrTooLong = errors.New("audit event is too long")
)

// MaxLine is the length of the longest line in bytes, its newline included.
const MaxLine = 16 << 10

// Actions of events.
const (
	ActionReveal = "reveal"
	ActionLookup = "lookup"
	// ActionLetter is the opening of a dead letter of the Kafka mode.
	ActionLetter  = "letter_opened"
	ActionForget  = "forget"
	ActionExpire  = "expire"
	ActionKeys    = "keys_created"
	ActionEpoch   = "epoch_begun"
	ActionStarted = "vault_started"
	ActionStopped = "vault_stopped"
	// ActionGrant is the first grant of an epoch to an agent with a certificate; renewals are not recorded.
	ActionGrant = "grant"
	// ActionSession is the first time that a running vault sees an escrow session: what it holds is its actor's.
	ActionSession = "session_begun"
	// ActionDiscard is the end of a record that did not hold what its token was minted from.
	ActionDiscard = "record_discarded"
	ActionRevoke  = "revoke"
	ActionRestore = "restore"
	// ActionRefused are refusals of an agent's calls, one entry for a minute of them.
	ActionRefused  = "agent_refused"
	ActionReloaded = "configuration_reloaded"
	// ActionRecovered is the log's own: after a crash it set bytes aside that were never answered for.
	ActionRecovered = "log_recovered"
	// ActionTruncated is the log's own: it had been longer. Verify reports it for ever.
	ActionTruncated = "log_truncated"
)

// Outcomes of events.
const (
	// OutcomeRequested comes before what is to be done; a second entry says how it ended.
	OutcomeRequested = "requested"
	OutcomeOK        = "ok"
	OutcomeDenied    = "denied"
	OutcomeFailed    = "failed"
)

// Event is what happened. No field may hold a value.
type Event struct {
	// Time is when; Append sets it when it is zero.
	Time time.Time `json:"time"`
	// Actor is who, as the listener knows: "uid:1000", "vault", "spiffe://example.org/agent".
	Actor string `json:"actor"`
	// Certificate is the SHA-256 of the one the actor showed, lower hex.
	Certificate string `json:"certificate,omitempty"`
	// Action is one of the Action constants.
	Action string `json:"action"`
	// Outcome is one of the Outcome constants.
	Outcome string `json:"outcome"`
	// Reason says why the outcome is not ok.
	Reason string `json:"reason,omitempty"`
	// Purpose is what the actor gave as theirs.
	Purpose string `json:"purpose,omitempty"`
	// Token is a token, verified; never text that only should be one.
	Token string `json:"token,omitempty"`
	Class string `json:"class,omitempty"`
	Scope string `json:"scope,omitempty"`
	Kid   string `json:"kid,omitempty"`
	// Agent is who an operator revoked or restored.
	Agent string `json:"agent,omitempty"`
	// Letter is where the record of a dead letter stood, as topic/partition/offset; never what a caller only says.
	Letter string `json:"letter,omitempty"`
	// Session is the id of an escrow session, lower hex.
	Session string `json:"session,omitempty"`
	// Count is how many records or tokens an event that has no single token is about.
	Count int `json:"count,omitempty"`
	// Request groups the events of one call.
	Request string `json:"request,omitempty"`
}

// Entry is an event in its place in the chain.
type Entry struct {
	Sequence uint64 `json:"seq"`
	Event
	// Prev is the hash of the entry before; 64 zeros for the first.
	Prev string `json:"prev"`
	// Hash is lower hex.
	Hash string `json:"hash"`
	// Signature is there on the last entry of each group written together.
	Signature []byte `json:"sig,omitempty"`
}

// Head is an end of the chain.
type Head struct {
	Sequence uint64 `json:"seq"`
	// Hash is that of the entry with this sequence, lower hex; 64 zeros when there is none.
	Hash      string `json:"hash"`
	Signature []byte `json:"sig"`
}

type digest = [sha256.Size]byte

// unsealed is an entry as its hash sees it.
type unsealed struct {
	Sequence uint64 `json:"seq"`
	Event
	Prev string `json:"prev"`
}

var hashMark = []byte(`,"hash":"`)

// appendLine appends the entry's line without signature and newline, and returns its hash.
func appendLine(dst []byte, seq uint64, ev Event, prev digest) ([]byte, digest, error) {
	body, err := json.Marshal(unsealed{seq, ev, hex.EncodeToString(prev[:])})
	if err != nil {
		return dst, digest{}, err
	}
	if len(body) > MaxLine-512 { // hash, signature, newline
		return dst, digest{}, ErrTooLong
	}
	body = body[:len(body)-1] // the brace: the line goes on
	sum := sha256.Sum256(body)
	dst = append(dst, body...)
	dst = append(dst, hashMark...)
	dst = hex.AppendEncode(dst, sum[:])
	return append(dst, '"', '}'), sum, nil
}

// sign puts the signature into the line that dst ends with.
func sign(dst []byte, key ed25519.PrivateKey, seq uint64, sum digest) ([]byte, Head) {
	h := Head{Sequence: seq, Hash: hex.EncodeToString(sum[:])}
	h.Signature = ed25519.Sign(key, h.signed())
	sig, _ := json.Marshal(h.Signature) // base64: cannot fail
	dst = append(dst[:len(dst)-1], `,"sig":`...)
	return append(append(dst, sig...), '}'), h
}

// signed is what a signature covers.
func (h Head) signed() []byte {
	return fmt.Appendf(nil, "cloakroom audit v1\n%d\n%s\n", h.Sequence, h.Hash)
}

func (h Head) verify(key ed25519.PublicKey) bool {
	return len(h.Signature) == ed25519.SignatureSize && ed25519.Verify(key, h.signed(), h.Signature)
}

// head is the end that the entry would be.
func (e *Entry) head() Head { return Head{e.Sequence, e.Hash, e.Signature} }

var errLine = errors.New("not an audit line")

// parseLine reads a line, without newline, and the hash its bytes have. What the hash does not cover must be spelled
// exactly as the log spells it: a field added behind it would otherwise override one that is hashed.
func parseLine(line []byte) (Entry, digest, error) {
	mark := bytes.LastIndex(line, hashMark)
	if mark < 0 {
		return Entry{}, digest{}, errLine
	}
	var e Entry
	if err := json.Unmarshal(line, &e); err != nil {
		return Entry{}, digest{}, errLine
	}
	tail := fmt.Appendf(nil, `%s%s"`, hashMark, e.Hash)
	if len(e.Signature) > 0 {
		tail = fmt.Appendf(tail, `,"sig":"%s"`, base64.StdEncoding.EncodeToString(e.Signature))
	}
	if !bytes.Equal(line[mark:], append(tail, '}')) {
		return Entry{}, digest{}, errLine
	}
	return e, sha256.Sum256(line[:mark]), nil
}
