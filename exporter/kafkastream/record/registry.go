package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/spelling"
)

// Handling says what is done with values of one type of schema.
type Handling string

// The ways.
const (
	Tokenize   Handling = "tokenize"    // their texts are looked at
	Pass       Handling = "pass"        // carried as they are
	DeadLetter Handling = "dead_letter" // undecodable
	Refuse     Handling = "refuse"      // the partition stops
)

// SchemaRegistry says what is done with values that a schema registry's serializer framed: a zero and the id of a schema before them.
// A value whose schema is not known is undecodable, since its type is not known either.
type SchemaRegistry struct {
	// Enabled looks for frames in the values of all topics that are neither OTLP nor raw. The default; without it, what begins with
	// a zero is read like any other value.
	Enabled bool `mapstructure:"enabled"`
	// JSON values: tokenize (default), pass, dead_letter, refuse.
	JSON Handling `mapstructure:"json"`
	// Avro values: tokenize (default), pass, dead_letter, refuse.
	Avro Handling `mapstructure:"avro"`
	// Protobuf values: pass, dead_letter (default), refuse.
	Protobuf Handling `mapstructure:"protobuf"`
	// Schemas that are known without a registry.
	Schemas []Schema `mapstructure:"schemas"`
	// URL of the registry that is asked for all others.
	URL string `mapstructure:"url"`
	// Username and Password for HTTP's basic authentication.
	Username string              `mapstructure:"username"`
	Password configopaque.String `mapstructure:"password"`
	// TLS to an https URL.
	TLS configtls.ClientConfig `mapstructure:"tls"`
	// Timeout of one request. Default 10s.
	Timeout time.Duration `mapstructure:"timeout"`
}

// Schema is a schema by its id.
type Schema struct {
	ID int32 `mapstructure:"id"`
	// Type is avro (default), json or protobuf.
	Type string `mapstructure:"type"`
	// Schema is its text, File the path of a file that holds it; one of them, for Avro.
	Schema string `mapstructure:"schema"`
	File   string `mapstructure:"file"`
}

func defaultRegistry() SchemaRegistry {
	return SchemaRegistry{Enabled: true, JSON: Tokenize, Avro: Tokenize, Protobuf: DeadLetter, TLS: configtls.NewDefaultClientConfig(), Timeout: 10 * time.Second}
}

func (c *SchemaRegistry) faults() (faults []error) {
	if !c.Enabled {
		return nil
	}
	all := []Handling{Tokenize, Pass, DeadLetter, Refuse}
	for _, h := range []struct {
		key  string
		is   Handling
		want []Handling
	}{{"json", c.JSON, all}, {"avro", c.Avro, all}, {"protobuf", c.Protobuf, all[1:]}} {
		if !slices.Contains(h.want, h.is) {
			faults = append(faults, unknown(h.key, h.is, h.want))
		}
	}
	seen := map[int32]bool{}
	for i := range c.Schemas {
		s := &c.Schemas[i]
		if _, err := s.read(); err != nil {
			faults = append(faults, fmt.Errorf("schemas[%d].%w", i, err))
		}
		if seen[s.ID] {
			faults = append(faults, fmt.Errorf("schemas[%d].id: %d stands twice", i, s.ID))
		}
		seen[s.ID] = true
	}
	return append(faults, c.urlFaults()...)
}

func (c *SchemaRegistry) urlFaults() (faults []error) {
	if c.URL == "" {
		if c.Username != "" {
			faults = append(faults, errors.New("username: without a url"))
		}
		return faults
	}
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		faults = append(faults, errors.New("url: want http://host or https://host"))
	} else if u.User != nil {
		faults = append(faults, errors.New("url: holds credentials: they belong into username and password"))
	}
	if c.Password != "" && c.Username == "" {
		faults = append(faults, errors.New("username: required with a password"))
	}
	if err := spelling.Time("timeout", c.Timeout); err != nil {
		faults = append(faults, err)
	}
	if err := c.TLS.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("tls: %w", err))
	}
	return faults
}

