package detect

// Entity is a kind of personal value or secret. Its number is an index into [Detector.Entities]. The built-in ones
// have constants, equal in every Detector, in one block per rule family; those of custom patterns and keys follow.
// The zero Entity is [None].
type Entity uint16

const (
	// None is no entity.
	None Entity = 0
	// Token marks a recognized token of the vault in a text. It is reported so that callers can count it, is in no
	// table of entities, and is never to be rewritten.
	Token Entity = 1<<16 - 1
)

// Group is what an entity is a kind of; rules of a policy may name it.
type Group string

// The groups.
const (
	Personal     Group = "personal"
	Financial    Group = "financial"
	GovernmentID Group = "government_id"
	Credential   Group = "credential"
	Network      Group = "network"
	Health       Group = "health"
)

// Groups lists every group, in the order in which people read them.
func Groups() []Group {
	return []Group{Personal, Financial, GovernmentID, Health, Network, Credential}
}

// Info describes an entity to people and to policies.
type Info struct {
	Name   string // stable, lower snake case: payment_card
	Class  string // class of its tokens, [a-z]{2,16}
	Group  Group
	Rule   string // what makes a value be one, in a line
	Not    string // what looks like one and is left alone, in a line
	Source string // where the rule is specified
	Custom bool   // from configuration
	Opaque bool   // by key only: the whole value is the entity, whatever it holds
	// Compact says that spellings of the value differ only in separators and letter case: its canonical form is upper-case
	// letters and digits.
	Compact bool
	Named   bool // a name or a place: reported apart in evaluations, as prose gives no certainty
}

// rules holds every built-in rule; its index is the Entity.
var rules = func() []rule {
	var all []rule
	for _, family := range families {
		all = append(all, family()...)
	}
	table := make([]rule, len(all)+1)
	for _, r := range all {
		table[r.entity] = r
	}
	for i := range providers {
		table = append(table, providers[i].rule(Entity(len(table))))
	}
	wanted(table[1:])
	return table
}()

// families are the lists of rules, in the order of their entities.
var families = [...]func() []rule{
	contactRules,
	demographicRules,
	networkRules,
	deviceRules,
	financialRules,
	cardRules,
	bankRules,
	vatRules,
	governmentUSRules,
	governmentUKRules,
	governmentDERules,
	governmentESRules,
	governmentITRules,
	governmentWestRules,
	governmentNordicRules,
	governmentEastRules,
	governmentOceaniaRules,
	governmentIndiaRules,
	governmentKoreaRules,
	governmentAsiaRules,
	governmentLatinRules,
	governmentAfricaRules,
	medicalRules,
	vehicleRules,
	credentialRules,
}

// IsCompact reports whether the entity is a built-in one whose spellings differ only in separators and letter case.
func (e Entity) IsCompact() bool { return int(e) < len(rules) && rules[e].Compact }

// Builtins returns the built-in entities. The index is the Entity constant; the first is [None].
func Builtins() []Info {
	infos := make([]Info, len(rules))
	for i := range rules {
		infos[i] = rules[i].Info
	}
	return infos
}
