package main

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// capital writes the first letter in upper case; scripts without capitals stay as they are.
func capital(word string) string {
	if word[0] >= utf8.RuneSelf {
		return word
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

// title writes a key in capitals at each word.
func title(key string) string { return capital(camel(key)) }

// affixed gives a key the owner or the ending that real schemas add.
func affixed(r *dice, key string) string {
	switch r.IntN(8) {
	case 0:
		return choose(r, []string{"customer_", "user_", "applicant_", "client_", "new_", "primary_"}) + key
	case 1:
		return key + choose(r, []string{"_value", "_text", "_raw", "_input"})
	}
	return key
}

func deepJSON(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`{"v":«n»,"event":{"actor":{"type":"person","profile":{"` + either(r, key) + `":"«v»","tier":"«word»"}}},"ts":«epochms»}`,
		`{"resource":{"service.name":"«svc»"},"body":{"rows":[{"n":«n»,"cells":[{"` + either(r, key) + `": "«v»"}]}]}}`,
		`{"a":{"b":[{"c":{"` + either(r, key) + `":["«v»"]}}]},"took":"«dur»"}`,
		`{"data":{"applicant":{"` + strings.ReplaceAll(key, "_", "-") + `":"«v»"},"case":«seq»},"meta":null}`,
	}), v.encode(escapeJSON))
}

func twiceEscapedJSON(r *dice, key string, v line) line {
	inner := fill(r, choose(r, []string{
		`{"` + either(r, key) + `":"«v»","step":«n»}`,
		`{"form": {"` + either(r, key) + `": "«v»"}}`,
	}), v.encode(escapeJSON))
	middle := fill(r, choose(r, []string{`{"body":"«v»","status":«status»}`, `{"attempt":«n»,"message":"«v»"}`}), inner.encode(escapeJSON))
	return fill(r, choose(r, []string{`{"log":"«v»\n","stream":"stderr"}`, `{"record":"«v»","shard":«n»}`}), middle.encode(escapeJSON))
}

func ndJSON(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`{"seq":«n»,"kind":"begin"}` + "\n" + `{"seq":«line»,"` + either(r, key) + `":"«v»"}` + "\n" + `{"seq":«line»,"kind":"end"}`,
		`{"index":{"_id":"doc-«seq»"}}` + "\n" + `{"` + either(r, key) + `":"«v»","rev":«n»}` + "\n",
	}), v.encode(escapeJSON))
}

func csvRow(r *dice, key string, v line) line {
	if strings.ContainsAny(v.text(), `,;"`+"\t|") {
		v = join(plain(`"`), v, plain(`"`))
	}
	return fill(r, choose(r, []string{
		"id," + key + ",tier\n«line»,«v»,«word»\n",
		"created;" + key + ";status\n«date»;«v»;«word»\n",
		key + ",qty,zone\n«v»,«n»,«zone»\n",
		"id\t" + key + "\trev\n«line»\t«v»\t«n»\n",
	}), v)
}

func xmlAttribute(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`<customer rev="«n»" ` + camel(key) + `="«v»" active="true"/>`,
		`«iso» DEBUG «svc» sent <entry ` + key + `="«v»"><step>«n»</step></entry>`,
		`<ns2:party ` + strings.ReplaceAll(key, "_", "-") + `='«v»' type='P'></ns2:party>`,
	}), v.encode(escapeXML))
}

// base64JSON hides the value in an object in base 64: the whole of it is to be replaced.
func base64JSON(r *dice, key string, v line) line {
	object := fill(r, choose(r, []string{`{"` + either(r, key) + `":"«v»","n":«n»}`, `{"rev":«n»,"` + either(r, key) + `":"«v»"}`}), v.encode(escapeJSON))
	coded := labeled(v[0].entity, base64.StdEncoding.EncodeToString([]byte(object.text())))
	return fill(r, choose(r, []string{
		`{"topic":"«topic»","payload":"«v»","offset":«offset»}`,
		`level=debug msg="message received" payload=«v»`,
		`x-client-context: «v»`,
		`data: «v»`,
	}), coded)
}

