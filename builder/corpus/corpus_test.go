package main

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"
)

const committed = "../../testdata/corpus"

// The committed files are what the generator writes: `go run ./builder/corpus` after a change of templates.
func TestCommittedFilesAreTheOutput(t *testing.T) {
	files := generate()
	for _, name := range fileNames(files) {
		want, err := encode(files[name])
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(committed, name+".jsonl"))
		require.NoError(t, err)
		require.True(t, string(want) == string(got), "%s.jsonl is stale: run go run ./builder/corpus -out testdata/corpus", name)
	}
	entries, err := filepath.Glob(filepath.Join(committed, "*", "*.jsonl"))
	require.NoError(t, err)
	require.Len(t, entries, len(files), "files that no family writes")
}

// byHalf are the examples of each half.
func byHalf() map[half][]example {
	out := map[half][]example{}
	for name, examples := range generate() {
		h := dev
		if strings.HasPrefix(name, heldout.String()) {
			h = heldout
		}
		out[h] = append(out[h], examples...)
	}
	return out
}

func TestSizeAndShare(t *testing.T) {
	halves := byHalf()
	bytes := 0
	for h, examples := range halves {
		clean := 0
		covered := map[string]int{}
		for _, ex := range examples {
			bytes += len(ex.Text)
			if len(ex.Spans) == 0 {
				clean++
			}
			for _, s := range ex.Spans {
				covered[s.Entity]++
			}
		}
		require.GreaterOrEqual(t, len(examples), 5000, h)
		require.GreaterOrEqual(t, float64(clean)/float64(len(examples)), 0.40, "%s: %d of %d lines hold no finding", h, clean, len(examples))
		for _, e := range allIDs() {
			require.GreaterOrEqual(t, covered[e.entity], 25, "%s: examples of %s", h, e.entity)
		}
		for _, v := range values {
			require.GreaterOrEqual(t, covered[v.entity], 15, "%s: examples of %s", h, v.entity)
		}
		require.GreaterOrEqual(t, len(covered), 100, h)
	}
	require.InEpsilon(t, len(halves[dev]), len(halves[heldout]), 0.1, "the halves are of one size")
	require.Less(t, bytes, 6<<20)
}

// Lines of the two halves come from different templates: no more than the structures of single templates may repeat.
func TestHalvesAreApart(t *testing.T) {
	halves := byHalf()
	shape := func(text string) string {
		return strings.Map(func(c rune) rune {
			if unicode.IsDigit(c) {
				return '0'
			}
			return c
		}, text)
	}
	seen := map[string]bool{}
	for _, ex := range halves[dev] {
		require.False(t, seen[ex.Text], "twice: %s", ex.Text)
		seen[ex.Text] = true
		seen[shape(ex.Text)] = true
	}
	same := 0
	for _, ex := range halves[heldout] {
		require.False(t, seen[ex.Text], "in both halves: %s", ex.Text)
		if seen[shape(ex.Text)] {
			same++
		}
	}
	require.Less(t, same, len(halves[heldout])/100, "lines of heldout that differ from one of dev only in digits")
}

func TestSpans(t *testing.T) {
	for name, examples := range generate() {
		for _, ex := range examples {
			require.True(t, utf8.ValidString(ex.Text), ex.ID)
			require.NotContains(t, ex.Text, "«")
			last := 0
			for _, s := range ex.Spans {
				require.GreaterOrEqual(t, s.Start, last, ex.Text)
				require.Greater(t, s.End, s.Start, ex.Text)
				require.LessOrEqual(t, s.End, len(ex.Text), ex.Text)
				value := ex.Text[s.Start:s.End]
				require.NotContains(t, `"' `, value[:1], "%s: a span begins with a separator in %s", name, ex.Text)
				require.True(t, utf8.ValidString(value), ex.Text)
				last = s.End
			}
			if strings.HasSuffix(name, "/negative") {
				require.Empty(t, ex.Spans, ex.Text)
			}
		}
	}
}

