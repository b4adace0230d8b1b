package tokenization

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/cloakroom/cloakroom/processor/policy"
)

// A double has lost the zeros at its end, so few decimals say nothing where both axes stand side by side.
func TestPositions(t *testing.T) {
	tests := map[string]struct {
		values map[string]any
		hidden []string
	}{
		"lat and lon":             {map[string]any{"lat": 52.52, "lon": 13.45}, []string{"lat", "lon"}},
		"Lat and lng":             {map[string]any{"Lat": 52.52, "lng": 13.45}, []string{"Lat", "lng"}},
		"as text":                 {map[string]any{"lat": "52.52", "lon": "13.45"}, []string{"lat", "lon"}},
		"latitude alone":          {map[string]any{"latitude": 52.52}, []string{"latitude"}},
		"exact lat alone":         {map[string]any{"lat": 52.520008}, []string{"lat"}},
		"lat alone is a latency":  {map[string]any{"lat": 52.52, "status": 200.25}, nil},
		"beside other things":     {map[string]any{"lat": 52.52, "long": 13.45, "geo": 3.14, "z": 1.25}, []string{"lat", "long"}},
		"whole degrees are vague": {map[string]any{"lat": 52.0, "lon": 13.0}, nil},
	}
	places := map[string]func(*rig, map[string]any) map[string]any{
		"body": func(r *rig, values map[string]any) map[string]any {
			ld := logsWith("")
			body := firstRecord(ld).Body().SetEmptyMap()
			assert.NoError(t, body.FromRaw(values))
			return twice(t, body, func() { r.logs(t, ld) })
		},
		"nested": func(r *rig, values map[string]any) map[string]any {
			ld := logsWith("")
			body := firstRecord(ld).Body().SetEmptyMap().PutEmptyMap("where")
			assert.NoError(t, body.FromRaw(values))
			return twice(t, body, func() { r.logs(t, ld) })
		},
		"attributes": func(r *rig, values map[string]any) map[string]any {
			ld := logsWith("")
			assert.NoError(t, firstRecord(ld).Attributes().FromRaw(values))
			return twice(t, firstRecord(ld).Attributes(), func() { r.logs(t, ld) })
		},
	}
	for place, pass := range places {
		r := newRig(t, nil) // one for all: what was remembered of lat alone does not decide beside lon
		for range 2 {
			for name, test := range tests {
				t.Run(place+"/"+name, func(t *testing.T) {
					var hidden []string
					got := pass(r, test.values)
					for key := range test.values {
						if s, ok := got[key].(string); ok && strings.HasPrefix(s, "tkt_geo_") {
							hidden = append(hidden, key)
						} else {
							assert.Equal(t, test.values[key], got[key])
						}
					}
					assert.ElementsMatch(t, test.hidden, hidden)
				})
			}
		}
	}
}

// twice passes the map through the processor again and asserts that nothing more changes.
func twice(t *testing.T, m pcommon.Map, pass func()) map[string]any {
	pass()
	once := m.AsRaw()
	pass()
	assert.Equal(t, once, m.AsRaw())
	return once
}

// A rule of the user's on the key goes before what a position suggests.
func TestPositionsLeaveDeclaredKeysAlone(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Policy.Rules = []policy.Rule{{Keys: []string{"lat"}, Entity: "geo_coordinates", Action: "redact"}}
	})
	ld := logsWith("")
	body := firstRecord(ld).Body().SetEmptyMap()
	assert.NoError(t, body.FromRaw(map[string]any{"lat": 5.5, "lon": 13.45}))
	r.logs(t, ld)
	assert.Equal(t, "[geo_coordinates]", body.AsRaw()["lat"])
}
