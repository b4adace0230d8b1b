package rewrite

import (
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/processor/detect"
)

func canonical(e detect.Entity, enc detect.Encoding, value string) string {
	f := detect.Finding{Start: 1, End: 1 + len(value), Entity: e, Encoding: enc, KeyStart: -1}
	return string(Canonical(nil, e, f, "<"+value+">"))
}

func TestSpellingsMeetInOneCanonicalForm(t *testing.T) {
	type spelling struct {
		enc   detect.Encoding
		value string
	}
	as := func(values ...string) (s []spelling) {
		for _, v := range values {
			s = append(s, spelling{0, v})
		}
		return s
	}
	tests := map[string]struct {
		entity    detect.Entity
		want      string
		spellings []spelling
	}{
		"email": {detect.Email, "bob@example.com", append(as("bob@example.com", "Bob@Example.COM"),
			spelling{detect.Percent, "bob%40example.com"}, spelling{detect.Percent, "%42ob%40example%2Ecom"},
			spelling{1, `bob\u0040example.com`}, spelling{2, `bob\\u0040example.com`})},
		"email outside ASCII": {detect.Email, "jürgen@müller.de", append(as("Jürgen@MÜLLER.de"), spelling{detect.Percent, "j%C3%BCrgen%40m%C3%BCller.de"})},
		"card":                {detect.PaymentCard, "4111111111111111", as("4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111")},
		"ssn":                 {detect.USSSN, "536228726", as("536-22-8726", "536 22 8726", "536228726")},
		"nhs":                 {detect.UKNHS, "9434765919", as("943 476 5919", "943-476-5919", "9434765919")},
		"aadhaar":             {detect.INAadhaar, "234123412346", as("2341 2341 2346", "234123412346")},
		"cpf":                 {detect.BRCPF, "52998224725", as("529.982.247-25", "52998224725")},
		"nino":                {detect.UKNINO, "AB123456C", as("AB 12 34 56 C", "ab123456c", "AB-12-34-56-C")},
		"hetu":                {detect.FIHETU, "131052308T", as("131052-308T", "131052-308t")},
		"rodné číslo":         {detect.CZRC, "7360281005", as("736028/1005", "7360281005")},
		"id by key":           {detect.UKNINO, "n/a: 7 (unknown)", as("n/a: 7 (unknown)")},
		"phone, german": {detect.Phone, "+4930123456", append(as("+49 30 123456", "0049 30 123456", "+49 (0)30 123456", "+49-30-123456", "+49 (0) 30 / 12 34 56"),
			spelling{detect.Percent, "%2B49%2030%20123456"})},
		"phone, british":   {detect.Phone, "+442079460958", as("+44 20 7946 0958", "+44 (0)20 7946 0958", "00442079460958", "+44(20)7946-0958")},
		"phone, american":  {detect.Phone, "+14155550132", as("+1 415 555 0132", "+1 (415) 555-0132", "+1-415-555-0132", "+1.415.555.0132", "001 415 555 0132")},
		"phone, italian":   {detect.Phone, "+390612345678", as("+39 06 1234 5678", "0039 06 12345678")},
		"phone, national":  {detect.Phone, "4155550132", as("(415) 555-0132", "415-555-0132", "4155550132", "415.555.0132")},
		"phone, extension": {detect.Phone, "+14155550132", as("+1 415 555 0132 ext. 12", "+1 415 555 0132")},
		"iban":             {detect.IBAN, "DE89370400440532013000", as("DE89 3704 0044 0532 0130 00", "de89370400440532013000", "DE89-3704-0044-0532-0130-00")},
		"ipv4":             {detect.IPAddress, "203.0.113.7", as("203.0.113.7", "::ffff:203.0.113.7", "::FFFF:CB00:7107", "203.0.113.7/32", "::ffff:203.0.113.7/128")},
		"ipv4 network":     {detect.IPAddress, "203.0.113.0/24", as("203.0.113.0/24", "::ffff:203.0.113.0/120")},
		"ipv6":             {detect.IPAddress, "2001:db8::1", as("2001:db8::1", "2001:0DB8:0:0:0:0:0:1", "[2001:db8::1]", "2001:db8::0:1/128")},
		"ipv6 network":     {detect.IPAddress, "2001:db8::/32", as("2001:db8::/32", "2001:0db8:0::/32")},
		"mac":              {detect.MACAddress, "00:1a:2b:3c:4d:5e", as("00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e", "001A2B3C4D5E")},
		"eui-64":           {detect.MACAddress, "00:1a:2b:ff:fe:3c:4d:5e", as("00-1A-2B-FF-FE-3C-4D-5E", "001a.2bff.fe3c.4d5e")},
		"ethereum":         {detect.CryptoWallet, "0x52908400098527886e0f7030069857d2e4169ee7", as("0x52908400098527886E0F7030069857D2E4169EE7", "0x52908400098527886e0f7030069857d2e4169ee7")},
		"bech32":           {detect.CryptoWallet, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", as("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")},
		"base58 has case":  {detect.CryptoWallet, "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", as("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2")},
		"password":         {detect.Password, "S3cret \"x\"", append(as(`S3cret "x"`), spelling{1, `S3cret \"x\"`}, spelling{detect.Percent, "S3cret%20%22x%22"})},
		"private key":      {detect.PrivateKey, "-----BEGIN\nx", append(as("-----BEGIN\nx"), spelling{1, `-----BEGIN\nx`})},
		"expiry":           {detect.CardExpiry, "12/27", append(as("12/27", "12/2027", "12 / 27", "12-27", "1227", "122027", "2027-12"), spelling{detect.Percent, "12%2F27"})},
		"birth":            {detect.DateOfBirth, "1985-04-12", as("1985-04-12", "19850412", "1985/04/12", "12.04.1985", "1985-04-12T00:00:00Z", "1985.4.12")},
		"birth, day first": {detect.DateOfBirth, "1985-04-13", as("13/04/1985", "04/13/1985", "13-4-1985")},
		"birth, no order":  {detect.DateOfBirth, "04/12/1985", as("04/12/1985")},
		"birth in words":   {detect.DateOfBirth, "12 April 1985", as("12 April 1985")},
		"gender":           {detect.Gender, "female", as("female", "Female", "FEMALE")},
		"imei":             {detect.IMEI, "490154203237518", as("490154203237518", "49-015420-323751-8")},
		"advertising id":   {detect.AdvertisingID, "6D92078A82464BA4AE5B76104861E7DC", as("6D92078A-8246-4BA4-AE5B-76104861E7DC", "6d92078a-8246-4ba4-ae5b-76104861e7dc")},
		"sort code":        {detect.UKSortCode, "200000", as("20-00-00", "20 00 00", "200000")},
		"vat":              {detect.EUVAT, "DE136695976", as("DE136695976", "DE 136 695 976", "de-136-695-976")},
		"plate":            {detect.LicensePlate, "BAB1234", append(as("B AB 1234", "B-AB 1234"), spelling{detect.Percent, "B+AB+1234"}, spelling{detect.Percent, "B%20AB%201234"})},
		"declared by key":  {detect.IPAddress, "not an address", as("not an address")},
		"nothing of it":    {detect.PaymentCard, "none", as("none")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, s := range test.spellings {
				require.Equal(t, test.want, canonical(test.entity, s.enc, s.value), "%q", s.value)
			}
			require.Equal(t, test.want, canonical(test.entity, 0, test.want), "the canonical form of itself")
		})
	}
}

