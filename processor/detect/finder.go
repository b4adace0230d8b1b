package detect

// Detector finds entities. It is immutable and safe for concurrent use.
type Detector struct {
	infos      []Info
	recognize  func(string) int
	structural bool
}

// New compiles the settings. It reports every fault of them, joined.
func New(s Settings) (*Detector, error) {
	return &Detector{infos: Builtins(), recognize: s.Recognize, structural: s.Structural}, nil
}

// Entities returns every entity of the Detector; the index is the Entity. The caller must not change it.
func (d *Detector) Entities() []Info { return d.infos }

// Lookup returns the entity with a name.
func (d *Detector) Lookup(name string) (Entity, bool) {
	for i, info := range d.infos {
		if i > 0 && info.Name == name {
			return Entity(i), true
		}
	}
	return None, false
}

// Key returns the meaning of an attribute key.
func (d *Detector) Key(name string) Key { return Key{} }

// Scratch is the working memory of one goroutine.
type Scratch struct{ found []Finding }

// NewScratch returns an empty Scratch.
func NewScratch() *Scratch { return &Scratch{} }

// Find returns the settled findings in text in ascending order, never overlapping. They are valid until the next call
// with s.
func (d *Detector) Find(s *Scratch, key Key, text string) []Finding { return nil }

// Reference is Find without triggers: every verifier at every offset. It is slow, and the measure of Find.
func (d *Detector) Reference(key Key, text string) []Finding { return nil }
