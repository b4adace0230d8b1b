package tokenization

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/cloakroom/cloakroom/config/policies"
	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/processor/tokenization/internal/metadatatest"
)

const kafkaMail = "alice@example.com"

// everything that a rule of any preset could object to.
func fillCarried(m pcommon.Map) {
	for name := range carried {
		switch name {
		case "kafka.offset", "kafka.key.hash", "kafka.partition", "kafka.timestamp":
			m.PutInt(name, 4532015112830366)
		case "kafka.frame":
			m.PutEmptySlice(name).AppendEmpty().SetEmptyBytes().FromRaw([]byte("\x00" + kafkaMail))
		case "kafka.headers.kept":
			kept := m.PutEmptySlice(name)
			kept.AppendEmpty().SetInt(4532015112830366)
			kept.AppendEmpty().SetStr("baggage")
			kept.AppendEmpty().SetStr("user=" + kafkaMail)
		default:
			m.PutStr(name, kafkaMail)
		}
	}
}

// A Kafka record is put together from these again, so not one byte of them may change, whatever the policy.
func TestWhatAKafkaRecordIsMadeOfIsCarried(t *testing.T) {
	for _, preset := range policies.Names() {
		t.Run(preset, func(t *testing.T) {
			r := newRig(t, func(c *Config) {
				c.Policy.Presets = []string{preset}
				c.Policy.Rules = []policy.Rule{{Keys: []string{"kafka.*"}, Action: "redact"}}
			})
			for range 2 { // the second time from memory
				ld := plog.NewLogs()
				rl := ld.ResourceLogs().AppendEmpty()
				fillCarried(rl.Resource().Attributes())
				sl := rl.ScopeLogs().AppendEmpty()
				sl.Scope().SetName("kafka_stream")
				fillCarried(sl.LogRecords().AppendEmpty().Attributes())
				want := plog.NewLogs()
				ld.CopyTo(want)
				r.logSink.Reset()
				r.logs(t, ld)
				require.Len(t, r.logSink.AllLogs(), 1)
				got := r.logSink.AllLogs()[0].ResourceLogs().At(0)
				assert.True(t, want.ResourceLogs().At(0).Resource().Attributes().Equal(got.Resource().Attributes()), "resource")
				assert.True(t, want.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Equal(got.ScopeLogs().At(0).LogRecords().At(0).Attributes()), "record")
			}
		})
	}
}

// Names like these mean nothing anywhere but among the attributes of a record or resource.
func TestCarriedNamesElsewhereAreLookedAt(t *testing.T) {
	for name, put := range map[string]func(plog.LogRecord) pcommon.Map{
		"in a body":     func(lr plog.LogRecord) pcommon.Map { return lr.Body().SetEmptyMap() },
		"in a list":     func(lr plog.LogRecord) pcommon.Map { return lr.Body().SetEmptySlice().AppendEmpty().SetEmptyMap() },
		"in an entry":   func(lr plog.LogRecord) pcommon.Map { return lr.Attributes().PutEmptyMap("app") },
		"among headers": func(lr plog.LogRecord) pcommon.Map { return lr.Attributes().PutEmptyMap("kafka.headers") },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			ld := plog.NewLogs()
			lr := kafkaLog(ld)
			lr.Attributes().PutStr("kafka.key.kept", kafkaMail) // the key is known as carried
			put(lr).PutStr("kafka.key.kept", kafkaMail)
			r.logs(t, ld)
			m := &plog.ProtoMarshaler{}
			raw, err := m.MarshalLogs(r.logSink.AllLogs()[0])
			require.NoError(t, err)
			assert.Equal(t, 1, bytes.Count(raw, []byte(kafkaMail)))
		})
	}
}

// The key and the headers of a record are values like any other, a header's name the key of its value.
func TestKeyAndHeadersOfAKafkaRecordAreLookedAt(t *testing.T) {
	const card, secret = "4532-0151-1283-0366", "hunter2-and-more"
	for name, put := range map[string]func(a pcommon.Map){
		"a map": func(a pcommon.Map) {
			h := a.PutEmptyMap("kafka.headers")
			h.PutStr("user_name", secret)
			h.PutStr("x-request-id", "a-b-c")
			h.PutEmpty("nothing")
		},
		"a list of maps": func(a pcommon.Map) {
			h := a.PutEmptySlice("kafka.headers")
			for range 2 {
				h.AppendEmpty().SetEmptyMap().PutStr("user_name", secret)
				h.AppendEmpty().SetEmptyMap().PutStr("x-request-id", "a-b-c")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			ld := plog.NewLogs()
			a := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes()
			put(a)
			a.PutStr("kafka.key", card)
			r.logs(t, ld)
			m := &plog.ProtoMarshaler{}
			raw, err := m.MarshalLogs(r.logSink.AllLogs()[0])
			require.NoError(t, err)
			for text, want := range map[string]int{card: 0, secret: 0} {
				assert.Equal(t, want, bytes.Count(raw, []byte(text)), "text %d", len(text))
			}
			assert.Positive(t, bytes.Count(raw, []byte("a-b-c")))
			assert.Positive(t, bytes.Count(raw, []byte("user_name")))
		})
	}
}

// A key that is nothing personal is none because its attribute is called key.
func TestAKafkaKeyMayBeAnything(t *testing.T) {
	for _, key := range []string{"order-17", "customers", "0f8fad5b-d9cb-469f-a165-70867728950e", "a1b2c3d4e5f6a7b8"} {
		for _, preset := range policies.Names() {
			r := newRig(t, func(c *Config) { c.Policy.Presets = []string{preset} })
			ld := plog.NewLogs()
			ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes().PutStr("kafka.key", key)
			r.logs(t, ld)
			got, _ := r.logSink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Get("kafka.key")
			assert.Equal(t, key, got.Str(), preset)
		}
	}
}

func TestPersonalDataInCarriedPartsIsCounted(t *testing.T) {
	r := newRig(t, nil)
	for range 2 {
		ld := plog.NewLogs()
		fillCarried(kafkaLog(ld).Attributes())
		r.logs(t, ld)
	}
	set := attribute.NewSet(attribute.String("entity", "email"), attribute.String("place", "kafka_record"), attribute.String("signal", "logs"))
	const held = 8 // all but the four that are numbers
	metadatatest.AssertEqualProcessorTokenizationUntouchableValues(t, r.telemetry, []metricdata.DataPoint[int64]{{Value: 2 * held, Attributes: set}},
		metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
}

// kafkaLog is a log record as exporter/kafkastream/record makes them.
func kafkaLog(ld plog.Logs) plog.LogRecord {
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("kafka.topic", "orders")
	rl.Resource().Attributes().PutInt("kafka.partition", 0)
	rl.Resource().Attributes().PutStr("kafka.format", "auto")
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName("kafka_stream")
	return sl.LogRecords().AppendEmpty()
}