func httpBody(r *dice, key string, v line) line {
	if r.IntN(2) == 0 {
		return fill(r, choose(r, []string{
			"POST «path» HTTP/1.1\r\nHost: shop.example.com\r\nContent-Type: application/json\r\nContent-Length: «line»\r\n\r\n{\"" + either(r, key) + "\":\"«v»\"}",
			"> PUT /v2/profile HTTP/2\n> content-type: application/json\n> x-request-id: «uuid»\n>\n{\"" + either(r, key) + "\": \"«v»\", \"rev\": «n»}",
		}), v.encode(escapeJSON))
	}
	return fill(r, choose(r, []string{
		"POST «path» HTTP/1.1\r\nHost: shop.example.com\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nstep=«n»&" + key + "=«v»",
		"POST /signup HTTP/1.1\nHost: shop.example.com\nContent-Type: application/x-www-form-urlencoded\n\n" + camel(key) + "=«v»&tos=1",
	}), v.encode(escapeQuery))
}

func httpHeader(r *dice, key string, v line) line {
	name := strings.ReplaceAll(key, "_", "-")
	return fill(r, choose(r, []string{
		"X-" + title(strings.ReplaceAll(key, "-", "_")) + ": «v»",
		"GET «path» HTTP/1.1\r\nHost: shop.example.com\r\nX-User-" + name + ": «v»\r\nAccept: */*\r\n",
		"< HTTP/2 «status»\n< x-" + name + ": «v»\n< date: «imf»",
	}), v)
}

func sqlComment(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`SELECT 1 FROM orders /* ` + key + `=«v» */ WHERE id = «line»`,
		`UPDATE orders SET state = 'paid' WHERE id = «line» -- ` + key + `: «v»`,
	}), v)
}

func envoyPath(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`[«iso»] "GET /v1/search?` + either(r, key) + `=«v»&limit=«n» HTTP/1.1" «status» - via_upstream - "-" 0 «bytes» «ms» «ms» "-" "«ua»" "«uuid»" "storefront.shop.svc.cluster.local:8080" "-" outbound|8080||storefront.shop.svc.cluster.local - - - - default`,
		`[«iso»] "POST /v2/forms?step=«n»&` + either(r, key) + `=«v» HTTP/2" «status» UH no_healthy_upstream - "-" «bytes» 19 «n» - "-" "«ua»" "«uuid»" "shop.example.com" "-" - - - - - -`,
	}), v.encode(escapeQuery))
}

func goPlus(r *dice, key string, v line) line {
	name := title(key)
	if strings.Contains(v.text(), " ") {
		return goStruct(r, key, v)
	}
	return fill(r, choose(r, []string{
		`msg="saving profile" profile=&{Rev:«line» ` + name + `:«v» Tier:«word»}`,
		`got request {Meta:{Attempt:«n» Trace:«trace»} Form:{` + name + `:«v» Step:«n»}}`,
		`map[` + key + `:«v» rev:«n»]`,
	}), v)
}

func javaRecord(r *dice, key string, v line) line {
	if strings.ContainsAny(v.text(), ",{}()[]='") {
		return javaToString(r, key, v)
	}
	return fill(r, choose(r, []string{
		`«stamp» WARN  «class» - User{version=«line», ` + camel(key) + `=«v», active=true}`,
		`Customer[version=«line», ` + camel(key) + `=«v»]`,
		`org.shop.Profile@«javahash»[rev=«n»,` + camel(key) + `=«v»,tier=«word»]`,
		`saving CustomerDto(rev=«n», ` + camel(key) + `=«v», tags=[«word»])`,
	}), v)
}

func pythonRepr(r *dice, key string, v line) line {
	quote := "'"
	if strings.Contains(v.text(), "'") {
		quote = `"`
	}
	return fill(r, choose(r, []string{
		`INFO:root:Customer(version=«line», ` + key + `=` + quote + `«v»` + quote + `, active=True)`,
		`«stamp» - app - ERROR - {'form': {'` + key + `': ` + quote + `«v»` + quote + `}, 'errors': None}`,
		`[('` + key + `', ` + quote + `«v»` + quote + `), ('rev', «n»)]`,
	}), v)
}

func yamlEntry(r *dice, key string, v line) line {
	if strings.ContainsAny(v.text(), `:#'"{}[],&*`) {
		v = join(plain(`"`), v.encode(escapeJSON), plain(`"`))
	}
	return fill(r, choose(r, []string{
		"customer:\n  tier: «word»\n  " + key + ": «v»\n  rev: «n»\n",
		"- step: «n»\n  " + camel(key) + ": «v»\n",
	}), v)
}

func pipeList(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`«iso»|INFO|«svc»|` + key + `=«v»|rev=«n»`,
		`AUDIT; tenant=«word»; ` + camel(key) + `=«v»; result=ok`,
		`update ok [` + key + `: «v»] [rev: «n»]`,
		`<13>1 «isozone» «node» «svc» - - [meta seq="«n»" ` + camel(key) + `="«v»"] profile stored`,
	}), v)
}
