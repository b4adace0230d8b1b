package rewrite

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/processor/policy"
)

// everything returns one rewriter per action, each of which applies it to all that is found.
func everything(t testing.TB) map[string]*rig {
	all := func(r ...policy.Rule) *rig { return newRig(t, policy.Config{Rules: r}, Settings{}) }
	return map[string]*rig{
		"tokenize": all(policy.Rule{Entities: star, Action: "tokenize"}),
		"redact":   all(policy.Rule{Entities: star, Action: "redact"}),
		"kept parts": all(
			policy.Rule{Entities: []string{"payment_card", "phone", "us_ssn"}, Action: "tokenize", Keep: "last4"},
			policy.Rule{Entities: []string{"email"}, Action: "tokenize", Keep: "domain"},
			policy.Rule{Entities: star, Action: "tokenize"},
		),
		"mask": all(
			policy.Rule{Entities: []string{"email"}, Action: "mask", Keep: "domain"},
			policy.Rule{Entities: []string{"payment_card", "ip_address", "mac_address"}, Action: "mask", Keep: "prefix"},
			policy.Rule{Entities: []string{"phone", "us_ssn", "uk_nhs", "in_aadhaar", "br_cpf", "iban"}, Action: "mask", Keep: "last4"},
		),
	}
}

var lawSeeds = []string{
	`{"card":4111111111111111,"m":[4111111111111111,{"lat":52.52,"lon":-13.4}],"e":"bob@example.com"}`,
	`{"body":"{\"user\":{\"email\":\"bob@example.com\",\"card\": 4111111111111111}}","password":12345678}`,
	`{"a":"card: 4111111111111111, ok","b":": 4111111111111111, x","c":"[card, 4111111111111111, 1]"}`,
	`[4111111111111111,5500005555555559,"8.8.8.8",null,true,{"user_id":77,"ssn":536228726}]`,
	`{"a":"\"card\": 4111111111111111","b":"x\\","card":4111111111111111.0,"card_number":-4111111111111111}`,
	`{"coordinates":[13.4050,52.5200],"phone":"+49 (0)30 1234567","username":"bob \"b\" smith"}`,
	"{\n  \"cards\": [\n    4111111111111111,\n    5500005555555559\n  ]\n}",
	`https://bob:s3cretpw@[2600:1f18::1]:8443/u/bob@example.com?e=bob%40example.com&password=hunter2hunter2&ip=8.8.8.8#x`,
	`http://8.8.8.8/?card=4111111111111111&token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlc2lnbmF0dXJl`,
	`level=info user=bob email=bob@example.com card="4111 1111 1111 1111" peer=8.8.8.8:53 msg="paid \"bob@example.com\" 1"`,
	`select * from users where email = 'bob@example.com' and password = 'hunter2hunter2' and ssn = '536-22-8726'`,
	"Cookie: a=b; session=abcdef0123456789\r\nAuthorization: Bearer abcdefghij1234567890\r\nX-Forwarded-For: 8.8.8.8, 10.0.0.1",
	`mac 00-1A-2B-3C-4D-5E iban DE89 3704 0044 0532 0130 00 "bob@example.com"<bob@example.com>;+49 30 1234567`,
}

// ordinaryURL is a URL as software writes them; an authority of punctuation may mean anything once a value is gone.
var ordinaryURL = regexp.MustCompile(`^[a-z]+://([\w.-]+(:[\w.-]*)?@)?([\w.-]+|\[[0-9a-f:]+\])(:\d+)?(/[\w./@-]*)?(\?[\w=&.%@-]*)?(#\w*)?$`)

// check asserts every law on one text. That a second pass finds nothing new is asserted of ordinary text only: where
// candidates overlap in noise, taking one out may bring another to light.
func check(t *testing.T, rigs map[string]*rig, text string, ordinary bool) {
	for name, r := range rigs {
		r.s.Reset()
		out, _, err := r.text("", text)
		require.NoError(t, err)
		if json.Valid([]byte(text)) {
			require.True(t, json.Valid([]byte(out)), "%s breaks JSON: %s\n%s", name, text, out)
			checkInnerJSON(t, name, text, out)
		}
		if u, err := url.Parse(text); err == nil && ordinaryURL.MatchString(text) {
			got, err := url.Parse(out)
			require.NoError(t, err, "%s breaks a URL: %s\n%s", name, text, out)
			require.Equal(t, u.Scheme, got.Scheme)
			require.Equal(t, u.Port(), got.Port())
		}
		if name == "redact" || name == "mask" {
			continue // a shorter text brings cues nearer to values that were none before; TestMasksStay has the masks
		}
		again, verdict, err := r.text("", strings.Clone(out))
		require.NoError(t, err)
		if ordinary {
			require.Equal(t, Unchanged, verdict, "%s, second pass: %s\n%s\n%s", name, text, out, again)
		}
		for _, tok := range tokens.FindAllString(out, -1) {
			require.Contains(t, again, tok, "a token is never tokenized again")
		}
	}
}

