package tokenization

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/cloakroom/cloakroom/processor/detect"
)

func TestFreeName(t *testing.T) {
	taken := map[string]int{"a": 1, "a.2": 1}
	var got []string
	for _, name := range []string{"a", "a", "b", "b", "a.2", "b.2"} {
		got = append(got, freeName(taken, name))
	}
	assert.Equal(t, []string{"a.3", "a.4", "b", "b.2", "a.2.2", "b.2.2"}, got)
}

// Handles that were taken before the changes stay valid through all of them, nested ones too.
func TestApplyKeepsHandlesValid(t *testing.T) {
	m := pcommon.NewMap()
	m.PutStr("a", "1")
	inner := m.PutEmptyMap("b")
	inner.PutStr("c", "2")
	inner.PutStr("d", "3")
	list := inner.PutEmptySlice("e")
	list.AppendEmpty().SetStr("4")
	list.AppendEmpty().SetStr("5")
	deepest := list.AppendEmpty().SetEmptyMap()
	deepest.PutStr("f", "6")

	var e edits
	f, _ := deepest.Get("f")
	d, _ := inner.Get("d")
	e.values = []valueEdit{{value: f, text: "six"}, {value: d, text: "three"}}
	// Outer before inner: the rebuilt map moves the values that hold the others.
	e.pending = []change{{index: 0, remove: true}, {index: 1, name: "B"}}
	e.closeMap(m, 0)
	e.pending = []change{{index: 0, name: "C"}, {index: 2, name: "E"}}
	e.closeMap(inner, 0)
	e.pending = []change{{index: 0, remove: true}}
	e.closeSlice(list, 0)
	e.pending = []change{{index: 0, name: "F"}}
	e.closeMap(deepest, 0)
	e.apply()
	assert.Equal(t, map[string]any{"B": map[string]any{"C": "2", "d": "three", "E": []any{"5", map[string]any{"F": "six"}}}}, m.AsRaw())
}

func testDetector(t *testing.T) *detect.Detector {
	d, err := detect.New(detect.Settings{})
	assert.NoError(t, err)
	return d
}

func TestKeyCacheIsBounded(t *testing.T) {
	c := newKeyCache(testDetector(t))
	for i := range 10 * maxKeys {
		guess := &c.places[placeItem].first
		e := c.lookup(nil, guess, fmt.Sprintf("key.%d", i))
		nested := c.lookup(e, &e.first, "inner")
		assert.Equal(t, fmt.Sprintf("key.%d.inner", i), nested.path)
	}
	assert.LessOrEqual(t, c.count, maxKeys)
	assert.LessOrEqual(t, len(c.root.children), maxKeys)
}

// A key that may be somebody's name or address is not kept beyond its batch.
func TestKeyCacheForgetsPersonalKeys(t *testing.T) {
	c := newKeyCache(testDetector(t))
	guess := &c.places[placeItem].first
	e := c.lookup(nil, guess, "ann@birds.example.org")
	assert.False(t, e.clean)
	assert.Nil(t, *guess)
	assert.Empty(t, c.root.children)
}

func TestNestedKeysAreReadByTheirPath(t *testing.T) {
	c := newKeyCache(testDetector(t))
	at := func(path ...string) *keyEntry {
		var e *keyEntry
		for _, leaf := range path {
			var none *keyEntry
			e = c.lookup(e, &none, leaf)
		}
		return e
	}
	for name, test := range map[string]struct {
		path []string
		want detect.Entity
	}{
		"by the path":            {[]string{"user", "id"}, detect.UserID},
		"by its own name":        {[]string{"order", "password"}, detect.Password},
		"inside a credential":    {[]string{"password", "value"}, detect.Password},
		"not inside other names": {[]string{"customer", "lane"}, detect.None},
	} {
		assert.Equal(t, test.want, at(test.path...).key.Entity(), name)
	}
}

// A token in a key says by its class what it stands for; the key does not mean that.
func TestKeysMeanTheSameAfterRenaming(t *testing.T) {
	r := newRig(t, nil)
	ld := logsWith("")
	m := firstRecord(ld).Attributes()
	for _, c := range canaries {
		m.PutEmptyMap(c.text).PutInt(c.text, 42)
		m.PutEmptyMap("under "+c.secret).PutStr("lane", "left")
		m.PutStr(c.secret, "42")
	}
	m.PutStr("password of ann@birds.example.org", "Canary-Pa55word")
	r.logs(t, ld)
	once := string(wire(t, ld))
	r.logs(t, ld)
	assert.Equal(t, once, string(wire(t, ld)))
}
