package tokenization

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata"
)

// edits is what the first step wrote down to be changed, in an order that keeps every handle valid: values and fields
// are set in place, then maps and slices are rebuilt, which moves the values in them, and last are records removed.
type edits struct {
	values   []valueEdit
	fields   []fieldEdit
	groups   []group
	changes  []change // of the groups
	pending  []change // of the maps and slices being walked, innermost last
	removals []func()
}

type valueEdit struct {
	value pcommon.Value
	text  string
	bytes bool
}

type fieldEdit struct {
	set  func(string)
	text string
}

// change renames or removes the entry at index of a map, or removes the element of a slice.
type change struct {
	index  int
	name   string // unused when remove is set
	remove bool
}

// group is the changes from start to end to one map or slice.
type group struct {
	m          pcommon.Map
	s          pcommon.Slice
	isSlice    bool
	start, end int
}

// reset forgets everything, so that a pooled scratch keeps no telemetry alive.
func (e *edits) reset() {
	clear(e.values)
	clear(e.fields)
	clear(e.groups)
	clear(e.changes)
	clear(e.pending)
	clear(e.removals)
	e.values, e.fields, e.groups = e.values[:0], e.fields[:0], e.groups[:0]
	e.changes, e.pending, e.removals = e.changes[:0], e.pending[:0], e.removals[:0]
}

// closeMap ends the walk of m, whose changes are pending from mark on.
func (e *edits) closeMap(m pcommon.Map, mark int) {
	if len(e.pending) > mark {
		e.close(group{m: m}, mark)
	}
}

// closeSlice ends the walk of s.
func (e *edits) closeSlice(s pcommon.Slice, mark int) {
	if len(e.pending) > mark {
		e.close(group{s: s, isSlice: true}, mark)
	}
}

func (e *edits) close(g group, mark int) {
	g.start = len(e.changes)
	e.changes = append(e.changes, e.pending[mark:]...)
	g.end = len(e.changes)
	clear(e.pending[mark:])
	e.pending = e.pending[:mark]
	e.groups = append(e.groups, g)
}

func (e *edits) apply() {
	for i := range e.values {
		v := &e.values[i]
		if v.bytes {
			v.value.SetEmptyBytes().FromRaw([]byte(v.text))
			continue
		}
		v.value.SetStr(v.text)
	}
	for i := range e.fields {
		e.fields[i].set(e.fields[i].text)
	}
	for _, g := range e.groups {
		c := e.changes[g.start:g.end]
		switch {
		case g.isSlice:
			removeElements(g.s, c)
		case onlyRemovals(c):
			removeEntries(g.m, c)
		default:
			rebuild(g.m, c)
		}
	}
	for _, remove := range e.removals {
		remove()
	}
}

func onlyRemovals(changes []change) bool {
	for i := range changes {
		if !changes[i].remove {
			return false
		}
	}
	return true
}

func removeEntries(m pcommon.Map, changes []change) {
	at := cursor{changes: changes}
	m.RemoveIf(func(string, pcommon.Value) bool { return at.next() != nil })
}

func removeElements(s pcommon.Slice, changes []change) {
	at := cursor{changes: changes}
	s.RemoveIf(func(pcommon.Value) bool { return at.next() != nil })
}

// cursor steps through the entries of a map or slice beside the changes to it, which are ascending by index.
type cursor struct {
	changes []change
	index   int
}

// next returns the change to the next entry, or nil.
func (c *cursor) next() *change {
	i := c.index
	c.index++
	if len(c.changes) == 0 || c.changes[0].index != i {
		return nil
	}
	found := &c.changes[0]
	c.changes = c.changes[1:]
	return found
}

// rebuild writes m anew with its entries in their order, some renamed and some removed. A new name that is taken gets
// a suffix; names the sender itself repeated stay repeated. Linear in the size of m.
func rebuild(m pcommon.Map, changes []change) {
	taken := make(map[string]int, m.Len())
	at := cursor{changes: changes}
	for name := range m.All() {
		if at.next() == nil {
			taken[name] = 1
		}
	}
	var b xpdata.MapBuilder
	b.EnsureCapacity(m.Len())
	at = cursor{changes: changes}
	for name, v := range m.All() {
		if c := at.next(); c != nil {
			if c.remove {
				continue
			}
			name = freeName(taken, c.name)
		}
		v.MoveTo(b.AppendEmpty(name))
	}
	b.UnsafeIntoMap(m)
}

// freeName returns name, or name.2, name.3, ... when it is taken, and takes it. The map holds for each name the last
// number tried, so that many equal names cost no more than few.
func freeName(taken map[string]int, name string) string {
	n := taken[name]
	free := name
	for n > 0 {
		n++
		free = name + "." + strconv.Itoa(n)
		if taken[free] == 0 {
			break
		}
	}
	taken[free] = 1
	if n > 1 {
		taken[name] = n
	}
	return free
}
