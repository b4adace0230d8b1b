package main

import (
	"strings"
)

// frame writes a keyed value the way one kind of telemetry does. The key comes in snake case.
type frame func(r *dice, key string, v line) line

// frames are the structures by name; families use all of them unless they say otherwise.
var frames = map[string]frame{
	"logfmt":    logfmt,
	"json":      jsonLine,
	"nested":    nestedJSON,
	"escaped":   escapedJSON,
	"keyvalue":  keyValue,
	"query":     queryString,
	"form":      formBody,
	"sqlwhere":  sqlWhere,
	"sqlset":    sqlSet,
	"sqlinsert": sqlInsert,
	"tostring":  javaToString,
	"dict":      pythonDict,
	"stack":     stackTrace,
	"grpc":      grpcStatus,
	"xml":       xmlElement,
	"gostruct":  goStruct,
	"ruby":      rubyHash,
	"deep":      deepJSON,
	"twice":     twiceEscapedJSON,
	"ndjson":    ndJSON,
	"csv":       csvRow,
	"xmlattr":   xmlAttribute,
	"base64":    base64JSON,
	"httpbody":  httpBody,
	"header":    httpHeader,
	"sqlnote":   sqlComment,
	"envoypath": envoyPath,
	"goplus":    goPlus,
	"record":    javaRecord,
	"repr":      pythonRepr,
	"yaml":      yamlEntry,
	"pipes":     pipeList,
}

// allFrames fixes the order, so that the output does not depend on a map's.
var allFrames = []string{
	"logfmt", "json", "nested", "escaped", "keyvalue", "query", "form", "sqlwhere", "sqlset", "sqlinsert", "tostring", "dict", "stack", "grpc",
	"xml", "gostruct", "ruby", "deep", "twice", "ndjson", "csv", "xmlattr", "base64", "httpbody", "header", "sqlnote", "envoypath", "goplus", "record",
	"repr", "yaml", "pipes",
}

// oneValue are the frames for values with newlines: only those that escape them.
var oneValue = []string{"json", "nested", "escaped"}

// noQuery are the frames for values that nobody would put into a URL.
var noQuery = []string{"logfmt", "json", "nested", "escaped", "keyvalue", "sqlwhere", "sqlset", "sqlinsert", "tostring", "dict", "stack", "grpc", "xml", "ruby"}

func camel(key string) string {
	parts := strings.Split(key, "_")
	for i := 1; i < len(parts); i++ {
		parts[i] = capital(parts[i])
	}
	return strings.Join(parts, "")
}

// either spells a key in snake or camel case mostly, sometimes in kebab or Pascal case.
func either(r *dice, key string) string {
	switch r.IntN(10) {
	case 0:
		return strings.ReplaceAll(key, "_", "-")
	case 1:
		return title(key)
	case 2, 3, 4, 5:
		return camel(key)
	}
	return key
}

// attribute spells a key as attributes of telemetry are: in snake case, dotted or in kebab case.
func attribute(r *dice, key string) string {
	switch r.IntN(6) {
	case 0:
		return strings.ReplaceAll(key, "_", ".")
	case 1:
		return strings.ReplaceAll(key, "_", "-")
	}
	return key
}

func logfmt(r *dice, key string, v line) line {
	if strings.ContainsAny(v.text(), ` "=,;`) || r.IntN(5) == 0 {
		v = join(plain(`"`), v.encode(escapeJSON), plain(`"`))
	}
	key = attribute(r, key)
	return fill(r, choose(r, []string{
		`ts=«iso» level=info service=«svc» msg="request handled" ` + key + `=«v» duration=«dur» trace_id=«trace»`,
		`time=«isozone» level=warn caller=handler.go:«line» ` + key + `=«v»`,
		`level=error ts=«epochf» ` + key + `=«v» attempt=«n» err="deadline exceeded"`,
	}), v)
}

func jsonLine(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`{"ts":"«iso»","level":"info","msg":"order accepted","` + either(r, key) + `":"«v»","span_id":"«span»"}`,
		`{"timestamp": «epochms», "severity": "WARNING", "` + either(r, key) + `": "«v»", "build": "«semver»"}`,
		`{"` + either(r, key) + `":"«v»","latency_ms":«ms»}`,
	}), v.encode(escapeJSON))
}

func nestedJSON(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`{"level":"info","event":{"kind":"update","data":{"` + either(r, key) + `":"«v»","rev":«n»}},"trace_id":"«trace»"}`,
		`{"items":[{"sku":"SKU-«seq»"}],"request":{"` + either(r, key) + `":"«v»"},"bytes":«bytes»}`,
	}), v.encode(escapeJSON))
}

func escapedJSON(r *dice, key string, v line) line {
	inner := fill(r, choose(r, []string{
		`{"` + either(r, key) + `":"«v»","status":"«word»"}`,
		`{"meta": {"attempt": «n»}, "` + either(r, key) + `": "«v»"}`,
	}), v.encode(escapeJSON))
	return fill(r, choose(r, []string{
		`{"log":"«v»","stream":"stdout","time":"«iso»"}`,
		`{"level":"debug","payload":"«v»","offset":«offset»}`,
	}), inner.encode(escapeJSON))
}

