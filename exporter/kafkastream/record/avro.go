package record

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/twmb/avro"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata"
)

const (
	// maxAvroDepth bounds how deep the values of a datum lie in one another.
	maxAvroDepth = 64
	// maxAvroTexts bounds the texts of one datum.
	maxAvroTexts = 1 << 16
	// avroSteps and avroStepsPerByte bound the values of a datum, since a null takes no bytes.
	avroSteps, avroStepsPerByte = 1 << 16, 8
)

// avroKind is a type of Avro, as far as it says how long a value is.
type avroKind uint8

const (
	avroNull avroKind = iota
	avroBoolean
	avroVarint // int, long
	avroFixed  // float, double, fixed
	avroBytes
	avroString
	avroEnum
	avroRecord
	avroArray
	avroMap
	avroUnion
)

// avroNode is a type of a schema. Types that hold themselves are circles of nodes.
type avroNode struct {
	kind   avroKind
	text   bool        // a value may hold text
	names  []string    // of a record's fields
	inner  []*avroNode // of a record's fields, of an array's or map's values, of a union's branches
	texts  int         // of inner, those that may hold text
	length int         // of what is fixed; of an enum, the number of its symbols
}

// parseAvro reads a schema. Those it refers to are given first, each after those that it refers to itself.
func parseAvro(schema string, references []string) (*avroNode, error) {
	var cache avro.SchemaCache
	for _, r := range references {
		if _, err := cache.Parse(r); err != nil {
			return nil, errors.New("a schema it refers to cannot be read")
		}
	}
	parsed, err := cache.Parse(schema)
	if err != nil {
		return nil, fmt.Errorf("no Avro schema: %w", err)
	}
	// The canonical form has every name in full and nothing that does not say how data are encoded.
	var canonical any
	if err := json.Unmarshal(parsed.Canonical(), &canonical); err != nil {
		return nil, err
	}
	c := avroCompiler{named: map[string]*avroNode{}}
	c.define(canonical)
	root, err := c.node(canonical)
	if err != nil {
		return nil, err
	}
	c.spread()
	return root, nil
}

// avroCompiler turns the canonical form of a schema into nodes.
type avroCompiler struct {
	named map[string]*avroNode
	done  []*avroNode
}

var avroPrimitives = map[string]avroNode{
	"null":    {kind: avroNull},
	"boolean": {kind: avroBoolean},
	"int":     {kind: avroVarint},
	"long":    {kind: avroVarint},
	"float":   {kind: avroFixed, length: 4},
	"double":  {kind: avroFixed, length: 8},
	"bytes":   {kind: avroBytes},
	"string":  {kind: avroString, text: true},
}

// define makes a node for every type that has a name, so that it can be referred to before it is filled in.
func (c *avroCompiler) define(v any) {
	switch v := v.(type) {
	case []any:
		for _, branch := range v {
			c.define(branch)
		}
	case map[string]any:
		if name, ok := v["name"].(string); ok {
			c.named[name] = &avroNode{}
		}
		for _, key := range []string{"type", "items", "values"} {
			c.define(v[key])
		}
		if fields, ok := v["fields"].([]any); ok {
			for _, field := range fields {
				if f, ok := field.(map[string]any); ok {
					c.define(f["type"])
				}
			}
		}
	}
}

var errAvroForm = errors.New("no Avro schema in its canonical form")

func (c *avroCompiler) node(v any) (*avroNode, error) {
	switch v := v.(type) {
	case string:
		if primitive, ok := avroPrimitives[v]; ok {
			return &primitive, nil
		}
		if named := c.named[v]; named != nil {
			return named, nil
		}
		return nil, errAvroForm
	case []any:
		n := &avroNode{kind: avroUnion}
		return n, c.fill(n, v...)
	case map[string]any:
		return c.object(v)
	}
	return nil, errAvroForm
}

