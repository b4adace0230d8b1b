package e2e

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// outputRecord finds, in the file exporter's JSON, the number a record was sent with and the token in its body.
var outputRecord = regexp.MustCompile(`"stringValue":"seq=n(\d+)n user (tkt_email_[a-z]{5}_[a-z]{33}) signed in"`)

// TestCrashLosesNoAcknowledgedToken kills the collector at random moments under load, again and again on the same
// vault. Every token that reached the output must be revealable afterwards, to the value it stands for.
func TestCrashLosesNoAcknowledgedToken(t *testing.T) {
	rounds := 50
	if testing.Short() {
		rounds = 3
	}
	r := prepare(t, "")
	random := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	var sent atomic.Int64
	checked := 0
	for round := range rounds {
		r.start()
		ctx, cancel := context.WithCancel(context.Background())
		var senders sync.WaitGroup
		for range 4 {
			senders.Add(1)
			go func() {
				defer senders.Done()
				for ctx.Err() == nil {
					_ = postLogs(ctx, r.http, sent.Add(20)-20, 20)
				}
			}()
		}
		time.Sleep(time.Duration(20+random.IntN(300)) * time.Millisecond)
		r.kill()
		cancel()
		senders.Wait()

		output, err := os.ReadFile(filepath.Join(r.out, "logs.jsonl"))
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		require.NotContains(t, string(output), "@crash.example", "round %d: plain text in the output", round)
		want := map[string]string{}
		for _, m := range outputRecord.FindAllStringSubmatch(string(output), -1) {
			want[m[2]] = "user" + m[1] + "@crash.example"
		}
		// Only this round's output is checked now: the files are moved aside.
		require.NoError(t, os.Rename(filepath.Join(r.out, "logs.jsonl"), filepath.Join(r.out, fmt.Sprintf("logs-%d.jsonl", round))))
		revealAll(t, r, want)
		checked += len(want)
	}
	require.Greater(t, checked, rounds*20, "too little load to mean anything")
	t.Logf("%d rounds, %d records sent, %d tokens in the output, all revealed to the right value", rounds, sent.Load(), checked)
}

// revealAll reveals every token through the CLI, with no collector running, and compares values.
func revealAll(t *testing.T, r *running, want map[string]string) {
	t.Helper()
	if len(want) == 0 {
		return
	}
	var in strings.Builder
	for token, value := range want {
		fmt.Fprintf(&in, "%s %s\n", value, token)
	}
	stdout, stderr, code := r.run(in.String(), "reveal", "--purpose", "crash test", "-")
	require.Zero(t, code, stderr)
	for _, line := range strings.Split(strings.TrimSpace(stdout), "\n") {
		expected, revealed, _ := strings.Cut(line, " ")
		require.Equal(t, expected, revealed)
	}
}

// postLogs sends records seq first..first+n-1 as one OTLP/JSON request.
func postLogs(ctx context.Context, addr string, first int64, n int) error {
	var body bytes.Buffer
	body.WriteString(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[`)
	for i := range int64(n) {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"body":{"stringValue":"seq=n%dn user user%d@crash.example signed in"}}`, first+i, first+i)
	}
	body.WriteString(`]}]}]}`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/v1/logs", &body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("collector answered %s", resp.Status)
	}
	return nil
}
