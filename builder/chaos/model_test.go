//go:build services

package chaos

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"
)

// A sent is one record that the driver sent: which personal values are in it, in which attribute.
type sent struct {
	id     string
	values map[string]string // canonical value by attribute
}

// model is what the driver knows: what it sent, and what has to come back.
type model struct {
	mu   sync.Mutex
	sent map[string]sent
}

// attributes of a record, and what the policy of the agents makes of them.
const (
	idKey     = "record"
	emailKey  = "user.email"    // deterministic, minted by the agent
	cardKey   = "payment.card"  // deterministic, minted by the vault, in scope payments
	randomKey = "customer.note" // random
	secretKey = "password"      // one-way: never revealable
)

// domain marks the driver's addresses: none of them may be anywhere in plain.
const domain = "chaos-canary.example"

// next makes a batch of records. Addresses repeat: people come back, through any agent.
func (m *model) next(r *rand.Rand, sender, batch, n int) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", fmt.Sprintf("sender-%d", sender))
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range n {
		id := fmt.Sprintf("r%d-%d-%d", sender, batch, i)
		person := r.IntN(5000)
		if r.IntN(4) == 0 { // somebody new
			person = 1_000_000 + sender*100_000_000 + batch*1000 + i
		}
		s := sent{id: id, values: map[string]string{emailKey: fmt.Sprintf("p%d@%s", person, domain)}}
		record := records.AppendEmpty()
		record.Attributes().PutStr(idKey, id)
		record.Attributes().PutStr(emailKey, spell(r, s.values[emailKey]))
		record.Body().SetStr("request of " + s.values[emailKey])
		if i%5 == 0 {
			s.values[cardKey] = cardNumber(person)
			record.Attributes().PutStr(cardKey, s.values[cardKey])
		}
		if i%7 == 0 {
			s.values[randomKey] = fmt.Sprintf("note%d@%s", person, domain)
			record.Attributes().PutStr(randomKey, s.values[randomKey])
		}
		if i%11 == 0 {
			record.Attributes().PutStr(secretKey, fmt.Sprintf("s3cret-%d-%s", person, domain))
		}
		m.sent[id] = s
	}
	return ld
}

// spell writes an address as people do.
func spell(r *rand.Rand, address string) string {
	switch r.IntN(3) {
	case 0:
		return strings.ToUpper(address)
	case 1:
		return strings.ToUpper(address[:1]) + address[1:]
	}
	return address
}

// cardNumber is a number with a right check digit, one for each person.
func cardNumber(person int) string {
	digits := fmt.Sprintf("4%014d", person)
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}

// A came is one token that came out of an agent.
type came struct {
	token, value string // value is what it has to reveal to
	record       string
	random       bool
}

var tokenForm = regexp.MustCompile(`tkt_[a-z]{2,16}_[a-z]{5}_[a-z]{33}`)

// outcome is what came out of an agent's file.
type outcome struct {
	came    []came
	records map[string]int // how often each record came
	plain   []string       // what is wrong: values in plain, attributes that are neither
}

// read reads an agent's output. A last line that a kill cut short never counts: it was not acknowledged.
func (m *model) read(path string) (outcome, error) {
	o := outcome{records: map[string]int{}}
	content, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return o, nil
	}
	if err != nil {
		return o, err
	}
	for line := range bytes.Lines(content) {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil {
			continue // cut short; two writers never share a file
		}
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, record := range sl.LogRecords().All() {
					m.judge(record, &o)
				}
			}
		}
	}
	return o, nil
}

func (m *model) judge(record plog.LogRecord, o *outcome) {
	id, _ := record.Attributes().Get(idKey)
	m.mu.Lock()
	s, known := m.sent[id.AsString()]
	m.mu.Unlock()
	if !known {
		o.plain = append(o.plain, "a record that nobody sent")
		return
	}
	o.records[s.id]++
	for key, value := range s.values {
		out, _ := record.Attributes().Get(key)
		tok := tokenForm.FindString(out.AsString())
		if tok == "" || tok != out.AsString() {
			o.plain = append(o.plain, s.id+": "+key+" is no token")
			continue
		}
		o.came = append(o.came, came{tok, value, s.id, key == randomKey})
	}
	body := record.Body().AsString()
	if tok := tokenForm.FindString(body); tok == "" {
		o.plain = append(o.plain, s.id+": no token in the body")
	} else if email, _ := record.Attributes().Get(emailKey); tok != email.AsString() {
		o.plain = append(o.plain, s.id+": one address, two tokens in one record")
	}
}
