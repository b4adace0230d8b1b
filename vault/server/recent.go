package server

// recent remembers the keys used last, at least most of them and at most twice as many. Not safe for concurrent use.
type recent[K comparable, V any] struct {
	most     int
	now, old map[K]V
}

func newRecent[K comparable, V any](most int) *recent[K, V] {
	return &recent[K, V]{most: most, now: map[K]V{}}
}

func (r *recent[K, V]) get(k K) (V, bool) {
	if v, ok := r.now[k]; ok {
		return v, true
	}
	v, ok := r.old[k]
	if ok {
		r.put(k, v)
	}
	return v, ok
}

func (r *recent[K, V]) put(k K, v V) {
	if _, there := r.now[k]; !there && len(r.now) >= r.most {
		r.old, r.now = r.now, map[K]V{}
	}
	r.now[k] = v
}

func (r *recent[K, V]) forget(k K) {
	delete(r.now, k)
	delete(r.old, k)
}
