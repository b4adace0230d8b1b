// Package deadletter keeps account of records that cannot go the way of the others: where they stood and why, and, for those
// whom the configuration names, what they were.
//
// A dead letter is a Kafka record with no key and these headers, in text:
//
//	cloakroom-source-topic, -partition, -offset   where the record stood; absent for telemetry that did not come from Kafka
//	cloakroom-source-next-offset                  where a corrupt batch, which stood from offset on, ends
//	cloakroom-reason                              one of [Reasons]
//	cloakroom-schema-id                           the schema it names, if it does
//	cloakroom-time                                when it was written, RFC 3339
//	cloakroom-sealed                              age, vault, or no: nobody to seal to, nothing to seal, or too_large
//
// Its value is null, or the whole record (key, value, headers, timestamp) encrypted by age to the recipients in `seal_to` or to
// the vault named by `vault`, with its coordinates inside as well: [Open] refuses a value that was put into another letter.
// Nobody without an identity, or without the right that the vault gives, can read anything of the record but its size. The letter
// carries no proof of who wrote it.
package deadletter

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"
	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/notice"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// The headers of a dead letter, beside those of [record.AppendSource].
const (
	HeaderNextOffset = "cloakroom-source-next-offset"
	HeaderReason     = "cloakroom-reason"
	HeaderSchemaID   = "cloakroom-schema-id"
	HeaderTime       = "cloakroom-time"
	HeaderSealed     = "cloakroom-sealed"
)

// Values of the header cloakroom-sealed.
const (
	sealedAge      = "age"
	sealedVault    = "vault"
	sealedNo       = "no"
	sealedTooLarge = "too_large" // the dead letter topic takes no letter of this size
)

// Config says where dead letters go, and who can read what they were.
type Config struct {
	// Topic of the dead letters. Default cloakroom-dead-letters. It must not be compacted: letters have no key.
	Topic string `mapstructure:"topic"`
	// SealTo are age recipients (age1...). Without any, letters hold no record, and replaying reads the source topic again.
	SealTo []string `mapstructure:"seal_to"`
	// Vault is the id of the extension to whose vault letters are sealed, in place of SealTo: it opens them for those whom its
	// rules name, and keeps a record of it.
	Vault component.ID `mapstructure:"vault"`
	// Scope of the vault whose key they are sealed under, and whose retention they have. Default default.
	Scope string `mapstructure:"scope"`
	// MaxMessageBytes is the largest letter that is tried. One that is larger, or larger than the topic takes, goes without the
	// record. Default 67,108,864.
	MaxMessageBytes int `mapstructure:"max_message_bytes"`
}

const (
	defaultMaxBytes = 64 << 20 // a broker closes connections over requests of 100 MiB
	minMaxBytes     = 4 << 10
	maxMaxBytes     = 1 << 30
	maxScope        = 128 // a vault's
)

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{Topic: "cloakroom-dead-letters", Scope: "default", MaxMessageBytes: defaultMaxBytes}
}

// Validate reports every fault at once, each by its path in the YAML.
func (c *Config) Validate() error {
	var faults []error
	if !produce.TopicName(c.Topic) {
		faults = append(faults, fmt.Errorf("topic: %q: want 1 to 249 letters, digits, dots, underscores and hyphens", c.Topic))
	}
	if c.MaxMessageBytes < minMaxBytes || c.MaxMessageBytes > maxMaxBytes {
		faults = append(faults, fmt.Errorf("max_message_bytes: %d: must be from %d to %d", c.MaxMessageBytes, minMaxBytes, maxMaxBytes))
	}
	for i, r := range c.SealTo {
		if _, err := age.ParseRecipients(strings.NewReader(r)); err != nil {
			// The text may be a secret key by mistake.
			faults = append(faults, fmt.Errorf("seal_to[%d]: not an age recipient: want age1..., as age-keygen prints it", i))
		}
	}
	if c.sealsToVault() && len(c.SealTo) > 0 {
		faults = append(faults, errors.New("vault: letters are sealed to the vault or to seal_to, not to both"))
	}
	if c.sealsToVault() && (c.Scope == "" || len(c.Scope) > maxScope) {
		faults = append(faults, fmt.Errorf("scope: must have 1 to %d bytes: a scope of the vault, such as default", maxScope))
	}
	return errors.Join(faults...)
}

func (c *Config) sealsToVault() bool { return c.Vault != component.ID{} }

// Letter is a record that cannot go on.
type Letter struct {
	// Source is where it stood. An empty topic is telemetry that did not come from Kafka.
	record.Source
	// NextOffset is where a corrupt batch ends; 0 for a single record.
	NextOffset int64
	// Reason is one of Reasons.
	Reason string
	// SchemaID is the schema it names, 0 for none.
	SchemaID int32
	// Record is what it was; nil when there is nothing whole to keep.
	Record *batch.Record
}

