// Package spelling reads configurations as people write them: sizes such as 16MiB, times whose unit was forgotten, and keys by the
// names they have in other components for Kafka.
//
//	func (c *Config) Unmarshal(conf *confmap.Conf) error {
//		return errors.Join(spelling.Keys(conf, elsewhere), spelling.Sizes(conf, "fetch::max_bytes"), conf.Unmarshal(c))
//	}
//
// These two take out of the configuration what they find fault with, so that what is wrong with the rest is reported along with it.
package spelling

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker/go-units"
	"go.opentelemetry.io/collector/confmap"
)

// Time finds a time at a key that is no time at all, or was written as a number without a unit.
func Time(key string, d time.Duration) error {
	if d < time.Millisecond {
		return fmt.Errorf("%s: %s: must be at least 1ms; a number without a unit is nanoseconds: want 10s", key, d)
	}
	return nil
}

// Keys finds keys that there are none of, by a table of what to write in their place.
func Keys(conf *confmap.Conf, instead map[string]string) error {
	var faults []error
	for _, key := range slices.Sorted(maps.Keys(instead)) {
		if conf.IsSet(key) {
			faults = append(faults, fmt.Errorf("%s: there is no such key here: %s", key, instead[key]))
			conf.Delete(key)
		}
	}
	return errors.Join(faults...)
}

// Sizes puts the numbers of bytes that Kafka counts in where sizes are at these keys, which are paths with :: between their parts.
// Units count in 1,024; the B and the i of them may be left out. Keys that are not set stay so, and so do numbers.
func Sizes(conf *confmap.Conf, keys ...string) error {
	var faults []error
	for _, key := range keys {
		text, ok := conf.Get(key).(string)
		if !ok {
			continue
		}
		n, err := units.RAMInBytes(text)
		if err == nil && n >= 0 { // else it is more than a number can hold
			err = conf.Merge(confmap.NewFromStringMap(map[string]any{key: n}))
		} else {
			path := strings.ReplaceAll(key, "::", ".")
			err = fmt.Errorf("%s: %q is no size: want bytes, or a number with a unit, such as 16MiB", path, text)
			conf.Delete(key)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
