package tokenization

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// A number under lat may be a latency, so the detector wants three decimals there, and a double has lost those that were
// zero. Where lat and lon stand side by side in one map there is no doubt, and both are read like latitude and longitude.

// axis is what a name says of a position.
type axis uint8

const (
	noAxis  axis = 0
	axisLat axis = 1 << (iota - 1)
	axisLon
	bothAxes = axisLat | axisLon
)

func axisOf(name string) axis {
	if len(name) < len("lat") || len(name) > len("longitude") {
		return noAxis
	}
	switch strings.ToLower(name) {
	case "lat", "latitude":
		return axisLat
	case "lon", "lng", "long", "longitude":
		return axisLon
	}
	return noAxis
}

// position remembers whether a map holds one: it is looked through once, however many keys ask.
type position struct{ asked, held bool }

func (p *position) holds(m pcommon.Map) bool {
	if !p.asked {
		p.asked, p.held = true, holdsPosition(m)
	}
	return p.held
}

// holdsPosition reports whether the map has a name of either axis. Only names count: values become tokens.
func holdsPosition(m pcommon.Map) bool {
	var seen axis
	for name := range m.All() {
		if seen |= axisOf(name); seen == bothAxes {
			return true
		}
	}
	return false
}

// maybeAxis reports whether a value under the entry is read otherwise where it stands beside its other axis.
func maybeAxis(e *keyEntry, v pcommon.Value) bool {
	if e.key.Entity() != detect.GeoCoordinates || e.exempt != notExempt {
		return false
	}
	return (v.Type() == pcommon.ValueTypeDouble || v.Type() == pcommon.ValueTypeStr) && axisOf(e.leaf) != noAxis
}

// positioned returns the entry by which e is read in a map that holds a position. It is e itself where the key is
// certain anyway, by its name or by the configuration.
func (c *keyCache) positioned(e *keyEntry) *keyEntry {
	if e.beside == nil {
		e.beside = e
		const sample = "52.52"
		sure := c.detector.Key("latitude")
		if sure.Entity() == detect.GeoCoordinates && len(c.detector.Find(c.scratch, e.key, sample)) == 0 {
			e.beside = &keyEntry{leaf: e.leaf, path: e.path, key: sure, named: true, clean: e.clean, exempt: e.exempt}
		}
	}
	return e.beside
}