// Reasons of our own, beside those of packages record and batch.
const (
	ReasonTooLarge = "too_large" // larger than max_message_bytes, or than the topic allows
	ReasonRefused  = "refused"   // the broker finds the record invalid: no key for a compacted topic, a timestamp out of range
	ReasonOther    = "other"
)

var reasons = []string{
	ReasonTooLarge, ReasonRefused, ReasonOther,
	record.ReasonJSON, record.ReasonOTLP, record.ReasonCharset, record.ReasonContentType, record.ReasonContentEncoding, record.ReasonFrame,
	record.ReasonSchemaUnknown, record.ReasonSchemaInvalid, record.ReasonSchemaType, record.ReasonAvro, record.ReasonAvroLimits, record.ReasonSignal,
	Corrupt(batch.ReasonFrame), Corrupt(batch.ReasonMagic), Corrupt(batch.ReasonChecksum), Corrupt(batch.ReasonCodec),
	Corrupt(batch.ReasonInflate), Corrupt(batch.ReasonLimit), Corrupt(batch.ReasonRecord),
}

// Reasons returns the closed list of reasons.
func Reasons() []string { return slices.Clone(reasons) }

// Corrupt returns the reason of a batch that cannot be read.
func Corrupt(r batch.Reason) string { return "corrupt_" + string(r) }

// Label returns the reason where it is of the closed list, else other.
func Label(reason string) string {
	if slices.Contains(reasons, reason) {
		return reason
	}
	return ReasonOther
}

// Tell says in a log that the letter was written: where the record stood and why, and nothing of what it was.
func (l *Letter) Tell(n *notice.Log) {
	reason := Label(l.Reason)
	n.Event(l.Topic+" "+reason, "a record became a dead letter",
		zap.String("topic", l.Topic), zap.Int32("partition", l.Partition), zap.Int64("offset", l.Offset), zap.String("reason", reason))
}

// Writer writes dead letters. It is safe for concurrent use.
type Writer struct {
	topic      string
	limit      int
	recipients []age.Recipient
	vault      Vault // nil: letters are sealed to recipients, or not at all
	scope      string
	producer   *produce.Producer
}

// New returns a writer for a valid configuration. The host has the extension that it names, if it names one.
func New(c Config, p *produce.Producer, host component.Host) (*Writer, error) {
	w := &Writer{topic: c.Topic, limit: c.MaxMessageBytes, scope: c.Scope, producer: p}
	if c.sealsToVault() {
		var err error
		if w.vault, err = findVault(host, c.Vault); err != nil {
			return nil, err
		}
	}
	if len(c.SealTo) > 0 {
		var err error
		if w.recipients, err = age.ParseRecipients(strings.NewReader(strings.Join(c.SealTo, "\n"))); err != nil {
			return nil, errors.New("dead_letter.seal_to: not age recipients")
		}
	}
	return w, nil
}

// Topic is where the letters go.
func (w *Writer) Topic() string { return w.topic }

// Write returns when all letters are acknowledged. After an error some may have been.
func (w *Writer) Write(ctx context.Context, letters []Letter) error {
	if len(letters) == 0 {
		return nil
	}
	n, err := w.producer.Partitions(ctx, w.topic)
	if err != nil {
		return fmt.Errorf("dead letters: %w", err)
	}
	byPartition := map[int32][]written{}
	now := time.Now()
	for i := range letters {
		l := &letters[i]
		rec, err := w.letter(l, now)
		if err != nil {
			return fmt.Errorf("dead letters: %w", err)
		}
		// Letters of one source partition stand in one partition, so that a reader sees them in their order.
		to := record.PartitionOf(record.Murmur2(strconv.AppendInt([]byte(l.Topic+"/"), int64(l.Partition), 10)), n)
		byPartition[to] = append(byPartition[to], written{l, rec})
	}
	for partition, ls := range byPartition {
		if err := w.send(ctx, partition, ls, now); err != nil {
			return fmt.Errorf("dead letters: %w", err)
		}
	}
	return nil
}

type written struct {
	letter *Letter
	rec    batch.Record
}

func (w *Writer) send(ctx context.Context, partition int32, ls []written, now time.Time) error {
	recs := make([]batch.Record, len(ls))
	for i := range ls {
		recs[i] = ls[i].rec
	}
	refused, err := w.producer.SendUpTo(ctx, w.limit, w.topic, partition, recs)
	if err != nil {
		return err
	}
	var without []batch.Record
	for _, r := range refused {
		if !r.TooLarge || recs[r.Index].Value == nil {
			return fmt.Errorf("topic %s refuses a letter: it must not be compacted, and has to take messages of 2 KiB and the time of now", w.topic)
		}
		without = append(without, ls[r.Index].letter.bare(now, sealedTooLarge))
	}
	if len(without) == 0 {
		return nil
	}
	if refused, err = w.producer.SendUpTo(ctx, w.limit, w.topic, partition, without); err == nil && len(refused) > 0 {
		err = fmt.Errorf("topic %s refuses a letter without a value", w.topic)
	}
	return err
}

