package wiring

import (
	"regexp"
	"strings"
)

// checkLoop finds a receiver that reads what the exporter beside it makes of the records it reads: they would come again, and
// with a regular expression for ever.
func checkLoop(f *faults, in source, out target) {
	consumes, err := in.Consumes()
	if err != nil || !sameCluster(in, out) {
		return
	}
	if out.Topic == "{topic}" {
		if out.SameTopic { // else out.Validate refuses it
			f.add("%s: same_topic: is for another cluster, and brokers has one that %s reads from: write to another topic, such as "+
				"{topic}.clean", out.path, in.path)
		}
		return
	}
	before, after, ofSource := strings.Cut(out.Topic, "{topic}")
	const again = "%s: %s: takes what %s writes, too: records of %s go to %s, and would be read again: %s"
	if len(in.Topics) > 0 {
		for _, t := range in.Topics {
			if to := strings.ReplaceAll(out.Topic, "{topic}", t); consumes(to) {
				f.add(again, in.path, "topics", out.path, t, to, "leave "+to+" out, or write to another topic")
			}
		}
		return
	}
	var from, to string
	leave := regexp.QuoteMeta(before) + ".*" + regexp.QuoteMeta(after)
	switch {
	case !ofSource && consumes(out.Topic):
		from, to, leave = "every topic", out.Topic, regexp.QuoteMeta(out.Topic)
	case !ofSource || strings.Contains(after, "{topic}"):
		return
	default:
		if from = selfFeeding(in.TopicsRegex, in.excluded(), before, after); from == "" {
			return
		}
		to = before + from + after
	}
	f.add(again, in.path, "topics_regex", out.path, from, to, "set exclude_topics_regex to leave those out, such as "+leave)
}

// excluded is a regular expression of all that the receiver leaves out of topics_regex.
func (in source) excluded() string {
	not := []string{"__.*", regexp.QuoteMeta(in.DeadLetter.Topic)}
	if in.ExcludeTopicsRegex != "" {
		not = append(not, "(?:"+in.ExcludeTopicsRegex+")")
	}
	return strings.Join(not, "|")
}
