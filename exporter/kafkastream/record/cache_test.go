package record

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// A schema that the registry does not have is asked for again after a while, and however many ids a producer makes up, few are
// remembered.
func TestWhatIsUnknownIsForgotten(t *testing.T) {
	var asked atomic.Int32
	known := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		select {
		case <-known:
			_, _ = w.Write([]byte(`{"schema":"\"string\""}`))
		default:
			http.Error(w, `{"error_code":40403}`, http.StatusNotFound)
		}
	}))
	defer server.Close()
	c := defaultRegistry()
	c.URL = server.URL
	r, err := newRegistry(c)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	r.now = func() time.Time { return now }
	topic := compile(TopicRule{})
	ask := func(id uint16) {
		t.Helper()
		if err := r.prepare(context.Background(), topic, []batch.Record{{Value: []byte{0, 0, 0, byte(id >> 8), byte(id), 2, 'x'}}}); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		ask(1)
	}
	now = now.Add(unknownFor - 1)
	if ask(1); asked.Load() != 1 {
		t.Errorf("asked %d times before it was due", asked.Load())
	}
	now = now.Add(1)
	if ask(1); asked.Load() != 2 || r.lookup(1).kind != schemaUnknown {
		t.Errorf("asked %d times after it was due", asked.Load())
	}
	for id := range uint16(maxUnknown + 10) {
		ask(id)
	}
	if len(r.schemas) > maxUnknown {
		t.Errorf("%d are remembered", len(r.schemas))
	}
	close(known)
	now = now.Add(unknownFor)
	if ask(1); r.lookup(1).kind != schemaAvro {
		t.Error("it was registered, and is unknown still")
	}
	before := asked.Load()
	now = now.Add(24 * time.Hour)
	if ask(1); asked.Load() != before {
		t.Error("what is known is asked for again")
	}
	ask(2)
	if err := r.prepare(context.Background(), compile(TopicRule{Format: Raw}), []batch.Record{{Value: []byte{0, 0, 0, 9, 9}}}); err != nil || asked.Load() != before+1 {
		t.Error("asked for a topic of bytes")
	}
}
