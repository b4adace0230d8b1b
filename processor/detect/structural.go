package detect

import "strings"

// structural says what a structural key holds.
type structural uint8

const (
	unstructured structural = iota
	request                 // the id of a request: never touched
	trace                   // ids that carry a trace
	resource                // names of services and pods, status codes, ...
)

// Passes reports whether a value under the key is none of a person's as far as its shape tells, so that nobody need look
// into it: any request id, a value of the shape of an id under the key of a trace, and under other structural keys
// whatever holds neither an address nor a URL nor a key of a provider. It allocates nothing, and costs next to nothing.
func (k Key) Passes(value string) bool {
	switch k.structural {
	case unstructured:
		return false
	case request:
		return true
	case trace:
		return isTraceID(value) && !isKeyPrefixed(value, 0)
	default:
		return strings.IndexByte(value, '@') < 0 && !strings.Contains(value, "://") && !isKeyPrefixed(value, 0)
	}
}

// maxTraceID is the longest value that carries a trace: a list of vendors' states, W3C Trace Context section 3.3.1.5.
const maxTraceID = 512

// isTraceID reports whether s has the shape of an id that carries a trace, or of a list of them.
func isTraceID(s string) bool {
	if len(s) > maxTraceID || len(s) > 0 && s[0] == '+' || strings.Contains(s, "://") {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isTraceByte(c) && c != '+' && c != '%' && c != '*' && (c != ' ' || i == 0 || s[i-1] != ',') {
			return false
		}
	}
	return true
}

// structuralTrace returns the kind of a key that carries a trace.
func structuralTrace(name string) structural {
	const id = "requestid"
	k := len(id)
	for i := len(name) - 1; i >= 0 && k > 0; i-- {
		if !isAlnum(name[i]) {
			continue
		}
		if lower(name[i]) != id[k-1] {
			return trace
		}
		k--
	}
	if k > 0 {
		return trace
	}
	return request
}

// secretsOnly keeps the findings that are not about what a structural key describes: addresses of mail and credentials.
func (d *Detector) secretsOnly(found []Finding) []Finding {
	kept := found[:0]
	for _, f := range found {
		if f.Entity == Email || f.Entity == Token || d.infos[f.Entity].Group == Credential {
			kept = append(kept, f)
		}
	}
	return kept
}
