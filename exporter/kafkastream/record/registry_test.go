package record_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/avro"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

const (
	userSchema = `{"type":"record","name":"user","fields":[{"name":"email","type":"string"},{"name":"n","type":"long"}]}`
	// Each refers to the next one.
	outerSchema  = `{"type":"record","name":"outer","fields":[{"name":"at","type":"shop.address"},{"name":"note","type":"string"}]}`
	middleSchema = `{"type":"record","name":"address","namespace":"shop","fields":[{"name":"street","type":"string"},{"name":"town","type":"shop.town"}]}`
	innerSchema  = `{"type":"record","name":"town","namespace":"shop","fields":[{"name":"name","type":"string"}]}`
)

// registry is a schema registry that can be made to fail.
type registry struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int
	fails bool
	known map[string]map[string]any // by path
}

func newRegistry(t *testing.T, start func(http.Handler) *httptest.Server) *registry {
	t.Helper()
	type ref = map[string]any
	r := &registry{asked: map[string]int{}, known: map[string]map[string]any{
		"/schemas/ids/1":                      {"schema": userSchema},
		"/schemas/ids/2":                      {"schema": `{"type":"object"}`, "schemaType": "JSON"},
		"/schemas/ids/3":                      {"schema": `syntax = "proto3";`, "schemaType": "PROTOBUF"},
		"/schemas/ids/4":                      {"schema": outerSchema, "schemaType": "AVRO", "references": []ref{{"name": "shop.address", "subject": "shop/address", "version": 3}}},
		"/subjects/shop%2Faddress/versions/3": {"schema": middleSchema, "references": []ref{{"name": "shop.town", "subject": "town", "version": 1}}},
		"/subjects/town/versions/1":           {"schema": innerSchema},
		"/schemas/ids/5":                      {"schema": `{"type":"nothing"}`},
		"/schemas/ids/6":                      {"schema": "x", "schemaType": "THRIFT"},
	}}
	r.Server = start(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	return r
}

func (r *registry) serve(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked[req.URL.EscapedPath()]++
	user, password, _ := req.BasicAuth()
	switch known := r.known[req.URL.EscapedPath()]; {
	case r.fails:
		http.Error(w, "down", http.StatusServiceUnavailable)
	case user != "cloakroom" || password != "secret":
		http.Error(w, "who?", http.StatusUnauthorized)
	case known == nil:
		http.Error(w, `{"error_code":40403}`, http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
		_ = json.NewEncoder(w).Encode(known)
	}
}

func (r *registry) fail(is bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fails = is
}

func (r *registry) times(path string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked[path]
}

func registryConfig(url string) record.Config {
	c := record.DefaultConfig()
	c.SchemaRegistry.URL = url
	c.SchemaRegistry.Username, c.SchemaRegistry.Password = "cloakroom", configopaque.String("secret")
	return c
}

func made(t *testing.T, c record.Config) *record.Mapping {
	t.Helper()
	m, err := record.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// framed is a value under the schema's id.
func framed(id byte, value []byte) batch.Record {
	return batch.Record{Offset: int64(id), Timestamp: 1, Value: append([]byte{0, 0, 0, 0, id}, value...)}
}

func avroValue(t *testing.T, schema string, v any) []byte {
	t.Helper()
	s, err := avro.Parse(schema)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func outerValue() []byte { return []byte("\x06str\x08town\x08note") }

func framedRecords(t *testing.T) []batch.Record {
	return []batch.Record{
		framed(1, avroValue(t, userSchema, map[string]any{"email": "alice@example.com", "n": int64(7)})),
		framed(2, []byte(`{"email": "alice@example.com"}`)),
		framed(3, []byte("\x00\x0a\x05alice")),
		framed(4, outerValue()),
		framed(5, []byte("x")),
		framed(6, []byte("x")),
		framed(7, []byte("x")),
		{Offset: 8, Timestamp: 1, Value: []byte("plain")},
		{Offset: 9, Timestamp: 1},
		framed(1, []byte("\x03")),
		framed(2, []byte(`{"email`)),
	}
}

func TestRegistry(t *testing.T) {
	r := newRegistry(t, httptest.NewServer)
	c := registryConfig(r.URL + "/")
	c.SchemaRegistry.Protobuf = record.Pass
	m := made(t, c)
	recs := framedRecords(t)
	for range 3 {
		ld := plog.NewLogs()
		bad := map[int]record.Undecodable{}
		if err := m.ToLogs(context.Background(), ld, "orders", 3, recs, func(i int, u record.Undecodable) { bad[i] = u }); err != nil {
			t.Fatal(err)
		}
		want := map[int]record.Undecodable{
			4:  {Reason: record.ReasonSchemaInvalid, SchemaID: 5},
			5:  {Reason: record.ReasonSchemaInvalid, SchemaID: 6},
			6:  {Reason: record.ReasonSchemaUnknown, SchemaID: 7},
			9:  {Reason: record.ReasonAvro, SchemaID: 1},
			10: {Reason: record.ReasonJSON, SchemaID: 2},
		}
		if fmt.Sprint(bad) != fmt.Sprint(want) {
			t.Errorf("undecodable: %v, want %v", bad, want)
		}
		same(t, back(t, ld), []batch.Record{recs[0], recs[1], recs[2], recs[3], recs[7], recs[8]})
		bodies := ""
		for _, lr := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			bodies += lr.Body().AsString() + "|"
		}
		if want := `{"email":"alice@example.com"}|{"email": "alice@example.com"}||{"at":{"street":"str","town":{"name":"town"}},"note":"note"}|plain||`; bodies != want {
			t.Errorf("bodies %s, want %s", bodies, want)
		}
	}
	for id := range 7 {
		if n := r.times(fmt.Sprintf("/schemas/ids/%d", id+1)); n != 1 {
			t.Errorf("schema %d was asked for %d times", id+1, n)
		}
	}
}

// A registry that is away, or that does not let us in, is no reason to give up a record.
func TestARegistryThatIsAwayIsAnErrorForNow(t *testing.T) {
	r := newRegistry(t, httptest.NewServer)
	recs := framedRecords(t)[:1]
	try := func(m *record.Mapping) error {
		ld := plog.NewLogs()
		err := m.ToLogs(context.Background(), ld, "orders", 3, recs, func(int, record.Undecodable) { t.Error("given up") })
		if (err == nil) != (ld.ResourceLogs().Len() == 1) {
			t.Errorf("%d resources after %v", ld.ResourceLogs().Len(), err)
		}
		return err
	}
	m := made(t, registryConfig(r.URL))
	r.fail(true)
	if err := try(m); err == nil || !strings.Contains(err.Error(), "schema 1") || !strings.Contains(err.Error(), "503") {
		t.Errorf("while it fails: %v", err)
	}
	r.fail(false)
	if err := try(m); err != nil {
		t.Errorf("after it came back: %v", err)
	}
	r.fail(true)
	if err := try(m); err != nil {
		t.Errorf("of a schema that is known: %v", err)
	}
	r.fail(false)
	locked := registryConfig(r.URL)
	locked.SchemaRegistry.Password = "wrong"
	if err := try(made(t, locked)); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("with the wrong password: %v", err)
	}
	fresh := made(t, registryConfig(r.URL))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := fresh.ToLogs(ctx, plog.NewLogs(), "orders", 3, recs, nil); err == nil {
		t.Error("with a context that ended: no error")
	}
	r.Close()
	if err := try(fresh); err == nil {
		t.Error("of a server that is gone: no error")
	}
}

func TestRegistryByTLS(t *testing.T) {
	r := newRegistry(t, httptest.NewTLSServer)
	c := registryConfig(r.URL)
	recs := framedRecords(t)[:1]
	if err := made(t, c).ToLogs(context.Background(), plog.NewLogs(), "orders", 3, recs, nil); err == nil {
		t.Error("a certificate of nobody known was taken")
	}
	c.SchemaRegistry.TLS.InsecureSkipVerify = true
	same(t, back(t, there(t, made(t, c), recs)), recs)
}

func TestSchemasInTheConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "user.avsc")
	if err := os.WriteFile(file, []byte(userSchema), 0o600); err != nil {
		t.Fatal(err)
	}
	c := record.DefaultConfig()
	c.SchemaRegistry.Schemas = []record.Schema{{ID: 1, File: file}, {ID: 2, Type: "json"}, {ID: 3, Type: "protobuf"}, {ID: 4, Type: "avro", Schema: userSchema}}
	for handling, want := range map[record.Handling]struct {
		decodable int
		refuse    bool
	}{record.Tokenize: {3, false}, record.Pass: {3, false}, record.DeadLetter: {0, false}, record.Refuse: {0, true}} {
		t.Run(string(handling), func(t *testing.T) {
			c.SchemaRegistry.Avro, c.SchemaRegistry.JSON = handling, handling
			user := avroValue(t, userSchema, map[string]any{"email": "alice@example.com", "n": int64(7)})
			recs := []batch.Record{framed(1, user), framed(2, []byte(`{}`)), framed(4, user), framed(3, user)}
			ld := plog.NewLogs()
			var bad []record.Undecodable
			if err := made(t, c).ToLogs(context.Background(), ld, "orders", 3, recs, func(_ int, u record.Undecodable) { bad = append(bad, u) }); err != nil {
				t.Fatal(err)
			}
			same(t, back(t, ld), recs[:want.decodable])
			if len(bad) != 4-want.decodable {
				t.Fatalf("undecodable: %v", bad)
			}
			for i, u := range bad {
				if u.Reason != record.ReasonSchemaType || u.Refuse != (want.refuse && i < 3) {
					t.Errorf("%d: %+v", i, u)
				}
			}
		})
	}
	c.SchemaRegistry.Enabled = false
	recs := framedRecords(t)
	same(t, back(t, there(t, made(t, c), recs)), recs)
}

// Partitions are mapped side by side.
func TestMappingIsSafeForConcurrentUse(t *testing.T) {
	r := newRegistry(t, httptest.NewServer)
	m := made(t, registryConfig(r.URL))
	recs := framedRecords(t)[:4:4]
	for i := range 40 {
		recs = append(recs, batch.Record{Timestamp: 1, Value: []byte("{}"), Headers: []batch.Header{{Key: "content-type", Value: fmt.Appendf(nil, "application/x%d+json; charset=latin1", i)}}})
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			ld := plog.NewLogs()
			bad := 0
			topic := fmt.Sprint("topic-", i%3)
			if err := m.ToLogs(context.Background(), ld, topic, 3, recs, func(int, record.Undecodable) { bad++ }); err != nil || bad != 1 {
				t.Errorf("%v, %d undecodable", err, bad)
			}
			n := 0
			if err := record.FromLogs(ld, record.Encoding{}, func(record.Out) error { n++; return nil }); err != nil || n != len(recs)-1 {
				t.Errorf("%v, %d records", err, n)
			}
		})
	}
	wg.Wait()
	if n := r.times("/schemas/ids/1"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}