// A structure that is written must be read: JSON parses, also the JSON inside a string of it.
func TestStructuresAreWellFormed(t *testing.T) {
	checked := 0
	for _, examples := range generate() {
		for _, ex := range examples {
			kind := ex.Sub[strings.LastIndexByte(ex.Sub, '/')+1:]
			if kind != "json" && kind != "nested" && kind != "escaped" && kind != "deep" && kind != "twice" {
				continue
			}
			var outer map[string]any
			require.NoError(t, json.Unmarshal([]byte(ex.Text), &outer), ex.Text)
			if kind == "escaped" {
				inner, ok := outer["log"].(string)
				if !ok {
					inner = outer["payload"].(string)
				}
				require.NoError(t, json.Unmarshal([]byte(inner), &map[string]any{}), ex.Text)
			}
			checked++
		}
	}
	require.Greater(t, checked, 100)
}

func TestPhonesAndAddressesAreReal(t *testing.T) {
	for name := range values {
		r := source(dev, "test/"+name)
		for range 50 {
			switch v := values[name].make(r); values[name].entity {
			case "phone":
				n, err := phonenumbers.Parse(v, "US")
				require.NoError(t, err, v)
				require.True(t, phonenumbers.IsValidNumber(n), v)
			case "ip_address":
				_, err := netip.ParseAddr(v)
				require.NoError(t, err, v)
			}
		}
	}
}

// Published examples of each check digit.
func TestChecksums(t *testing.T) {
	for _, c := range []struct{ name, want, got string }{
		{"luhn of ISO/IEC 7812-1", "3", string(luhn("7992739871"))},
		{"iban of the ISO 13616 registry", "89", ibanCheck("DE", "370400440532013000")},
		{"iban with letters", "29", ibanCheck("GB", "NWBK60161331926819")},
		{"cpf", "09", cpfCheck("123456789")},
		{"verhoeff", "3", string(verhoeff("236"))},
		{"bech32 of BIP 173", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", segwit(0, unhex("751e76e8199196d454941c45d1b3a323f1433bd6"))},
		{
			"bech32m of BIP 350", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
			segwit(1, unhex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")),
		},
		{"base58check", "16UwLL9Risc3QfPqBUvKofHmBQ7wMtjvM", base58Check(0, unhex("010966776006953d5567439e5e39f86a0d273bee"))},
		{"EIP-55", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", eip55(unhex("5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"))},
		{"EIP-55, second", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", eip55(unhex("fb6916095ca1df60bb79ce92ce3ea74c37c5d359"))},
	} {
		require.Equal(t, c.want, c.got, c.name)
	}
	require.Equal(t, 9, nhsCheck("943476591"), "nhs")
}

// Published examples of ids: each check character is that of its authority's own example or of a registered company.
func TestCheckCharacters(t *testing.T) {
	for _, c := range []struct{ name, want, got string }{
		{"German tax id", "86095742719", "8609574271" + digit(iso7064("8609574271"))},
		{"VAT id of a German company", "DE136695976", "DE13669597" + digit(iso7064("13669597"))},
		{"ICAO 9303", "L898902C36", "L898902C3" + icao("L898902C3")},
		{"German insurance number", "3", digit(crossSum("15070649"+ordinal("C")+"10", 2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1) % 10)},
		{"NIF", "12345678Z", nifLetter("12345678")},
		{"VIN of 49 CFR 565", "X", vinCheck("1M8GDM9AXKP042788")},
		{"codice fiscale", "RSSMRA85T10A562S", "RSSMRA85T10A562" + fiscalCheck("RSSMRA85T10A562")},
		{"GSTIN", "27AAPFU0939F1ZV", "27AAPFU0939F1Z" + gstinCheck("27AAPFU0939F1Z")},
		{"RFC", "GODE561231GR8", "GODE561231GR" + rfcCheck("GODE561231GR")},
		{"CURP", "BOXW310820HNERXN09", "BOXW310820HNERXN0" + curpCheck("BOXW310820HNERXN0")},
		{"CNPJ of Banco do Brasil", "91", cnpjCheck("000000000001")},
	} {
		require.Equal(t, c.want, c.got, c.name)
	}
}

func unhex(s string) []byte {
	var out []byte
	for i := 0; i < len(s); i += 2 {
		hi, lo := strings.IndexByte(hexes, s[i]), strings.IndexByte(hexes, s[i+1])
		out = append(out, byte(hi<<4|lo))
	}
	return out
}
