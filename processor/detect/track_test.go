package detect

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOtherSpellings(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for _, c := range []struct{ text, want string }{
		{"form: card=4111+1111+1111+1111&cvv=123", `payment_card "4111+1111+1111+1111", card_cvv "123", `},
		{"4111  1111  1111  1111 ok", `payment_card "4111  1111  1111  1111", `},
		{"3782+822463+10005", `payment_card "3782+822463+10005", `},
		{"4111  1111  1111  1112", ""},
		{"4111+1111+1111+1111+2", ""},
		{"track2 ;4111111111111111=25121011234567890?", `payment_card "4111111111111111", `},
		{"offset 4111111111111111=12", ""},
		{"%B4111111111111111^ROE/JANE^25121011?", `payment_card "4111111111111111", person_name "ROE/JANE", `},
		{"jane%2540acme.com", `email "jane%2540acme.com", `},
		{"jane%252540acme.com", `email "jane%252540acme.com", `},
		{"password%3Dhunter2xyz%26x%3D1", `password "hunter2xyz", `},
		{"password%3Anull", ""},
		{`{"password":{"value":"hunter2xyz"}}`, `password "hunter2xyz", `},
		{`{"limit":{"value":"hunter2xyz"}}`, ""},
		{"<password><![CDATA[hunter2xyz]]></password>", `password "hunter2xyz", `},
		{"de89 3704 0044 0532 0130 00", `iban "de89 3704 0044 0532 0130 00", `},
		{"curl -ujane:hunter2xyz https://x", `url_credentials "jane:hunter2xyz", `},
		{"sort -user:x", ""},
	} {
		require.Equal(t, c.want, describe(d, c.text, d.Find(s, Key{}, c.text)), c.text)
		checkLaws(t, d, s, "", c.text)
	}
}
