package wiring

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
)

// letters are those of names of topics, the likeliest first.
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// enough bounds the search: expressions that people write have some tens of states.
const enough = 5000

// selfFeeding returns a topic that is read, and whose name between before and after is read as well; "" where there is none.
// All names are tried: expressions are run over letter after letter, and names at which they stand alike are taken for one.
func selfFeeding(reads, except, before, after string) (topic string) {
	type candidate struct {
		name       string
		plain, fed reading // of the name, and of what stands before it and the name
	}
	begin, err := newReading(reads, except)
	if err != nil {
		return ""
	}
	seen := map[string]bool{}
	for todo := []candidate{{"", begin, begin.over(before)}}; len(todo) > 0 && len(seen) < enough; todo = todo[1:] {
		for _, r := range letters {
			c := candidate{todo[0].name + string(r), todo[0].plain.next(r), todo[0].fed.next(r)}
			if c.plain.done() && c.fed.over(after).done() {
				topic = c.name
				if !strings.ContainsRune("._-", r) {
					return topic
				} // else there may be one that people would write
			}
			key := c.plain.key() + c.fed.key()
			if seen[key] || c.plain.reads.dead() || c.fed.reads.dead() {
				continue
			}
			seen[key] = true
			todo = append(todo, c)
		}
	}
	return topic
}

// reading is how far the expressions of topics that are read, and of those that are not for all that, have come in a name.
type reading struct{ reads, except standing }

func newReading(reads, except string) (reading, error) {
	r, err := begin(reads)
	if err != nil {
		return reading{}, err
	}
	x, err := begin(except)
	return reading{r, x}, err
}

func (r reading) next(letter rune) reading {
	return reading{r.reads.next(letter), r.except.next(letter)}
}
func (r reading) done() bool  { return r.reads.done() && !r.except.done() }
func (r reading) key() string { return r.reads.key() + r.except.key() }

func (r reading) over(text string) reading {
	for _, letter := range text {
		r = r.next(letter)
	}
	return r
}

// standing is how far an expression has come in a name: the instructions it may be at, and the letter before them.
type standing struct {
	prog *syntax.Prog
	at   []uint32
	last rune
}

// begin is where an expression stands that is to match a whole name.
func begin(expr string) (standing, error) {
	parsed, err := syntax.Parse("^(?:"+expr+")$", syntax.Perl)
	if err != nil {
		return standing{}, err
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return standing{}, err
	}
	return standing{prog: prog, at: []uint32{uint32(prog.Start)}, last: -1}, nil
}

func (s standing) key() string { return fmt.Sprint(s.at, syntax.IsWordChar(s.last), s.last < 0) }

// dead tells that no name beginning so matches.
func (s standing) dead() bool { return len(s.at) == 0 }

// done tells whether the name matches if it ends here.
func (s standing) done() bool {
	return slices.ContainsFunc(s.open(-1), func(pc uint32) bool { return s.prog.Inst[pc].Op == syntax.InstMatch })
}

// next is where the expression stands after one more letter.
func (s standing) next(r rune) standing {
	var at []uint32
	for _, pc := range s.open(r) {
		if i := &s.prog.Inst[pc]; i.Op != syntax.InstMatch && i.MatchRune(r) {
			at = append(at, i.Out)
		}
	}
	slices.Sort(at)
	return standing{s.prog, slices.Compact(at), r}
}

// open are the instructions that take a letter or say match, reached from where it stands when r follows, -1 for the end.
func (s standing) open(r rune) (found []uint32) {
	here := syntax.EmptyOpContext(s.last, r)
	seen := make([]bool, len(s.prog.Inst))
	for todo := slices.Clone(s.at); len(todo) > 0; {
		pc := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		switch i := &s.prog.Inst[pc]; i.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, i.Out, i.Arg)
		case syntax.InstCapture, syntax.InstNop:
			todo = append(todo, i.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(i.Arg)&^here == 0 {
				todo = append(todo, i.Out)
			}
		case syntax.InstFail:
		default:
			found = append(found, pc)
		}
	}
	return found
}
