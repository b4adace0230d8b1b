package names

import _ "embed" // the tables

// gazetteer is a table of hashed words in ascending order of their 28-bit hashes, made by builder/names from lists under
// the MIT license (builder/names/lists/NOTICE.md). It holds buckets+1 offsets of two bytes, by the upper 12 bits of the
// hash, then an entry of three bytes for every word: the lower 16 bits of its hash, and its Kind. Of words that it does
// not hold it takes one in about 4,300 for known, which the features that the model weighs together make up for.
//
//go:embed gazetteer.bin
var gazetteer string

// Kind is what a word is known as, in bits.
type Kind uint8

// The kinds of words.
const (
	First  Kind = 1 << iota // first name
	Last                    // family name
	City                    // city, also of several words
	Common                  // word of a language
	Veto                    // word, or pair of words, of products, companies, protocols and headings, of which no name consists
	Spread                  // a name in several languages

	known = First | Last
)

// The shape of the table.
const (
	HashBits   = 28
	BucketBits = 12
	buckets    = 1 << BucketBits
	entrySize  = 3
	header     = 2 * (buckets + 1)
)

// Lookup returns what a word is known as, 0 for nothing.
func Lookup(word string) Kind { return lookup(Hash(word)) }

func lookup(h uint32) Kind {
	h >>= 32 - HashBits
	bucket, rest := int(h>>16), uint16(h)
	from, to := offset(bucket), offset(bucket+1)
	for i := header + entrySize*from; i < header+entrySize*to; i += entrySize {
		if r := uint16(gazetteer[i]) | uint16(gazetteer[i+1])<<8; r >= rest {
			if r == rest {
				return Kind(gazetteer[i+2])
			}
			break
		}
	}
	return 0
}

func offset(bucket int) int { return int(gazetteer[2*bucket]) | int(gazetteer[2*bucket+1])<<8 }
