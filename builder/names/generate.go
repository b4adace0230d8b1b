package main

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cloakroom/cloakroom/processor/detect/names"
)

// sentence is a line of telemetry with the names in it.
type sentence struct {
	text  string
	names [][2]int
}

// generator fills templates. The words of names are split as the templates are: no name of a test was trained with.
type generator struct {
	*rand.Rand
	words                     *wordLists
	first, last, city, common []string
}

// Splits of the words and the templates.
const (
	forTraining = iota
	forDevelopment
	forTest
)

func newGenerator(w *wordLists, split int, seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, uint64(split))), words: w, city: w.city}
	g.first, g.last = latin(part(w.first, split)), latin(part(w.last, split))
	for _, c := range w.common {
		if len(c) >= 3 && isASCII(c) && !strings.ContainsAny(c, " .'-") {
			g.common = append(g.common, c)
		}
	}
	return g
}

// part returns the words of a split: three of five for training, one for development, one for tests.
func part(words []string, split int) (list []string) {
	for _, w := range words {
		h := fnv.New32a()
		h.Write([]byte(w))
		k := 0
		switch h.Sum32() % 5 {
		case 3:
			k = forDevelopment
		case 4:
			k = forTest
		}
		if k == split {
			list = append(list, w)
		}
	}
	return list
}

func latin(words []string) (list []string) {
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		if unicode.Is(unicode.Latin, r) && len(w) >= 3 {
			list = append(list, w)
		}
	}
	return list
}

func isASCII(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r > 0x7F }) < 0 }

func (g *generator) pick(list []string) string { return list[g.IntN(len(list))] }

// name returns a word of the list. Every second one is a name of several languages, as most of those one meets are, and
// one in eight is in no list.
func (g *generator) name(list []string) string {
	w := g.pick(list)
	if g.IntN(2) == 0 {
		for range 12 {
			if g.words.spread[w] {
				break
			}
			w = g.pick(list)
		}
	}
	if g.IntN(8) == 0 {
		other := g.pick(list)
		if isASCII(w) && isASCII(other) && len(w) > 4 && len(other) > 4 && !strings.ContainsAny(w+other, " -'.") {
			return w[:len(w)/2+1] + strings.ToLower(other[len(other)/2:])
		}
	}
	return w
}

func capitalized(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// fullName returns a name of two words or more.
func (g *generator) fullName() string {
	first, last := g.name(g.first), g.name(g.last)
	switch g.IntN(18) {
	case 0:
		return first + " " + string(rune('A'+g.IntN(26))) + ". " + last
	case 1:
		return first + " " + g.name(g.first) + " " + last
	case 2:
		return first + " " + g.pick([]string{"van", "von", "de", "van der", "de la", "da", "dos", "di", "del", "el"}) + " " + last
	case 3:
		return first + " " + last + "-" + g.name(g.last)
	case 4:
		return first + "-" + g.name(g.first) + " " + last
	case 5:
		return first + " " + g.pick([]string{"O'", "Mc", "Mac", "De"}) + last
	case 6, 7:
		return first + " " + g.name(g.first)
	}
	return first + " " + last
}

// commonWord returns a word of a language, often inflected. Few of those that are a name as well are taken: they say
// nothing about either.
func (g *generator) commonWord() string {
	w := g.pick(g.common)
	for range 3 {
		if names.Lookup(w)&(names.First|names.Last) == 0 {
			break
		}
		w = g.pick(g.common)
	}
	if g.IntN(4) > 0 {
		return w
	}
	return strings.TrimSuffix(w, "e") + g.pick([]string{"s", "ed", "ing", "er", "ers", "able", "ion", "ment", "less", "ful", "ly", "al", "ity"})
}

// slot returns what a slot of a template is filled with.
func (g *generator) slot(name string) string {
	switch name {
	case "full":
		return g.fullName()
	case "first":
		return g.name(g.first)
	case "last":
		return g.name(g.last)
	case "city":
		return g.pick(g.city)
	case "Word":
		return capitalized(g.commonWord())
	case "word":
		return g.pick(g.common)
	case "Veto":
		return capitalized(g.pick(g.words.veto))
	case "Product":
		return g.pick(products)
	case "Org":
		return g.name(g.last) + " " + g.pick(orgWords)
	case "n":
		return fmt.Sprint(g.IntN(1 << (4 + g.IntN(20))))
	case "hex":
		return fmt.Sprintf("%08x", g.Uint32())
	case "ip":
		return fmt.Sprintf("10.%d.%d.%d", g.IntN(256), g.IntN(256), g.IntN(256))
	case "time":
		return fmt.Sprintf("2026-%02d-%02dT%02d:%02d:%02dZ", 1+g.IntN(12), 1+g.IntN(28), g.IntN(24), g.IntN(60), g.IntN(60))
	case "level":
		return g.pick([]string{"INFO", "WARN", "ERROR", "DEBUG", "info", "[info]", "[ERROR]", "I0412", "TRACE", "notice:"})
	case "comp":
		return g.pick([]string{"checkout", "order-service", "com.example.orders.OrderService", "crm.api", "AuthController", "[http-nio-8080-exec-4]", "worker-3", "billing:", "c.e.s.CustomerController :"})
	case "mail":
		return strings.ToLower(g.pick(g.common)) + "." + g.pick(g.common) + "@example.com"
	}
	panic("no slot " + name)
}

// fill fills a template: «» stands around names, {slot} is filled. Log lines and plain text take turns.
func (g *generator) fill(template string) (s sentence) {
	var b strings.Builder
	switch g.IntN(4) {
	case 0:
		b.WriteString(g.slot("time") + " " + g.slot("level") + " " + g.slot("comp") + " ")
	case 1:
		b.WriteString(g.slot("level") + " ")
	}
	for len(template) > 0 {
		i := strings.IndexAny(template, "«»{")
		if i < 0 {
			b.WriteString(template)
			break
		}
		b.WriteString(template[:i])
		template = template[i:]
		switch {
		case strings.HasPrefix(template, "«"):
			s.names = append(s.names, [2]int{b.Len(), 0})
			template = template[len("«"):]
		case strings.HasPrefix(template, "»"):
			s.names[len(s.names)-1][1] = b.Len()
			template = template[len("»"):]
		default:
			end := strings.IndexByte(template, '}')
			b.WriteString(g.slot(template[1:end]))
			template = template[end+1:]
		}
	}
	s.text = b.String()
	return s
}

// sentences returns n fillings of each template.
func (g *generator) sentences(templates []string, n int) (list []sentence) {
	for _, t := range templates {
		for range n {
			list = append(list, g.fill(t))
		}
	}
	return list
}
