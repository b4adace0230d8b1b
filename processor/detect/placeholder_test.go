package detect

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIsPlaceholder(t *testing.T) {
	for _, s := range []string{
		"****", "***-***-2671", "xxxxxx", "XXX-XX-1234", "abcd****", "YOUR****KEY", "....", "<password>", "<your-api-key>", "<API_KEY>", "<nil>", "[REDACTED]", "[redacted:ssn]", "[email]",
		"[payment_card]", "[FILTERED]", "{password}", "{apiKey}", "{0}", "{{password}}", "{{ .Values.db.password }}", "{{ lookup \"db\" }}", "${DB_PASSWORD}", "${env:DB_PASSWORD}",
		"${spring.datasource.password}", "$DB_PASSWORD", "$1", "%DB_PASSWORD%", "%s", ":password", "@p1", "?", "(null)", "null", "{}", "[]", "changeme", "[REDACTED-4]", "<masked value>",
	} {
		require.True(t, isPlaceholder(s), s)
	}
	for _, s := range []string{
		"hunter2***", "realsecretxxxxxx99", "***hunter2xyz", "abc...def1", "<hunter2xyz>", "{{hunter2xyz}}", "{{ hunter2xyz }}", "${hunter2xyz}", "${DB_PASSWORD:-hunter2}", "[hunter2xyz]", "<realtoken123>",
		"[jane_roe]", "%hunter2xyz%", "$HUNTER22", "(hunter2xyz)", "{hunter2xyz}", ":hunter2xyz", "${S3cret!}",
	} {
		require.False(t, isPlaceholder(s), s)
	}
}

func TestValuesDressedAsPlaceholders(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for _, c := range []struct{ key, text, want string }{
		{"password", "hunter2***", `password "hunter2***", `},
		{"password", "<hunter2xyz>", `password "<hunter2xyz>", `},
		{"password", "[hunter2xyz]", `password "[hunter2xyz]", `},
		{"password", "[password]", ""},
		{"http.request.header.authorization", "Bearer <realtoken123>", `http_authorization "<realtoken123>", `},
		{"", "Authorization: Bearer <realtoken123>", `http_authorization "<realtoken123>", `},
		{"user.name", "[jane_roe]", `username "jane_roe", `},
		{"user.name", "[username]", ""},
		{"", "password=<hunter2xyz> x", `password "<hunter2xyz>", `},
		{"", "password=${hunter2xyz} x", `password "${hunter2xyz}", `},
		{"", "password={{hunter2xyz}} x", `password "{{hunter2xyz}}", `},
		{"", "password=[hunter2xyz] x", `password "hunter2xyz", `},
		{"", "api_key={{hunter2xyz}} x", `secret "{{hunter2xyz}}", `},
		{"", "password=[order_ref] x", ""},
		{"tenant", "[tenant_name]", ""},
		{"", "password:<b>hunter2</b>", ""},
	} {
		require.Equal(t, c.want, describe(d, c.text, d.Find(s, d.Key(c.key), c.text)), c.text)
		checkLaws(t, d, s, c.key, c.text)
	}
}