func (c *avroCompiler) object(v map[string]any) (*avroNode, error) {
	n := &avroNode{}
	if name, ok := v["name"].(string); ok {
		n = c.named[name]
	}
	switch v["type"] {
	case "record", "error":
		return n, c.record(n, v)
	case "enum":
		symbols, _ := v["symbols"].([]any)
		n.kind, n.length = avroEnum, len(symbols)
	case "fixed":
		size, ok := v["size"].(float64)
		if !ok || size < 0 {
			return nil, errAvroForm
		}
		n.kind, n.length = avroFixed, int(size)
	case "array":
		n.kind = avroArray
		return n, c.fill(n, v["items"])
	case "map":
		n.kind, n.text = avroMap, true // its keys are
		return n, c.fill(n, v["values"])
	default:
		return c.node(v["type"])
	}
	return n, nil
}

func (c *avroCompiler) record(n *avroNode, v map[string]any) error {
	n.kind = avroRecord
	fields, _ := v["fields"].([]any)
	var types []any
	for _, field := range fields {
		f, ok := field.(map[string]any)
		name, named := f["name"].(string)
		if !ok || !named {
			return errAvroForm
		}
		n.names = append(n.names, name)
		types = append(types, f["type"])
	}
	return c.fill(n, types...)
}

func (c *avroCompiler) fill(n *avroNode, types ...any) error {
	c.done = append(c.done, n)
	for _, t := range types {
		inner, err := c.node(t)
		if err != nil {
			return err
		}
		n.inner = append(n.inner, inner)
	}
	return nil
}

// spread tells every node whether what is in it may hold text.
func (c *avroCompiler) spread() {
	for changed := true; changed; {
		changed = false
		for _, n := range c.done {
			n.texts = 0
			for _, inner := range n.inner {
				if inner.text {
					n.texts++
				}
			}
			if n.texts > 0 && !n.text {
				n.text, changed = true, true
			}
		}
	}
}

// walkAvro takes a datum apart, which begins after a head that stays: its texts go into body, in the order in which they stand, and
// the bytes around them into the parts of the frame. Both may share the datum's memory.
func walkAvro(n *avroNode, head, datum []byte, body pcommon.Value) (parts [][]byte, reason string) {
	w := avroWalk{in: datum, steps: avroSteps + avroStepsPerByte*len(datum)}
	w.out = append(make([]byte, 0, len(head)+len(datum)), head...)
	w.value(n, body, 0)
	if w.reason == "" && w.at != len(w.in) {
		w.reason = ReasonAvro
	}
	if w.reason != "" {
		return nil, w.reason
	}
	parts = make([][]byte, 0, len(w.cuts)+1)
	from := 0
	for _, to := range append(w.cuts, len(w.out)) {
		parts = append(parts, w.out[from:to])
		from = to
	}
	return parts, ""
}

// avroWalk reads a datum. After a fault it reads nothing more.
type avroWalk struct {
	in     []byte
	at     int
	out    []byte // what is no text
	cuts   []int  // where in out the texts were
	steps  int
	reason string
}

func (w *avroWalk) fail(reason string) {
	if w.reason == "" {
		w.reason = reason
	}
	w.at = len(w.in)
}

// step counts one value and reports whether it is to be read.
func (w *avroWalk) step(depth int) bool {
	w.steps--
	if w.steps < 0 || depth > maxAvroDepth {
		w.fail(ReasonAvroLimits)
	}
	return w.reason == ""
}

func (w *avroWalk) long() int64 {
	v, n := binary.Varint(w.in[w.at:])
	if n <= 0 {
		w.fail(ReasonAvro)
		return 0
	}
	w.at += n
	return v
}

// take passes n bytes over.
func (w *avroWalk) take(n int64) []byte {
	if n < 0 || n > int64(len(w.in)-w.at) {
		w.fail(ReasonAvro)
		return nil
	}
	w.at += int(n)
	return w.in[w.at-int(n) : w.at]
}

// text reads a text and cuts it out.
func (w *avroWalk) text() []byte {
	text := w.take(w.long())
	if len(w.cuts) >= maxAvroTexts {
		w.fail(ReasonAvroLimits)
	}
	w.cuts = append(w.cuts, len(w.out))
	return text
}

