package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

var (
	firstNames = []string{
		"Alice", "Benjamin", "Carla", "Dmitri", "Elena", "Farid", "Grace", "Hannah", "Ivan", "Julia", "Kenji", "Laura", "Marcus", "Nadia", "Oliver",
		"Priya", "Quentin", "Rosa", "Samuel", "Tanja", "Ulrich", "Valeria", "Walter", "Ximena", "Yusuf", "Zoe", "Amara", "Bruno", "Chiara", "Daniel",
		"Emily", "Felix", "Giulia", "Hiroshi", "Ingrid", "Jonas", "Katarina", "Liam", "Miriam", "Noah",
		"José", "Zoë", "Jürgen", "Anaïs", "Søren",
	}
	lastNames = []string{
		"Anderson", "Becker", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Hoffmann", "Ivanova", "Johnson", "Kowalski", "Lindgren", "Moreau",
		"Nakamura", "Okafor", "Patel", "Quinn", "Rossi", "Schneider", "Tanaka", "Ueda", "Vasquez", "Williams", "Xu", "Yilmaz", "Zimmermann", "Almeida",
		"Bergstrom", "Castillo", "Delacroix", "Esposito", "Ferreira", "Gupta", "Haddad", "Iyer", "Jankowski", "Keller", "Laurent", "Mehta", "Novak",
		"Müller", "O'Brien", "Núñez", "Åkesson", "García Márquez",
	}
	domains  = []string{"example.com", "example.org", "example.net", "mail.example.com", "corp.example.org", "example.co.uk", "shop.example.net"}
	accounts = []string{"shop", "orders_rw", "svc-checkout", "reporting", "app", "inventory", "admin", "grafana_reader"}
	streets  = []string{"Maple", "Oak", "Washington", "Lakeview", "Cedar", "Hillcrest", "Church", "Sunset", "River", "Victoria"}
)

var toASCII = strings.NewReplacer("é", "e", "ë", "e", "ü", "u", "ï", "i", "ø", "o", "ú", "u", "ñ", "n", "Å", "A", "í", "i", "á", "a", "'", "", " ", "")

func asciiLower(s string) string { return strings.ToLower(toASCII.Replace(s)) }

func random(r *dice, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func octet(r *dice) string  { return fmt.Sprint(1 + r.IntN(254)) }
func hextet(r *dice) string { return fmt.Sprintf("%x", 1+r.IntN(0xfffe)) }

func publicIPv4(r *dice) string {
	return pick(r, []string{"8", "18", "34", "52", "63", "77", "81", "93", "104", "142", "151", "185", "212"}) + "." + octet(r) + "." + octet(r) + "." + octet(r)
}

func privateIPv4(r *dice) string {
	return pick(r, []string{"10." + octet(r), "192.168", fmt.Sprintf("172.%d", 16+r.IntN(16)), "10.244"}) + "." + octet(r) + "." + octet(r)
}

func ipv6(r *dice) string {
	return pick(r, []string{"2a02:8108:", "2001:db8:", "2600:1f18:", "2a00:1450:"}) + pick(r, []string{
		hextet(r) + "::" + hextet(r), hextet(r) + ":" + hextet(r) + "::" + hextet(r) + ":" + hextet(r), ":" + hextet(r),
	})
}

func ipv6Full(r *dice) string {
	parts := []string{"2a02", "0" + chars(r, hexes, 3)}
	for range 6 {
		parts = append(parts, chars(r, hexes, 4))
	}
	return strings.Join(parts, ":")
}

func mac(r *dice, sep string) string {
	prefix := pick(r, []string{"02", "3c", "a4", "b8", "f0", "00", "d8"})
	return blocks(prefix+chars(r, hexes, 10), 2, sep)
}

func username(r *dice) string {
	first, last := asciiLower(choose(r, firstNames)), asciiLower(choose(r, lastNames))
	return pick(r, []string{first + "." + last, first[:1] + last, first + number(r, 2), last + "_" + first[:1]})
}

func street(r *dice) string {
	switch r.IntN(4) {
	case 0:
		return fmt.Sprintf("%d %s Street, Springfield, IL 627%s", 1+r.IntN(9999), choose(r, streets), chars(r, digits, 2))
	case 1:
		return fmt.Sprintf("%d %s Avenue, Apt %d", 1+r.IntN(999), choose(r, streets), 1+r.IntN(99))
	case 2:
		return fmt.Sprintf("%sstraße %d, 10%s Berlin", pick(r, []string{"Linden", "Garten", "Schiller", "Haupt"}), 1+r.IntN(180), number(r, 3))
	default:
		return fmt.Sprintf("%d %s Road", 1+r.IntN(300), choose(r, streets))
	}
}

func latitude(r *dice) string  { return fmt.Sprintf("%.*f", 4+r.IntN(3), -55+r.Float64()*120) }
func longitude(r *dice) string { return fmt.Sprintf("%.*f", 4+r.IntN(3), -170+r.Float64()*340) }

// jwt has a real header and real claims under a random signature.
func jwt(r *dice) string {
	header := pick(r, []string{`{"alg":"HS256","typ":"JWT"}`, `{"alg":"RS256","kid":"` + chars(r, hexes, 8) + `","typ":"JWT"}`, `{"alg":"ES256","typ":"at+jwt"}`})
	claims := fmt.Sprintf(`{"iss":"https://id.shop.example","sub":"%s","iat":%d,"exp":%d}`, number(r, 8), 1767225600+r.IntN(1e6), 1768225600+r.IntN(1e6))
	b64 := base64.RawURLEncoding
	return b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(claims)) + "." + b64.EncodeToString(random(r, pick(r, []int{32, 64, 256})))
}

