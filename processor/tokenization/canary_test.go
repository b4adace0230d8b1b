package tokenization

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// canary is a made-up value that must not survive.
type canary struct {
	entity string
	secret string // what must not be in the output
	text   string // a text that holds it and shows what it is
	key    string // an attribute key under which it stands alone
}

var canaries = []canary{
	{"email", "mary.canary@birds.example.org", "welcome mary.canary@birds.example.org to the shop", "customer.contact"},
	{"phone", "+41 44 668 18 00", "call back +41 44 668 18 00 today", "customer.phone"},
	{"payment_card", "4111111111111111", "charged card 4111111111111111 once", "payment.card_number"},
	{"us_ssn", "536-22-8726", "applicant ssn: 536-22-8726 checked", "customer.ssn"},
	{"jwt", canaryJWT, "got bearer " + canaryJWT + " from peer", "auth.token"},
	{"aws_access_key", "AKIAQYLPMN5HHHFPZAM2", "using AKIAQYLPMN5HHHFPZAM2 for s3", "storage.access"},
	{"password", "Canary-Pa55word", `login {"user":"bird","password":"Canary-Pa55word"} ok`, "db.password"},
	{"person_name", "Maria Canarella", `order {"full_name":"Maria Canarella","items":2}`, "customer.full_name"},
}

var canaryJWT = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
	base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"canary","iat":1700000000}`)) + "." +
	base64.RawURLEncoding.EncodeToString([]byte("canary-signature-canary-signatur"))

// canaryCard is the card as a number.
const canaryCard = 4111111111111111

// wire writes telemetry the two ways it can leave: what is hidden in bytes shows in protobuf, what is hidden in a
// number shows in JSON.
func wire(t testing.TB, data any) []byte {
	t.Helper()
	var proto, json []byte
	var err, jsonErr error
	switch d := data.(type) {
	case ptrace.Traces:
		proto, err = (&ptrace.ProtoMarshaler{}).MarshalTraces(d)
		json, jsonErr = (&ptrace.JSONMarshaler{}).MarshalTraces(d)
	case plog.Logs:
		proto, err = (&plog.ProtoMarshaler{}).MarshalLogs(d)
		json, jsonErr = (&plog.JSONMarshaler{}).MarshalLogs(d)
	case pmetric.Metrics:
		proto, err = (&pmetric.ProtoMarshaler{}).MarshalMetrics(d)
		json, jsonErr = (&pmetric.JSONMarshaler{}).MarshalMetrics(d)
	case pprofile.Profiles:
		c := pprofile.NewProfiles() // marshaling profiles changes them
		d.CopyTo(c)
		json, jsonErr = (&pprofile.JSONMarshaler{}).MarshalProfiles(c)
		c = pprofile.NewProfiles()
		d.CopyTo(c)
		proto, err = (&pprofile.ProtoMarshaler{}).MarshalProfiles(c)
	default:
		t.Fatalf("no telemetry: %T", data)
	}
	require.NoError(t, err)
	require.NoError(t, jsonErr)
	return append(append(proto, '\n'), json...)
}

// survivors returns the canaries' entities that are in b, in plain or the way JSON spells them.
func survivors(b []byte) []string {
	var found []string
	for _, c := range canaries {
		quoted := strconv.Quote(c.secret)
		if bytes.Contains(b, []byte(c.secret)) || bytes.Contains(b, []byte(quoted[1:len(quoted)-1])) {
			found = append(found, c.entity)
		}
	}
	return found
}

func TestCanariesAreSeen(t *testing.T) {
	for _, c := range canaries {
		ld := plog.NewLogs()
		ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(c.text)
		require.Equal(t, []string{c.entity}, survivors(wire(t, ld)), "a canary nobody sees proves nothing")
	}
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetInt(canaryCard)
	require.Equal(t, []string{"payment_card"}, survivors(wire(t, ld)), fmt.Sprint(canaryCard))
}