func keyValue(r *dice, key string, v line) line {
	spoken := strings.ReplaceAll(key, "_", " ")
	return fill(r, choose(r, []string{
		`«stamp» INFO  [«thread»] «class» - ` + key + `: «v»`,
		`«iso» DEBUG «svc» ` + camel(key) + `: «v»`,
		`[«clock»] ` + capital(spoken) + `: «v»`,
	}), v)
}

func queryString(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`GET /api/v1/lookup?` + either(r, key) + `=«v»&page=«n» HTTP/1.1`,
		`"GET /search?q=«word»&` + either(r, key) + `=«v» HTTP/2" «status» «bytes» "-" "«ua»"`,
		`http.url=https://shop.example.com/account?` + either(r, key) + `=«v»&ref=mail`,
	}), v.encode(escapeQuery))
}

func formBody(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`POST «path» body=` + either(r, key) + `=«v»&submit=1&step=«n»`,
		`request body: step=«n»&` + either(r, key) + `=«v»`,
	}), v.encode(escapeQuery))
}

func sqlWhere(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`SELECT id, status FROM orders WHERE ` + key + ` = '«v»' AND deleted_at IS NULL LIMIT «n»`,
		`select * from customers c join orders o on o.customer = c.id where c.` + key + ` = '«v»' and o.total > «ms»`,
		`DELETE FROM sessions WHERE ` + key + `='«v»'`,
	}), v.encode(escapeSQL))
}

func sqlSet(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`UPDATE customers SET ` + key + ` = '«v»', revision = «n» WHERE id = «line»`,
		`update profiles set touched_at = now(), ` + key + `='«v»' where tenant = '«word»'`,
	}), v.encode(escapeSQL))
}

func sqlInsert(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`INSERT INTO customers (id, ` + key + `, created_at) VALUES («line», '«v»', '«stamp»')`,
		`INSERT INTO audit_rows (kind, ` + key + `) VALUES ('update', '«v»') ON CONFLICT DO NOTHING`,
	}), v.encode(escapeSQL))
}

func javaToString(r *dice, key string, v line) line {
	if strings.ContainsAny(v.text(), ",{}()'") {
		return fill(r, `saved Entity{version=«n», `+camel(key)+`="«v»", active=true}`, v)
	}
	return fill(r, choose(r, []string{
		`saved Entity{version=«n», ` + camel(key) + `='«v»', active=true}`,
		`handling Request(attempt=«n», ` + camel(key) + `=«v», locale=en_GB)`,
		`«stamp» DEBUG «class» : Command[` + camel(key) + `=«v», revision=«n»]`,
	}), v)
}

func pythonDict(r *dice, key string, v line) line {
	quote := "'"
	if strings.Contains(v.text(), "'") {
		quote = `"`
	}
	return fill(r, choose(r, []string{
		`DEBUG:shop.forms:cleaned data {'step': «n», '` + key + `': ` + quote + `«v»` + quote + `, 'newsletter': False}`,
		`task kwargs={'` + key + `': ` + quote + `«v»` + quote + `, 'retries': «n»} succeeded in «float»s`,
	}), v)
}

func stackTrace(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		"java.lang.IllegalStateException: cannot store record [" + camel(key) + "=«v»]\n\tat com.example.shop.Store.put(Store.java:«line»)\n\tat java.base/java.lang.Thread.run(Thread.java:1583)",
		"Traceback (most recent call last):\n  File \"/app/shop/views.py\", line «line», in save\n    form.check()\nValueError: rejected " + key + ": «v»",
		"panic: bad input " + key + "=\"«v»\"\n\ngoroutine «line» [running]:\nmain.(*Server).handle(«ptr», {«ptr», 0x1a})\n\t/src/main.go:«line» +0x1d4",
	}), v)
}

func grpcStatus(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`rpc error: code = InvalidArgument desc = field ` + key + `: "«v»" was rejected`,
		`grpc status: NOT_FOUND, message: no record with ` + key + `=«v»`,
	}), v)
}

func xmlElement(r *dice, key string, v line) line {
	name := camel(key)
	return fill(r, choose(r, []string{
		`<soap:Body><saveRequest attempt="«n»"><` + name + `>«v»</` + name + `></saveRequest></soap:Body>`,
		`«stamp» TRACE «class» - response <entry><` + name + `>«v»</` + name + `><rev>«n»</rev></entry>`,
	}), v.encode(escapeXML))
}

func goStruct(r *dice, key string, v line) line {
	name := title(key)
	if strings.Contains(v.text(), " ") {
		return fill(r, `decoded main.Record{Rev:«n», `+name+`:"«v»", Active:true}`, v)
	}
	return fill(r, choose(r, []string{
		`decoded {Rev:«n» ` + name + `:«v» Active:true}`,
		`«iso» DEBUG store.go:«line» put record={` + name + `:«v» Rev:«n»}`,
	}), v)
}

func rubyHash(r *dice, key string, v line) line {
	return fill(r, choose(r, []string{
		`  Parameters: {"utf8"=>"1", "record"=>{"` + key + `"=>"«v»", "step"=>"«n»"}, "commit"=>"Save"}`,
		`#<Customer id: «line», ` + key + `: "«v»", active: true>`,
	}), v.encode(escapeJSON))
}