// value reads a value of a type that may hold text.
func (w *avroWalk) value(n *avroNode, dst pcommon.Value, depth int) {
	if !n.text {
		from := w.at
		if w.skip(n, depth); w.reason == "" {
			w.out = append(w.out, w.in[from:w.at]...)
		}
		return
	}
	if !w.step(depth) {
		return
	}
	switch n.kind {
	case avroString:
		if text := w.text(); w.reason == "" {
			putText(dst, view(text))
		}
	case avroRecord:
		var b xpdata.MapBuilder
		b.EnsureCapacity(n.texts)
		for i, inner := range n.inner {
			v := dst
			if inner.text {
				v = b.AppendEmpty(n.names[i])
			}
			w.value(inner, v, depth+1)
		}
		b.UnsafeIntoMap(dst.SetEmptyMap())
	case avroArray:
		list := dst.SetEmptySlice()
		w.blocks(func() { w.value(n.inner[0], list.AppendEmpty(), depth+1) })
	case avroMap:
		w.entries(n.inner[0], dst, depth)
	case avroUnion:
		from := w.at
		branch := w.long()
		if branch < 0 || branch >= int64(len(n.inner)) || w.reason != "" {
			w.fail(ReasonAvro)
			return
		}
		w.out = append(w.out, w.in[from:w.at]...)
		w.value(n.inner[branch], dst, depth+1)
	}
}

// entries reads an Avro map.
func (w *avroWalk) entries(values *avroNode, dst pcommon.Value, depth int) {
	list := dst.SetEmptySlice()
	list.AppendEmpty().SetBool(true)
	w.blocks(func() {
		key := w.text()
		if !utf8.Valid(key) {
			w.fail(ReasonAvro)
		}
		if !w.step(depth) {
			return
		}
		w.value(values, list.AppendEmpty().SetEmptyMap().PutEmpty(view(key)), depth+1)
	})
}

// blocks reads the blocks of an array or a map, and writes them without their sizes in bytes, which their texts change.
func (w *avroWalk) blocks(item func()) {
	for w.reason == "" {
		count, size := w.block()
		if w.reason != "" {
			return
		}
		w.out = binary.AppendVarint(w.out, count)
		if count == 0 {
			return
		}
		end := w.at + size
		for ; count > 0 && w.reason == ""; count-- {
			item()
		}
		if size >= 0 && w.at != end {
			w.fail(ReasonAvro)
		}
	}
}

// block reads the head of a block. Its size is -1 where it is not told.
func (w *avroWalk) block() (count int64, size int) {
	count, size = w.long(), -1
	if count < 0 {
		count = -count
		told := w.long()
		if told < 0 || told > int64(len(w.in)-w.at) {
			w.fail(ReasonAvro)
		}
		size = int(told)
	}
	if count < 0 { // it was the least number
		w.fail(ReasonAvro)
	}
	return count, size
}

// skip passes a value without text over.
func (w *avroWalk) skip(n *avroNode, depth int) {
	if !w.step(depth) {
		return
	}
	switch n.kind {
	case avroBoolean:
		if b := w.take(1); len(b) == 1 && b[0] > 1 {
			w.fail(ReasonAvro)
		}
	case avroVarint:
		w.long()
	case avroEnum:
		if i := w.long(); i < 0 || i >= int64(n.length) {
			w.fail(ReasonAvro)
		}
	case avroFixed:
		w.take(int64(n.length))
	case avroBytes:
		w.take(w.long())
	case avroRecord:
		for _, inner := range n.inner {
			w.skip(inner, depth+1)
		}
	case avroArray:
		w.skipBlocks(n.inner[0], depth)
	case avroUnion:
		branch := w.long()
		if branch < 0 || branch >= int64(len(n.inner)) {
			w.fail(ReasonAvro)
			return
		}
		w.skip(n.inner[branch], depth+1)
	}
}

func (w *avroWalk) skipBlocks(item *avroNode, depth int) {
	for w.reason == "" {
		count, size := w.block()
		if count == 0 {
			return
		}
		end := w.at + size
		for ; count > 0 && w.reason == ""; count-- {
			w.skip(item, depth+1)
		}
		if size >= 0 && w.at != end {
			w.fail(ReasonAvro)
		}
	}
}
