package tokenization

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pprofile"
)

// shaper makes log records whose texts, keys and shape all come from the fuzzer.
type shaper struct {
	shape []byte
	texts []string
}

func (s *shaper) next() byte {
	if len(s.shape) == 0 {
		return 0
	}
	b := s.shape[0]
	s.shape = s.shape[1:]
	return b
}

func (s *shaper) text() string { return s.texts[int(s.next())%len(s.texts)] }

func (s *shaper) attributes(m pcommon.Map, depth int) {
	for range s.next() % 8 {
		s.value(m.PutEmpty(s.text()), depth)
	}
}

func (s *shaper) value(v pcommon.Value, depth int) {
	switch b := s.next(); b % 8 {
	case 0:
	case 1:
		v.SetInt(int64(b) * 15_873_015_873_016)
	case 2:
		v.SetDouble(float64(b) / 3)
	case 3:
		v.SetEmptyBytes().FromRaw([]byte(s.text()))
	case 4:
		if depth > 0 {
			s.attributes(v.SetEmptyMap(), depth-1)
		}
	case 5:
		if depth > 0 {
			list := v.SetEmptySlice()
			for range s.next() % 4 {
				s.value(list.AppendEmpty(), depth-1)
			}
		}
	default:
		v.SetStr(s.text())
	}
}

func (s *shaper) logs() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	s.attributes(rl.Resource().Attributes(), 2)
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for range 1 + s.next()%4 {
		r := records.AppendEmpty()
		r.SetSeverityText(s.text())
		r.SetEventName(s.text())
		r.SetTraceID(pcommon.TraceID{s.next(), 1})
		s.attributes(r.Attributes(), 4)
		s.value(r.Body(), 4)
	}
	return ld
}

// count is the number of values in v, itself included.
func count(v pcommon.Value) int {
	n := 1
	switch v.Type() {
	case pcommon.ValueTypeMap:
		for _, inner := range v.Map().All() {
			n += count(inner)
		}
	case pcommon.ValueTypeSlice:
		for i := range v.Slice().Len() {
			n += count(v.Slice().At(i))
		}
	}
	return n
}

func countLogs(ld plog.Logs) int {
	n := 0
	for _, rl := range ld.ResourceLogs().All() {
		n += rl.Resource().Attributes().Len()
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				n += count(r.Body()) + int(r.TraceID()[0])
				for _, v := range r.Attributes().All() {
					n += count(v)
				}
			}
		}
	}
	return n
}

// Whatever the telemetry: no panic, nothing lost, the same with a scratch that was used before and a new one, and a
// second run changes nothing.
func FuzzWalk(f *testing.F) {
	var texts []string
	for _, c := range canaries {
		texts = append(texts, c.text, c.key, c.secret)
	}
	f.Add(strings.Join(texts, "\n"), []byte("\x07\x06\x01\x06\x02\x06\x03\x04\x03\x05\x03\x06\x07\x0e\x0f\x10\x20\x04\x33"))
	f.Add("user\nname\nMaria\n\n[email]\na@b.example.org", []byte("\x03\x04\x07\x06\x05\x04\x03\x02\x01"))
	f.Add("\xff\xfe\ntkt_email_bdfgh_kzmrwtvxpqshdnbcjlgkfrtbwzqmvnxds\nx-request-id", []byte("seeds for the shape of it"))
	g := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		shape := make([]byte, 200)
		for i := range shape {
			shape[i] = byte(g.Uint32())
		}
		f.Add(strings.Join(texts, "\n"), shape)
	}
	used, fresh := newRig(f, nil), benchTokenizer(f)
	f.Fuzz(func(t *testing.T, texts string, shape []byte) {
		build := func() plog.Logs {
			return (&shaper{shape: shape, texts: strings.Split(texts, "\n")}).logs()
		}
		ld := build()
		before := countLogs(ld)
		used.logs(t, ld)
		require.Equal(t, before, countLogs(ld), "something was lost")
		first := wire(t, ld)

		again := build()
		ctx := context.Background()
		require.NoError(t, fresh.run(ctx, fresh.newWalk(), func(w *walk) { w.logs(ctx, again) }))
		require.Equal(t, string(first), string(wire(t, again)), "what a scratch was used for before made a difference")

		used.logs(t, ld)
		require.Equal(t, string(first), string(wire(t, ld)), "the second run changed something")
		used.logSink.Reset()
	})
}

// Profiles are full of indices, all of which may be wrong on the wire.
func FuzzProfiles(f *testing.F) {
	for _, c := range canaries {
		pd := pprofile.NewProfiles()
		pd.Dictionary().StringTable().Append("", c.secret, c.text)
		addAttribute(pd, c.key).SetStr(c.secret)
		reference(pd, c.secret).CopyTo(addAttribute(pd, c.key))
		addAttribute(pd, c.key).SetEmptyMap().PutEmpty("")
		rp := pd.ResourceProfiles().AppendEmpty()
		rp.Resource().Attributes().PutStr(c.key, c.secret)
		p := rp.ScopeProfiles().AppendEmpty().Profiles().AppendEmpty()
		p.SampleType().SetTypeStrindex(99)
		p.AttributeIndices().Append(0, 1, -1)
		b, err := (&pprofile.ProtoMarshaler{}).MarshalProfiles(pd)
		require.NoError(f, err)
		f.Add(b)
	}
	r := newRig(f, nil)
	f.Fuzz(func(t *testing.T, b []byte) {
		pd, err := (&pprofile.ProtoUnmarshaler{}).UnmarshalProfiles(b)
		if err != nil {
			return
		}
		strings, attributes := pd.Dictionary().StringTable().Len(), pd.Dictionary().AttributeTable().Len()
		require.NoError(t, r.toProfiles.ConsumeProfiles(context.Background(), pd))
		require.Equal(t, strings, pd.Dictionary().StringTable().Len())
		require.Equal(t, attributes, pd.Dictionary().AttributeTable().Len())
		r.profileSink.Reset()
	})
}
