// Package bytesize reads sizes as people write them, such as 16MiB, into the plain numbers of bytes that Kafka counts in.
//
//	func (c *Config) Unmarshal(conf *confmap.Conf) error {
//		if err := bytesize.Read(conf, "fetch::max_bytes"); err != nil {
//			return err
//		}
//		return conf.Unmarshal(c)
//	}
package bytesize

import (
	"errors"
	"fmt"
	"strings"

	"github.com/docker/go-units"
	"go.opentelemetry.io/collector/confmap"
)

// Read puts numbers of bytes in the place of sizes at these keys, which are paths with :: between their parts. Units count in
// 1,024, the B and i of theirs may be left out. Keys that are not set stay so, and so do numbers. Every fault is reported at once,
// each by its path in the YAML.
func Read(conf *confmap.Conf, keys ...string) error {
	var faults []error
	sizes := map[string]any{}
	for _, key := range keys {
		text, ok := conf.Get(key).(string)
		if !ok {
			continue
		}
		n, err := units.RAMInBytes(text)
		if err != nil {
			path := strings.ReplaceAll(key, "::", ".")
			faults = append(faults, fmt.Errorf("%s: %q is no size: want bytes, or a number with a unit, such as 16MiB", path, text))
			continue
		}
		sizes[key] = n
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	return conf.Merge(confmap.NewFromStringMap(sizes))
}