// checkInnerJSON asserts that strings of a JSON object that hold JSON still do.
func checkInnerJSON(t *testing.T, name, in, out string) {
	var before, after map[string]any
	if json.Unmarshal([]byte(in), &before) != nil || json.Unmarshal([]byte(out), &after) != nil {
		return
	}
	for k, v := range before {
		s, ok := v.(string)
		if !ok || !strings.HasPrefix(s, "{") || !json.Valid([]byte(s)) {
			continue
		}
		if got, ok := after[k].(string); ok && strings.HasPrefix(got, "{") {
			require.True(t, json.Valid([]byte(got)), "%s breaks JSON inside JSON: %s\n%s", name, in, out)
		}
	}
}

func TestLaws(t *testing.T) {
	rigs := everything(t)
	for i, seed := range lawSeeds {
		t.Run(fmt.Sprint(i), func(t *testing.T) { check(t, rigs, seed, true) })
	}
}

func FuzzLaws(f *testing.F) {
	for _, s := range lawSeeds {
		f.Add(s)
	}
	rigs := everything(f)
	f.Fuzz(func(t *testing.T, text string) { check(t, rigs, text, false) })
}

// TestJSONStaysJSON draws JSON documents out of values that are found, at every depth of nesting in strings.
func TestJSONStaysJSON(t *testing.T) {
	rigs := everything(t)
	rng := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		check(t, rigs, drawJSON(rng, 0), true)
	}
}

func drawJSON(rng *rand.Rand, level int) string {
	keys := []string{"card", "email", "user_id", "password", "n", "ssn", "phone", "lat", "cards", "peer"}
	values := []string{
		`4111111111111111`, `"bob@example.com"`, `536228726`, `"4111-1111-1111-1111"`, `null`, `12`, `-52.520008`, `"8.8.8.8"`, `true`,
		`"card: 4111111111111111, next"`, `"a \"b\" c"`, `[4111111111111111, 5500005555555559]`, `5500005555555559.0`, `"[1, 4111111111111111, 2]"`, `""`,
	}
	if level < 3 && rng.IntN(2) == 0 {
		inner, _ := json.Marshal(drawJSON(rng, level+1))
		values = append(values, string(inner), string(inner), string(inner))
	}
	space := []string{"", " ", "\n  "}[rng.IntN(3)]
	var parts []string
	for range 1 + rng.IntN(3) {
		parts = append(parts, fmt.Sprintf("%s%q:%s%s", space, keys[rng.IntN(len(keys))], space, values[rng.IntN(len(values))]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

var logfmtPair = regexp.MustCompile(`([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ "]*)(?: |$)`)

func TestLogfmtStaysLogfmt(t *testing.T) {
	keys := func(line string) (names []string) {
		rest := line
		for rest != "" {
			m := logfmtPair.FindStringSubmatchIndex(rest)
			if m == nil || m[0] != 0 {
				return append(names, "BROKEN")
			}
			names = append(names, rest[m[2]:m[3]])
			rest = rest[m[1]:]
		}
		return names
	}
	lines := []string{
		`level=info user=bob email=bob@example.com peer=8.8.8.8 card=4111111111111111 took=12ms`,
		`msg="login of bob@example.com" password="hunter2 hunter2" phone="+49 30 1234567" n=1`,
		`msg="he said \"bob@example.com\" twice" ssn=536-22-8726 password=a\b`,
		`url=https://x.example/y?e=bob%40example.com user_id=77 session=abcdef0123456789abcdef`,
	}
	for name, r := range everything(t) {
		for _, line := range lines {
			out := r.must(t, line)
			require.NotContains(t, keys(line), "BROKEN")
			require.Equal(t, keys(line), keys(out), "%s: %s", name, out)
		}
	}
}

// TestMasksStay asserts that no mask is found to be a value, wherever it stands.
func TestMasksStay(t *testing.T) {
	masks := []string{"[email]@example.com", "8.8.8.*", "2600:1f18:0:*", "00:1a:2b:*", "411111****", "****1111", "****8726", "****"}
	around := []string{
		"%s", "card %s", "card: %s, ok", `{"email":"%s"}`, `{"card":"%s","n":1}`, "ip=%s", "mac=%s phone=%s", "ssn %s", "iban %s", "/u/%s?e=%s", "[%s]:443",
		"http://%s/", "call +%s now", "<%s>", `email="%s"`,
	}
	for name, r := range everything(t) {
		for _, m := range masks {
			for _, a := range around {
				text := strings.ReplaceAll(a, "%s", m)
				out, verdict, err := r.text("", text)
				require.NoError(t, err)
				require.Equal(t, Unchanged, verdict, "%s: %s\n%s", name, text, out)
			}
		}
	}
}
