package main

import (
	"slices"
	"strings"
)

func allIDs() []id { return slices.Concat(contactIDs, europeIDs, worldIDs) }

// proseEach is the number of sentences per id and half.
const proseEach = 9

// layout writes a value's characters into a layout; more than its # stay behind, and a shorter value is written as it is.
func layout(value, form string) string {
	if strings.Count(form, "#") > len(value) || form == "" {
		return value
	}
	var b strings.Builder
	for _, c := range form {
		if c == '#' {
			c, value = rune(value[0]), value[1:]
		}
		b.WriteRune(c)
	}
	return b.String()
}

func (e id) spelled(r *dice) string {
	if len(e.layouts) == 0 {
		return e.make(r)
	}
	return layout(e.make(r), pick(r, e.layouts))
}

// spoiled is a value with another check character of the same kind.
func (e id) spoiled(r *dice) string {
	v := e.make(r)
	last := v[len(v)-1]
	alphabet := digits
	if last >= 'A' {
		alphabet = "BCDFGHJKLMNPQRSTVWXYZ"
	}
	for {
		if c := chars(r, alphabet, 1); c[0] != last {
			return v[:len(v)-1] + c
		}
	}
}

func (e id) into() string {
	if e.file == "" {
		return "government"
	}
	return e.file
}

// id writes an entity in every structure under its keys, and in prose under its cues.
func (c *collector) id(e id) {
	for _, name := range allFrames {
		sub := e.entity + "/" + name
		r := source(c.half, sub)
		c.add(e.into(), sub, frames[name](r, affixed(r, choose(r, e.keys)), labeled(e.entity, e.spelled(r))))
	}
	if len(e.cues) == 0 {
		return
	}
	sub := e.entity + "/prose"
	r := source(c.half, sub)
	for range proseEach {
		language, cue, _ := strings.Cut(choose(r, e.cues), ":")
		template := strings.ReplaceAll(choose(r, spoken[language]), "«cue»", cue)
		c.add(e.into(), sub, fill(r, template, labeled(e.entity, e.spelled(r))))
	}
}

// negatives writes lines without any finding.
func (c *collector) negatives() {
	for _, group := range slices.Concat(lookalikes, phrases, servers) {
		r := source(c.half, "negative/"+group.sub)
		for _, t := range mine(c.half, group.templates) {
			for range negativesEach {
				c.add("negative", group.sub, fill(r, t, nil))
			}
		}
	}
	for _, e := range allIDs() {
		c.without(e)
	}
	for _, f := range families {
		c.unset(f.sub, f.keys)
	}
	c.structural()
}

// without writes an entity's near misses: values with a wrong check character, values of a shape that telemetry has too
// where nothing says what they are, and lines that speak of the value.
func (c *collector) without(e id) {
	r := source(c.half, "negative/"+e.entity)
	if e.checked {
		for range 10 {
			c.add("negative", "wrong-check/"+e.entity, fill(r, choose(r, neutral), plain(e.spoiled(r))))
		}
	}
	if v := e.make(r); e.weak && len(v) > 4 {
		for range 10 {
			c.add("negative", "no-cue/"+e.entity, fill(r, choose(r, neutral), plain(e.make(r))))
		}
	}
	c.unset(e.entity, e.keys)
}

// unset writes lines with an entity's keys and without a value.
func (c *collector) unset(entity string, keys []string) {
	if len(keys) == 0 {
		return
	}
	r := source(c.half, "unset/"+entity)
	for range 9 {
		key := choose(r, keys)
		if key[0] >= 0x80 {
			continue
		}
		t := strings.NewReplacer("«key»", key, "«spaced»", strings.ReplaceAll(key, "_", " "), "«pascal»", title(key), "«screaming»", strings.ToUpper(key)).
			Replace(choose(r, about))
		c.add("negative", "unset/"+entity, fill(r, t, nil))
	}
}

// structural writes telemetry's own ids under telemetry's own keys in every structure.
func (c *collector) structural() {
	for _, name := range allFrames {
		if name == "base64" {
			continue
		}
		r := source(c.half, "structural/"+name)
		for range 16 {
			k := choose(r, telemetryKeys)
			c.add("negative", "structural/"+name, frames[name](r, k.key, draw(r, k.noise)))
		}
	}
}

// telemetryKeys are keys that name nobody, with what is found under them.
var telemetryKeys = []struct{ key, noise string }{
	{"order_id", "order16"},
	{"order_no", "seq12"},
	{"offset", "offset"},
	{"request_id", "uuid"},
	{"correlation_id", "uuid7"},
	{"commit", "sha1"},
	{"digest", "sha256"},
	{"etag_value", "md5"},
	{"build_number", "build"},
	{"chart_version", "semver"},
	{"pod_name", "pod"},
	{"node_name", "node"},
	{"trace_ref", "trace"},
	{"span_ref", "span"},
	{"created_ms", "epochms"},
	{"updated_us", "epochus"},
	{"finished_at", "iso"},
	{"valid_from", "date"},
	{"topic_name", "topic"},
	{"queue_depth", "seq10"},
	{"tracking_no", "seq12"},
	{"batch_no", "seq11"},
	{"sku", "seq12"},
	{"zone_name", "zone"},
	{"class_name", "class"},
	{"thread_name", "thread"},
	{"ratio", "float"},
	{"latency", "dur"},
	{"bytes_sent", "bytes"},
	{"message_ref", "ulid"},
	{"document_ref", "objectid"},
	{"kernel", "kernel"},
	{"partition", "n"},
	{"block", "blk"},
	{"snapshot", "bigstamp"},
	{"agent_version", "pre"},
}
