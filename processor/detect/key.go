package detect

// Key is the meaning of an attribute key. Callers compute it once per key and keep it beside the key; the zero Key
// means that there is no key. It is a small value, comparable.
type Key struct {
	entity     Entity
	structural bool
}

// Structural reports whether the values under the key are never personal (ids of traces, names of services and pods,
// status codes, ...), so that callers need not look into them.
func (k Key) Structural() bool { return k.structural }

// Entity returns the entity that the key names, or None.
func (k Key) Entity() Entity { return k.entity }