func (w *Writer) letter(l *Letter, now time.Time) (batch.Record, error) {
	to, sealed := w.recipients, sealedAge
	if w.vault != nil {
		to, sealed = []age.Recipient{vaultRecipient{w.vault, w.scope, l.Source}}, sealedVault
	}
	if len(to) == 0 || l.Record == nil {
		return l.bare(now, sealedNo), nil
	}
	rec := l.bare(now, sealed)
	var err error
	rec.Value, err = seal(l, to)
	return rec, err
}

// bare is the letter without a value.
func (l *Letter) bare(now time.Time, sealed string) batch.Record {
	text := func(key, value string) batch.Header { return batch.Header{Key: key, Value: []byte(value)} }
	var h []batch.Header
	if l.Topic != "" {
		h = record.AppendSource(h, l.Source)
	}
	if l.NextOffset > 0 {
		h = append(h, text(HeaderNextOffset, strconv.FormatInt(l.NextOffset, 10)))
	}
	h = append(h, text(HeaderReason, Label(l.Reason)))
	if l.SchemaID != 0 {
		h = append(h, text(HeaderSchemaID, strconv.Itoa(int(l.SchemaID))))
	}
	h = append(h, text(HeaderTime, now.UTC().Format(time.RFC3339)), text(HeaderSealed, sealed))
	return batch.Record{Timestamp: now.UnixMilli(), Headers: h}
}

// magic begins what is sealed. After it stand the length of the topic and the topic, the partition, the offset and whether
// the timestamp is the broker's, as varints; then the record as a batch.
const magic = "cloakroom dead letter 1\n"

func seal(l *Letter, to []age.Recipient) ([]byte, error) {
	plain := []byte(magic)
	plain = binary.AppendUvarint(plain, uint64(len(l.Topic)))
	plain = append(plain, l.Topic...)
	plain = binary.AppendVarint(plain, int64(l.Partition))
	plain = binary.AppendVarint(plain, l.Offset)
	var brokers int64
	if l.Record.Append {
		brokers = 1
	}
	plain = binary.AppendVarint(plain, brokers)
	plain = batch.Encode(plain, []batch.Record{*l.Record}, batch.Zstd)
	var out bytes.Buffer
	out.Grow(len(plain) + 1024)
	enc, err := age.Encrypt(&out, to...)
	if err == nil {
		if _, err = enc.Write(plain); err == nil {
			err = enc.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return out.Bytes(), nil
}

// ErrNotSealed is a dead letter that holds no record.
var ErrNotSealed = errors.New("the dead letter holds no record: it was not sealed to anybody")

var errSealed = errors.New("what the dead letter holds is not a record sealed by cloakroom")

// maxSealed bounds what one letter may open to.
const maxSealed = 1 << 30

// Open returns the record that a dead letter holds, and where it stood. Letters without one give [ErrNotSealed], and those that
// none of the identities opens an [age.NoIdentityMatchError].
func Open(_ context.Context, letter batch.Record, identities ...age.Identity) (batch.Record, record.Source, error) {
	s, fromKafka := record.SourceOf(letter.Headers)
	if letter.Value == nil {
		return batch.Record{}, s, ErrNotSealed
	}
	r, err := age.Decrypt(bytes.NewReader(letter.Value), identities...)
	if err != nil {
		return batch.Record{}, s, fmt.Errorf("dead letter: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxSealed))
	if err != nil {
		return batch.Record{}, s, fmt.Errorf("dead letter: %w", err)
	}
	rec, inside, err := unpack(plain)
	if err != nil {
		return batch.Record{}, s, err
	}
	if fromKafka != (inside.Topic != "") || fromKafka && inside != s {
		return batch.Record{}, s, errors.New("the dead letter holds the record of another one: its headers were changed")
	}
	return rec, inside, nil
}

func unpack(plain []byte) (rec batch.Record, s record.Source, err error) {
	rest, is := bytes.CutPrefix(plain, []byte(magic))
	if !is {
		return rec, s, errSealed
	}
	bad := false
	length, n := binary.Uvarint(rest)
	if n <= 0 || length > uint64(len(rest)-n) {
		return rec, s, errSealed
	}
	s.Topic = string(rest[n : n+int(length)])
	rest = rest[n+int(length):]
	next := func() int64 {
		v, n := binary.Varint(rest)
		if n <= 0 {
			bad = true
			return 0
		}
		rest = rest[n:]
		return v
	}
	partition, offset, brokers := next(), next(), next()
	if bad || int64(int32(partition)) != partition {
		return rec, s, errSealed
	}
	s.Partition, s.Offset = int32(partition), offset
	recs, _, err := batch.Decode(nil, rest, 0, nil, batch.Limits{MaxDecompressed: maxSealed})
	if err != nil || len(recs) != 1 {
		return rec, s, errSealed
	}
	rec = recs[0]
	rec.Offset, rec.Append = s.Offset, brokers == 1
	return rec, s, nil
}
