package tokenization

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/xpdata"
)

// resolveReferences turns values of the attribute table that refer to the string table by index into the strings they
// mean. On the wire any string value of a profile may be such a reference. pdata resolves those in attributes of
// resources and scopes when it reads a batch, but not those in the attribute table, where they read as empty values:
// without this a name would pass because nobody sees it under its key. What the profile says stays the same.
//
// pdata has no access to the index, so the values take the way through a resource's attributes.
func resolveReferences(dic pprofile.ProfilesDictionary) {
	table := dic.AttributeTable()
	var at []int
	for i := range table.Len() {
		if holdsEmpty(table.At(i).Value()) {
			at = append(at, i)
		}
	}
	if at == nil {
		return
	}
	carrier := pprofile.NewProfiles()
	dic.StringTable().CopyTo(carrier.Dictionary().StringTable())
	var b xpdata.MapBuilder
	b.EnsureCapacity(len(at))
	for _, i := range at {
		table.At(i).Value().CopyTo(b.AppendEmpty(strconv.Itoa(i)))
	}
	b.UnsafeIntoMap(carrier.ResourceProfiles().AppendEmpty().Resource().Attributes())
	wire, err := (&pprofile.ProtoMarshaler{}).MarshalProfiles(carrier)
	if err != nil {
		return
	}
	resolved, err := (&pprofile.ProtoUnmarshaler{}).UnmarshalProfiles(wire)
	if err != nil {
		return
	}
	n := 0
	for _, v := range resolved.ResourceProfiles().At(0).Resource().Attributes().All() {
		if v.Type() != pcommon.ValueTypeEmpty {
			v.CopyTo(table.At(at[n]).Value())
		}
		n++
	}
}

// holdsEmpty reports whether v is or holds a value or a key that reads as empty.
func holdsEmpty(v pcommon.Value) bool {
	switch v.Type() {
	case pcommon.ValueTypeEmpty:
		return true
	case pcommon.ValueTypeMap:
		for key, inner := range v.Map().All() {
			if key == "" || holdsEmpty(inner) {
				return true
			}
		}
	case pcommon.ValueTypeSlice:
		for i := range v.Slice().Len() {
			if holdsEmpty(v.Slice().At(i)) {
				return true
			}
		}
	}
	return false
}
