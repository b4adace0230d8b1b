package spelling_test

import (
	"reflect"
	"testing"

	"go.opentelemetry.io/collector/confmap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/spelling"
)

func TestSizes(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   any
		want any // nil: an error
	}{
		{"bytes", 1048576, 1048576},
		{"bytes as text, as a quoted environment variable has them", "1048576", int64(1 << 20)},
		{"MiB", "16MiB", int64(16 << 20)},
		{"MB counts in 1,024 as well", "16MB", int64(16 << 20)},
		{"lower case", "16k", int64(16 << 10)},
		{"a space between", "1 GiB", int64(1 << 30)},
		{"a fraction", "1.5MiB", int64(3 << 19)},
		{"what is no text is left alone", true, true},
		{"no unit there is", "16 apples", nil},
		{"nothing", "", nil},
		{"less than nothing", "-1MiB", nil},
		{"more than a number holds", "9999999999GiB", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conf := confmap.NewFromStringMap(map[string]any{"fetch": map[string]any{"max": tt.in, "other": "7k"}, "name": "n"})
			err := spelling.Sizes(conf, "fetch::max", "fetch::not::there")
			if (err == nil) != (tt.want != nil) {
				t.Fatal(err)
			}
			if want := map[string]any{"fetch": map[string]any{"max": tt.want, "other": "7k"}, "name": "n"}; err == nil && !reflect.DeepEqual(conf.ToStringMap(), want) {
				t.Errorf("%v, want %v", conf.ToStringMap(), want)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	conf := confmap.NewFromStringMap(map[string]any{"group_id": "g", "auth": nil, "group": "h"})
	err := spelling.Keys(conf, map[string]string{"group_id": "set group", "auth": "set sasl", "topic": "set topics"})
	if want := "auth: there is no such key here: set sasl\ngroup_id: there is no such key here: set group"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if left := conf.ToStringMap(); len(left) != 1 || left["group"] != "h" {
		t.Errorf("left is %v", left)
	}
}