// read returns the schema, ready for use.
func (s *Schema) read() (*schema, error) {
	switch s.Type {
	case "json":
		return &schema{kind: schemaJSON}, nil
	case "protobuf":
		return &schema{kind: schemaProtobuf}, nil
	case "", "avro":
	default:
		return nil, fmt.Errorf("type: unknown %q: want avro, json, protobuf", s.Type)
	}
	if (s.Schema == "") == (s.File == "") {
		return nil, errors.New("schema: required, or a file")
	}
	text, key := s.Schema, "schema"
	if s.File != "" {
		raw, err := os.ReadFile(s.File)
		if err != nil {
			return nil, fmt.Errorf("file: %w", err)
		}
		text, key = string(raw), "file"
	}
	node, err := parseAvro(text, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return &schema{kind: schemaAvro, avro: node}, nil
}

type schemaKind uint8

const (
	schemaUnknown schemaKind = iota // the registry does not have it
	schemaInvalid
	schemaAvro
	schemaJSON
	schemaProtobuf
)

// schema is what is known under an id.
type schema struct {
	kind  schemaKind
	avro  *avroNode
	until time.Time // when to ask again; zero for never
}

const (
	// unknownFor is how long it is believed that the registry does not have a schema: one that is registered now may be used
	// by the next record.
	unknownFor = 15 * time.Second
	// maxUnknown bounds the ids of which that is remembered.
	maxUnknown = 4096
	// maxSchema bounds a registry's answer, maxReferences the schemas that one refers to.
	maxSchema     = 8 << 20
	maxReferences = 64
)

// registry knows schemas by their ids. Nil knows none and sees no frames. It is safe for concurrent use.
type registry struct {
	config  SchemaRegistry
	client  *http.Client
	now     func() time.Time
	mu      sync.RWMutex
	schemas map[int32]*schema
	unknown int
	asking  sync.Mutex // one question at a time: those that wait may find the answer
}

func newRegistry(c SchemaRegistry) (*registry, error) {
	if !c.Enabled {
		return nil, nil
	}
	r := &registry{config: c, now: time.Now, schemas: map[int32]*schema{}}
	for i := range c.Schemas {
		s, err := c.Schemas[i].read()
		if err != nil {
			return nil, fmt.Errorf("schema_registry.schemas[%d].%w", i, err)
		}
		r.schemas[c.Schemas[i].ID] = s
	}
	if c.URL == "" {
		return r, nil
	}
	tlsConfig, err := c.TLS.LoadTLSConfig(context.Background())
	if err != nil {
		return nil, fmt.Errorf("schema_registry.tls: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = tlsConfig
	r.client = &http.Client{Transport: transport, Timeout: c.Timeout}
	return r, nil
}

// framed reports whether the value is framed, and by which schema.
func (r *registry) framed(value []byte) (id int32, framed bool) {
	if r == nil || len(value) < frameHead || value[0] != 0 {
		return 0, false
	}
	return schemaID(value), true
}

func (r *registry) lookup(id int32) *schema {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.schemas[id]
}

// prepare asks the registry for the schemas of recs that are not known yet.
func (r *registry) prepare(ctx context.Context, topic *rule, recs []batch.Record) error {
	if r == nil || r.client == nil || !topic.framed() {
		return nil
	}
	for i := range recs {
		id, framed := r.framed(recs[i].Value)
		if !framed {
			continue
		}
		if err := r.know(ctx, id); err != nil {
			return fmt.Errorf("ask the schema registry for schema %d: %w", id, err)
		}
	}
	return nil
}

func (r *registry) fresh(id int32) bool {
	s := r.lookup(id)
	return s != nil && (s.until.IsZero() || r.now().Before(s.until))
}

func (r *registry) know(ctx context.Context, id int32) error {
	if r.fresh(id) {
		return nil
	}
	r.asking.Lock()
	defer r.asking.Unlock()
	if r.fresh(id) {
		return nil
	}
	s, err := r.ask(ctx, id)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.kind == schemaUnknown {
		if r.unknown++; r.unknown > maxUnknown {
			r.forget()
		}
	}
	r.schemas[id] = s
	return nil
}

// forget drops what is known not to exist.
func (r *registry) forget() {
	for id, s := range r.schemas {
		if s.kind == schemaUnknown {
			delete(r.schemas, id)
		}
	}
	r.unknown = 1
}

// The codes by which a registry says that it does not have a subject, a version, or a schema.
const (
	subjectNotFound = 40401
	schemaNotFound  = 40403
)

// answer is what a registry says of a schema.
type answer struct {
	SchemaType string `json:"schemaType"`
	Schema     string `json:"schema"`
	References []struct {
		Subject string `json:"subject"`
		Version int    `json:"version"`
	} `json:"references"`
}

// ask returns what the registry knows under the id.
//
// Source: Confluent's Schema Registry API, which Apicurio, Karapace and Redpanda speak, too.
func (r *registry) ask(ctx context.Context, id int32) (*schema, error) {
	a, found, err := r.get(ctx, "schemas", "ids", strconv.FormatInt(int64(id), 10))
	switch {
	case err != nil:
		return nil, err
	case !found:
		return &schema{kind: schemaUnknown, until: r.now().Add(unknownFor)}, nil
	}
	switch strings.ToUpper(a.SchemaType) {
	case "", "AVRO":
	case "JSON":
		return &schema{kind: schemaJSON}, nil
	case "PROTOBUF":
		return &schema{kind: schemaProtobuf}, nil
	default:
		return &schema{kind: schemaInvalid, until: r.now().Add(unknownFor)}, nil
	}
	var references []string
	if err := r.references(ctx, a, &references, map[string]bool{}); err != nil {
		return nil, err
	}
	node, err := parseAvro(a.Schema, references)
	if err != nil {
		return &schema{kind: schemaInvalid, until: r.now().Add(unknownFor)}, nil
	}
	return &schema{kind: schemaAvro, avro: node}, nil
}

// references collects the schemas that a refers to, each after those that it refers to itself.
func (r *registry) references(ctx context.Context, a answer, into *[]string, seen map[string]bool) error {
	for _, ref := range a.References {
		version := strconv.Itoa(ref.Version)
		if at := ref.Subject + "\x00" + version; seen[at] || len(seen) >= maxReferences {
			continue
		} else {
			seen[at] = true
		}
		next, found, err := r.get(ctx, "subjects", ref.Subject, "versions", version)
		if err != nil {
			return err
		}
		if !found {
			continue // the schema will not parse
		}
		if err := r.references(ctx, next, into, seen); err != nil {
			return err
		}
		*into = append(*into, next.Schema)
	}
	return nil
}

// get asks for one resource of the registry; found is false where it does not exist.
func (r *registry) get(ctx context.Context, path ...string) (a answer, found bool, err error) {
	for i := range path {
		path[i] = url.PathEscape(path[i])
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(r.config.URL, "/")+"/"+strings.Join(path, "/"), nil)
	if err != nil {
		return a, false, err
	}
	req.Header.Set("Accept", "application/vnd.schemaregistry.v1+json, application/json")
	if r.config.Username != "" {
		req.SetBasicAuth(r.config.Username, string(r.config.Password))
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return a, false, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxSchema))
	switch {
	case err != nil:
		return a, false, err
	case resp.StatusCode == http.StatusNotFound:
		// A proxy on the way, or another path, answers 404 as well: that says nothing about the schema.
		var no struct {
			Code int `json:"error_code"`
		}
		if err := json.Unmarshal(body, &no); err != nil || no.Code < subjectNotFound || no.Code > schemaNotFound {
			return a, false, errors.New("it answers 404 Not Found, but not that it does not have the schema")
		}
		return a, false, nil
	case resp.StatusCode != http.StatusOK:
		return a, false, fmt.Errorf("it answers %s", resp.Status)
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return a, false, errors.New("it answers no JSON")
	}
	return a, true, nil
}

// content reads a framed value.
func (r *registry) content(id int32, value []byte) (c content, u Undecodable) {
	s := r.lookup(id)
	if s == nil {
		return c, Undecodable{Reason: ReasonSchemaUnknown, SchemaID: id}
	}
	how := Tokenize
	switch s.kind {
	case schemaUnknown:
		return c, Undecodable{Reason: ReasonSchemaUnknown, SchemaID: id}
	case schemaInvalid:
		return c, Undecodable{Reason: ReasonSchemaInvalid, SchemaID: id}
	case schemaAvro:
		how = r.config.Avro
	case schemaJSON:
		how = r.config.JSON
	case schemaProtobuf:
		how = r.config.Protobuf
	}
	switch how {
	case Pass:
		return content{null: true, frame: [][]byte{value}}, u
	case DeadLetter, Refuse:
		return c, Undecodable{Reason: ReasonSchemaType, SchemaID: id, Refuse: how == Refuse}
	}
	if s.kind == schemaJSON {
		if !validJSON(value[frameHead:]) {
			return c, Undecodable{Reason: ReasonJSON, SchemaID: id}
		}
		return framedText(value)
	}
	c = content{avro: true, tree: pcommon.NewValueEmpty()}
	if c.frame, u.Reason = walkAvro(s.avro, value[:frameHead], value[frameHead:], c.tree); u.Reason != "" {
		u.SchemaID = id
	}
	return c, u
}
