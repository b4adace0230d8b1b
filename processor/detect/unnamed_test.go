package detect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Without keys of its own a Detector passes over most separators and numbers unread, and every one over times. Where those are part of something, they are not
// passed over.
func TestNothingOfValueIsPassedOver(t *testing.T) {
	d := plainDetector(t)
	for name, c := range map[string]struct{ text, want string }{
		"php, the length of a string before it":    {`s:8:"password";s:7:"hunter2";`, `password "hunter2", `},
		"quoted-printable, an @ behind a name":     {"To: <jane=40acme.example>", `email "jane=40acme.example", `},
		"the value of a pair, shortened":           {`{"key":"password","val":"hunter2secret"}`, `password "hunter2secret", `},
		"the value of a pair, joined":              {`{"key":"password","stringvalue":"hunter2secret"}`, `password "hunter2secret", `},
		"the value of a pair, in capitals":         {`{"key":"password","VAL":"hunter2secret"}`, `password "hunter2secret", `},
		"the value of a pair, in a line":           {"name=DB_PASSWORD val=hunter2secret", `password "hunter2secret", `},
		"a number, a dot and what becomes a token": {"TIN: 000123456.1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", `ph_tin "000123456", crypto_wallet "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", `},
		"a card, in the column behind a time":      {"2026-11-26 10:20:30,4111 1111 1111 1111", `payment_card "4111 1111 1111 1111", `},
		"a street, in the column behind a time":    {"2026-11-26T10:20:30,12 Main Street,x", `street_address "12 Main Street", `},
		"a number, in the column behind a time":    {"bsn 10:20:30,111222333", `nl_bsn "111222333", `},
		"a MAC address, in place of a fraction":    {"10:20:30.00:1A:2B:3C:4D:5E", `mac_address "00:1A:2B:3C:4D:5E", `},
		"a time with a fraction, and a user":       {"10:20:30.123456789 user ns from a@e.co", `username "ns", email "a@e.co", `},
	} {
		t.Run(name, func(t *testing.T) {
			for n := range 2 * blockLen {
				text := strings.Repeat(" ", n) + c.text
				assert.Equal(t, c.want, describe(d, text, d.Find(NewScratch(), Key{}, text)), "behind %d bytes", n)
			}
		})
	}
}

// Tokens are found where nothing else is: they are counted, and cut out of keys.
func TestTokensAlone(t *testing.T) {
	d := plainDetector(t)
	token := fakeToken("email")
	for name, text := range map[string]string{
		"alone": token, "behind a key": "password." + token, "in prose": "sent to " + token + ", all well", "behind a block": strings.Repeat("ok ", 30) + token,
	} {
		t.Run(name, func(t *testing.T) {
			at := strings.Index(text, token)
			found := d.Find(NewScratch(), Nameless, text)
			assert.Equal(t, []Finding{{Start: at, End: at + len(token), Entity: Token, Confidence: 1, KeyStart: -1, KeyEnd: -1}}, found)
		})
	}
}
