package names

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// find returns the names that the windows of the text hold.
func find(s string) (found []string) {
	inWord := false
	for i := range len(s) {
		word := isLetter(s[i]) || isDigit(s[i]) || s[i] == '_'
		if (word && !inWord || s[i] >= 0xC3) && MayStart(s, i) {
			if start, end, verdict := At(s, i, max(0, i-Reach), min(len(s), i+Ahead)); verdict == Name {
				found = append(found, s[start:end])
			}
		}
		inWord = word
	}
	return found
}

func TestNames(t *testing.T) {
	for text, want := range map[string]string{
		"spoke with Maria Sander about the outage":                  "Maria Sander",
		"Marie-Claire Dubois submitted the report":                  "Marie-Claire Dubois",
		"Émile Zola opened case 7":                                  "Émile Zola",
		"Mr. Mayers left a voicemail":                               "Mayers",
		"Pager duty: Mike Ross, +1-555-777-8888":                    "Mike Ross",
		"ticket 12 zugewiesen an Jürgen Müller":                     "Jürgen Müller",
		"signé par Amélie de la Rochefort":                          "Amélie de la Rochefort",
		"connected to Apache Kafka at 10.0.0.1":                     "",
		"HTTP/1.1 502 Bad Gateway":                                  "",
		"Mozilla/5.0 (Windows NT 10.0; Win64) Red Hat Linux":        "",
		"com.example.Maria Sander.java":                             "",
		"at org.jane.Doe.Smith(Jane.java:12)":                       "",
		"Morgan Stanley approved the request":                       "",
		"region San Jose is healthy":                                "",
		"assigned to Payment Team":                                  "",
		"FooService BarController started":                          "",
		"Jane/Doe and Jane=Doe and Jane_Doe":                        "",
		"Warren Miller GmbH paid":                                   "",
		"Apache Kafka Maria Sander Red Hat Spring Boot Windows Box": "",
	} {
		got := ""
		if found := find(text); len(found) > 0 {
			got = found[0]
		}
		require.Equal(t, want, got, text)
	}
}

func TestLookup(t *testing.T) {
	require.NotZero(t, Lookup("José")&First)
	require.Equal(t, Lookup("José"), Lookup("jose"))
	require.Equal(t, Hash("Jose\u0301"), Hash("José"))
	require.NotZero(t, Lookup("Warner Robins")&City)
	require.NotZero(t, Lookup("Gateway")&Veto)
	wrong := 0
	const tries = 1 << 20
	for i := range uint32(tries) {
		if lookup(i*0x9E3779B1) != 0 {
			wrong++
		}
	}
	require.Less(t, wrong, tries/3000, "of words that are in no list")
}

// TestTables says when the tables are not those that the evaluation was about: make names writes and measures them.
func TestTables(t *testing.T) {
	sum := func(s string) string {
		h := sha256.Sum256([]byte(s))
		return hex.EncodeToString(h[:8])
	}
	require.Equal(t, gazetteerSum, sum(gazetteer))
	require.Equal(t, weightsSum, sum(weights))
	require.Len(t, weights, 2*Size)
}

func TestAtDoesNotAllocate(t *testing.T) {
	s := "ticket 12 assigned to Maria Sander by Marie-Claire Dubois"
	require.Zero(t, testing.AllocsPerRun(100, func() { At(s, 22, 0, len(s)) }))
}

func BenchmarkAt(b *testing.B) {
	s := "ticket 12 assigned to Maria Elena Sander by Marie-Claire Dubois"
	for b.Loop() {
		At(s, 22, 0, len(s))
	}
}