// FuzzCanonicalIsIdempotent asserts the law for any bytes and entity, and that no value becomes empty.
func FuzzCanonicalIsIdempotent(f *testing.F) {
	for i, v := range []string{
		"Bob@Example.com", "+49 (0)30 123456", "0049 30", "4111 1111", "::ffff:1.2.3.4/120", "[::1%eth0]", "00-1A-2b-3c-4d-5e", "BC1QW508",
		"+54 9 11 15 1234 5678", "+521551234567", "İ@x.org", "\xff@X", "00", "+", "1.2.3.4/+1", "::ffff:0:0/96", "+1 (0) ext 7",
	} {
		f.Add(v, uint16(i))
	}
	n := uint16(len(detect.Builtins()))
	f.Fuzz(func(t *testing.T, value string, entity uint16) {
		e := detect.Entity(entity % n)
		once := canonical(e, 0, value)
		require.Equal(t, once, canonical(e, 0, once))
		require.Equal(t, value == "", once == "")
	})
}

// FuzzSpellingsOfOneValue spells a value in the ways its entity allows and asserts that they meet.
func FuzzSpellingsOfOneValue(f *testing.F) {
	f.Add(uint64(1), uint8(0))
	f.Add(uint64(2), uint8(1))
	f.Add(uint64(3), uint8(5))
	f.Fuzz(func(t *testing.T, seed uint64, kind uint8) {
		rng := rand.New(rand.NewPCG(seed, 7))
		e, value := drawValue(rng, kind)
		want := canonical(e, 0, value)
		for range 4 {
			s := respell(rng, e, value)
			require.Equal(t, want, canonical(e, 0, s), "%q is a spelling of %q", s, value)
			for _, enc := range []detect.Encoding{1, 2, 3, detect.Percent, detect.Percent | 1} {
				require.Equal(t, want, canonical(e, enc, string(enc.Append(nil, s))), "%q encoded %d", s, enc)
			}
		}
	})
}

func digitsOf(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + rng.IntN(10))
	}
	return string(b)
}

