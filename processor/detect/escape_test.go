package detect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestColors(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	values := map[string]string{
		"4111-1111-1111-1111": "payment_card", "203.0.113.77": "ip_address", "DE89370400440532013000": "iban", "AKIAQYLPMN5HFIQR7XYA": "aws_access_key", "00:1b:44:11:3a:b7": "mac_address",
		"ghp_0123456789abcdefghijABCDEFGHIJklmnop": "github_token", "+14155552671": "phone", "415-555-2671": "phone", "jane@acme.com": "email", "536-22-1234": "us_ssn", "2a00:1450:4001:81b::200e": "ip_address",
	}
	for _, esc := range escapes {
		for value, entity := range values {
			text := esc + "[1;31m" + value + esc + "[0m"
			require.Equal(t, fmt.Sprintf("%s %q, ", entity, value), describe(d, text, d.Find(s, Key{}, text)), "%q", text)
			checkLaws(t, d, s, "", "a "+text+":8080")
		}
		for _, text := range []string{"E[36mpassword E[0m=hunter2xyz", "x E[36muserE[0m=jane E[36mpasswordE[0m=hunter2xyz ", "E[36mpassword=E[0mhunter2xyzE[K", `E[36mpasswordE[0m="hunter2xyz"`} {
			text = strings.ReplaceAll(strings.ReplaceAll(text, " E[0m", "E[0m"), "E", esc)
			require.Contains(t, describe(d, text, d.Find(s, Key{}, text)), `password "hunter2xyz", `, "%q", text)
			checkLaws(t, d, s, "", text)
		}
	}
}

func TestUnderscoresBesideValues(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for _, c := range []struct{ text, entity string }{
		{"export_jane.roe@acme.com_20240101.csv", "email"},
		{"jane@acme.com_2024", "email"},
		{"host_8.8.8.8_x", "ip_address"},
		{"IP:8.8.8.8_443", "ip_address"},
		{"x _ghp_0123456789abcdefghijABCDEFGHIJklmnop_ y", "github_token"},
		{"key_AKIAQYLPMN5HFIQR7XYA_old", "aws_access_key"},
		{"backup_sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc_1", "stripe_key"},
		{"tool_1.2.3.4_amd64.deb", ""},
		{"version_1.2.3.4_x", ""},
		{"lib_x_1.2.3.4.5", ""},
	} {
		found := d.Find(s, Key{}, c.text)
		if c.entity == "" {
			require.Empty(t, found, c.text)
			continue
		}
		require.Len(t, found, 1, c.text)
		require.Equal(t, c.entity, d.Entities()[found[0].Entity].Name, c.text)
		checkLaws(t, d, s, "", c.text)
	}
}

func TestEscapedASCII(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for _, c := range []struct{ text, want, plain string }{
		{`{"url":"https:\/\/jane:s3cr3tpw@host\/x"}`, "url_credentials", "jane:s3cr3tpw"},
		{`{"m":"{\"url\":\"https:\\\/\\\/jane:s3cr3tpw@host\\\/x\"}"}`, "url_credentials", "jane:s3cr3tpw"},
		{`{"q":"password\u003dhunter2xyz"}`, "password", "hunter2xyz"},
		{`{"q":"card 4111\u002d1111\u002d1111\u002d1111"}`, "payment_card", "4111-1111-1111-1111"},
		{`{"q":"{\"m\":\"4111\\u002d1111\\u002d1111\\u002d1111\"}"}`, "payment_card", "4111-1111-1111-1111"},
		{`{"q":"+1\u0020415\u0020555\u00202671"}`, "phone", "+1 415 555 2671"},
		{`{"q":"jane.roe\u0040acme\u002ecom"}`, "email", "jane.roe@acme.com"},
		{`{"q":"ip 203\u002e0\u002e113\u002e7 "}`, "ip_address", "203.0.113.7"},
		{strings.Repeat(`ab\u0020cd `, 90) + `x 4111\u002d1111\u002d1111\u002d1111`, "payment_card", "4111-1111-1111-1111"},
		{`{"q":"x\u0020y\u002dz"}`, "", ""},
	} {
		found := d.Find(s, Key{}, c.text)
		if c.want == "" {
			require.Empty(t, found, c.text)
			continue
		}
		require.Len(t, found, 1, c.text)
		f := found[0]
		require.Equal(t, c.want, d.Entities()[f.Entity].Name, c.text)
		require.Equal(t, c.plain, string(f.Encoding.Decode(nil, c.text[f.Start:f.End])), c.text)
		checkLaws(t, d, s, "", c.text)
	}
}
