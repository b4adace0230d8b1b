package detect

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDigitMask(t *testing.T) {
	s := "a1b2c3d4e5f6g7h8i9j0k1l2m3n4:;/@ZAz{00"
	for i := range s {
		for j := i; j <= min(len(s), i+maxChars); j++ {
			var want uint64
			for k := i; k < j; k++ {
				if isDigit(s[k]) {
					want |= 1 << (k - i)
				}
			}
			require.Equal(t, want, digitMask(s, i, j), s[i:j])
		}
	}
}

func TestFits(t *testing.T) {
	for layout, texts := range map[string][2][]string{
		"LLddL":        {{"AB12C", "ab12c"}, {"AB12", "AB12CD", "A112C", "AB1xC", "AB-2C"}},
		"dx":           {{"12", "1a"}, {"a1", "1-", "1"}},
		"LL dd-x":      {{"AB 12-3", "AB 12-C"}, {"AB-12-3", "AB 12 3", "AB 12-"}},
		"dd.ddd/ddd x": {{"12.345/678 K"}, {"12.345/678-K", "12.345.678 K"}},
	} {
		for _, s := range texts[0] {
			require.True(t, fits(layout, s), s)
		}
		for _, s := range texts[1] {
			require.False(t, fits(layout, s), s)
		}
	}
}

// TestShapesWake asserts that the scan stops at whatever fits some layout: the codes and pairs leave none out.
func TestShapesWake(t *testing.T) {
	for _, r := range rules {
		for _, sh := range r.shapes {
			s := ""
			for _, c := range []byte(sh.layout) {
				switch c {
				case 'L':
					s += "K"
				case 'd', 'x':
					s += "7"
				default:
					s += string(rune(c))
				}
			}
			var p places
			p.begin("see "+s+" now", true)
			require.True(t, p.more() && p.marks&(1<<len("see ")) != 0, "%s %q", r.Name, sh.layout)
		}
	}
}

// TestOrdinaryWordsAreNoShapes asserts that words which fit no layout are settled by the tables.
func TestOrdinaryWordsAreNoShapes(t *testing.T) {
	for _, s := range []string{
		"v1", "x86_64", "http2", "utf8", "sha256", "base64", "ipv4", "k8s", "log4j", "i18n", "4bf92f35", "929d0e0e4736", "15T12", "200 -", "0 1234 12 11",
		"us-east-1", "eu-west-1a", "2.5 MB", "took 12 ms", "8080/tcp", "node-7", "worker-12 done",
	} {
		var p places
		for p.begin(s, true); p.more(); {
			require.Zero(t, p.shapes, "%q", s)
		}
	}
}

func TestCues(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for text, want := range map[string]bool{
		"nip 5261040828": true, "NIP: 5261040828": true, "customerNip 5261040828": true, "customer_nip 5261040828": true, "5261040828 nip": true,
		"snip 5261040828": false, "nipple 5261040828": false, "ЕГН 7523169263": true, "(егн) 7523169263": true, "RČ 7360281005": true, "RODNÉ číslo 7360281005": true, "rčx 7360281005": false, "Başvuru kişi 10000000146": true,
		"nip 123 and then 5261040828": true, "nip 12345678, then order 5261040828": false, "order 5261040828 has NIP: 5261040829": false, "order 5261040828 has NIP 7": true,
		"nip" + string(make([]byte, cueReach)) + "5261040828": false,
		"nip " + fakeToken("email") + " 5261040828":           false, // not across a token
	} {
		found := 0
		for _, f := range d.Find(s, Key{}, text) {
			if f.Entity != Token {
				found++
			}
		}
		require.Equal(t, want, found == 1, text)
	}
}

// TestShapesByKey asserts where an open value under a key ends.
func TestShapesByKey(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for text, want := range map[string]string{
		"nino: AB 12 34 56 C for payroll": "AB 12 34 56 C", "nino: AB123456C OK": "AB123456C", "nino=ab123456c,x=1": "ab123456c", `{"nino": "AB-12-34-56-C"}`: "AB-12-34-56-C",
		"nino: AB123456C.": "AB123456C", "passport number: A12803456 is valid": "A12803456", "mbi=1EG4-TE5-MK73&x=2": "1EG4-TE5-MK73",
	} {
		found := d.Find(s, Key{}, text)
		require.Len(t, found, 1, text)
		require.Equal(t, want, text[found[0].Start:found[0].End])
		require.True(t, found[0].ByKey, text)
	}
}

func BenchmarkNumbersLine(b *testing.B) {
	benchmarkFind(b, "", "2023-01-15T12:34:56.789Z INFO order 123456789 shipped to warehouse 44051401458 by carrier 8112289874 at 1700000000123 for batch 987654321 ok", 0)
}

func BenchmarkIDsLine(b *testing.B) {
	benchmarkFind(b, "", "2023-01-15T12:34:56.789Z INFO item A12345678 in box T22000129 of lot b7f11dca9 from pool CZ6311T03 and node AB12CD34E to U1H00B000C ok", 0)
}