func drawValue(rng *rand.Rand, kind uint8) (detect.Entity, string) {
	switch kind % 6 {
	case 0:
		return detect.Email, "user" + digitsOf(rng, 3) + "@mail.example.org"
	case 1:
		return detect.PaymentCard, "4" + digitsOf(rng, 15)
	case 2:
		return detect.Phone, "+" + []string{"49", "44", "33", "91"}[rng.IntN(4)] + strconv.Itoa(100000000+rng.IntN(800000000))
	case 3:
		return detect.IPAddress, strconv.Itoa(rng.IntN(256)) + "." + strconv.Itoa(rng.IntN(256)) + ".3.4"
	case 4:
		return detect.MACAddress, "00:1a:2b:" + digitsOf(rng, 2) + ":cd:" + digitsOf(rng, 2)
	}
	return detect.IBAN, "DE" + digitsOf(rng, 20)
}

func respell(rng *rand.Rand, e detect.Entity, v string) string {
	grouped := func(v string, n int) string {
		var b strings.Builder
		for i := range len(v) {
			if i > 0 && i%n == 0 {
				b.WriteByte(" -"[rng.IntN(2)])
			}
			b.WriteByte(v[i])
		}
		return b.String()
	}
	switch e {
	case detect.Email:
		return strings.Map(func(r rune) rune {
			if rng.IntN(2) == 0 {
				return unicode.ToUpper(r)
			}
			return r
		}, v)
	case detect.Phone:
		if rng.IntN(2) == 0 {
			v = "00" + v[1:]
		}
		return grouped(v, 3+rng.IntN(3))
	case detect.IPAddress:
		return []string{v, "::ffff:" + v, v + "/32", "::FFFF:" + v + "/128"}[rng.IntN(4)]
	case detect.MACAddress:
		return []string{v, strings.ToUpper(v), strings.ReplaceAll(v, ":", "-"), strings.ReplaceAll(v, ":", "")}[rng.IntN(4)]
	}
	return grouped(v, 4)
}

// TestSimplePhonesAgreeWithMetadata holds the short way to E.164 against the metadata.
func TestSimplePhonesAgreeWithMetadata(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	regions, err := phonenumbers.MetadataCollection()
	require.NoError(t, err)
	for _, m := range regions.GetMetadata() {
		code := int(m.GetCountryCode())
		if trunkZero[strconv.Itoa(code)] && m.GetId() == phonenumbers.GetRegionCodeForCountryCode(code) {
			trunk := regexp.MustCompile("^(?:" + m.GetNationalPrefixForParsing() + ")")
			for national := 1000; national < 10000; national++ { // every start of a number that is no 0
				digits := strconv.Itoa(national) + digitsOf(rng, 6)
				if simplePhone(strconv.Itoa(code) + digits) {
					require.False(t, trunk.MatchString(digits), "%s: %s", m.GetId(), digits[:4])
				}
			}
		}
	}
	codes := slices.Sorted(maps.Keys(trunkZero))
	for _, code := range append(codes, "1") {
		checked := 0
		for range 1000 {
			digits := code + digitsOf(rng, 7+rng.IntN(5))
			if !simplePhone(digits) {
				continue
			}
			n, err := phonenumbers.Parse("+"+digits, "ZZ")
			require.NoError(t, err, code)
			require.Equal(t, "+"+digits, phonenumbers.Format(n, phonenumbers.E164))
			checked++
		}
		require.NotZero(t, checked, code)
	}
}

func TestCanonicalDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	dst := make([]byte, 0, 256)
	for e, v := range map[detect.Entity]string{
		detect.Email: "Bob@Example.com", detect.PaymentCard: "4111 1111 1111 1111", detect.Phone: "+49 30 1234567",
		detect.IPAddress: "::ffff:203.0.113.7", detect.MACAddress: "00-1A-2B-3C-4D-5E", detect.IBAN: "DE89 3704 0044 0532 0130 00",
	} {
		f := detect.Finding{End: len(v), Entity: e, KeyStart: -1}
		require.Zero(t, testing.AllocsPerRun(50, func() { dst = Canonical(dst[:0], e, f, v) }), v)
	}
}

func BenchmarkCanonical(b *testing.B) {
	for name, v := range map[string]struct {
		e detect.Entity
		s string
	}{
		"email": {detect.Email, "Bob.Smith@Example.com"}, "phone_simple": {detect.Phone, "+49 30 1234567"},
		"phone_metadata": {detect.Phone, "+49 (0)30 1234567"}, "ip": {detect.IPAddress, "2001:db8::1"},
	} {
		b.Run(name, func(b *testing.B) {
			dst := make([]byte, 0, 256)
			f := detect.Finding{End: len(v.s), Entity: v.e, KeyStart: -1}
			for b.Loop() {
				dst = Canonical(dst[:0], v.e, f, v.s)
			}
		})
	}
}