// pem has the frame and the first bytes of a key; the rest is random and opens nothing.
func pem(r *dice) string {
	kind := pick(r, []string{"RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"})
	start := map[string]string{
		"RSA PRIVATE KEY": "MIIEowIBAAKCAQEA", "PRIVATE KEY": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "EC PRIVATE KEY": "MHcCAQEEI",
		"OPENSSH PRIVATE KEY": "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ",
	}[kind]
	body := blocks(start+chars(r, base64s, 64*(3+r.IntN(6))-len(start)), 64, "\n")
	return "-----BEGIN " + kind + "-----\n" + body + "\n-----END " + kind + "-----"
}

// pgp is an armored block of RFC 9580 with random contents.
func pgp(r *dice, end string) string {
	body := blocks("lQOYBG"+chars(r, base64s, 64*(4+r.IntN(4))-6), 64, end)
	return "-----BEGIN PGP PRIVATE KEY BLOCK-----" + end + end + body + end + "=" + chars(r, base64s, 4) + end + "-----END PGP PRIVATE KEY BLOCK-----"
}

func basicAuth(r *dice) string {
	return base64.StdEncoding.EncodeToString([]byte(username(r) + ":" + plainPassword(r)))
}

func cookieValue(r *dice) string {
	return pick(r, []string{chars(r, hexes, 32), chars(r, base62, 26), uuid(r), "s%3A" + chars(r, base64u, 32)})
}

// plainPassword has no character that a URL would have to encode.
func plainPassword(r *dice) string {
	return pick(r, []string{"correct-horse", "Sommer", "winter-is", "Qwertz", "blue_fish"}) + pick(r, []string{"-", "_", "."}) + chars(r, base62, 6)
}

func password(r *dice) string {
	return pick(r, []string{
		plainPassword(r), "Tr0ub4dor!" + number(r, 2), chars(r, base62, 12), "P4ss" + number(r, 4) + "!", choose(r, words) + "-" + choose(r, words) + "-" + number(r, 3),
		"S3cur3#" + chars(r, lower, 5), "hunter" + number(r, 3),
	})
}

func githubToken(r *dice) string {
	body := chars(r, base62, 30)
	return pick(r, []string{"ghp_", "gho_", "ghs_", "ghu_"}) + body + githubTail(body)
}

func slackToken(r *dice) string {
	return pick(r, []string{"xoxb-", "xoxp-" + number(r, 12) + "-"}) + number(r, 12) + "-" + number(r, 13) + "-" + chars(r, base62, 24)
}

func uuid(r *dice) string {
	h := chars(r, hexes, 32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-" + pick(r, []string{"8", "9", "a", "b"}) + h[17:20] + "-" + h[20:]
}

// orderNumber is an id of n digits that passes the check of payment cards.
func orderNumber(r *dice, n int) string {
	body := number(r, n-1)
	return body + string(luhn(body))
}

// uuid7 carries its time in the first digits, so it begins with a long run of decimals often.
func uuid7(r *dice) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(1767225600000+r.Int64N(2e10))<<16)
	h := fmt.Sprintf("%x", b[:6]) + "7" + chars(r, hexes, 3) + "9" + chars(r, hexes, 15)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
