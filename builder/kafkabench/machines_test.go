//go:build unix

package kafkabench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// memberEnv makes TestMember a member for the broker at this address.
	memberEnv = "CLOAKROOM_KAFKABENCH_MEMBER"
	// share is what of one core a machine has: few enough that four and the broker have room on two cores.
	share = 0.2
)

// BenchmarkMachines is tokenizing of BenchmarkStream, all values known, by 1, 2 and 4 members of a group on machines of a fifth
// of a core each: processes that the kernel gives no more. Rates are of the time in which all of the members have their
// partitions, ratios to one member within a round. It is left out where this user may make no control groups.
func BenchmarkMachines(b *testing.B) {
	w := newBench(b, 300_000, "none")
	machines := make([]*machine, 4)
	for i := range machines {
		machines[i] = w.newMachine(b)
	}
	ways := []*way{{name: "members=1"}, {name: "members=2"}, {name: "members=4"}}
	b.ResetTimer()
	for range b.N {
		for i, v := range ways {
			rate, cpu := w.together(b, machines[:1<<i])
			v.rates = append(v.rates, rate)
			v.ratios = append(v.ratios, rate/ways[0].rates[len(v.rates)-1])
			v.cpu += cpu
		}
	}
	w.report(b, ways, b.N)
}

// together takes the source through members on machines, and returns the rate, records/s, and the processor time of them.
func (w *bench) together(b *testing.B, on []*machine) (rate float64, cpu time.Duration) {
	b.Helper()
	w.runs++
	group, to := "group-"+strconv.Itoa(w.runs), "to-"+strconv.Itoa(w.runs)
	w.create(b, to)
	defer w.drop(b, to)
	for _, m := range on {
		m.tell(b, group+" "+to)
	}
	w.await(b, func() bool { return w.members(b, group) == len(on) && w.written(b, to) > 0 })
	from, began := w.written(b, to), time.Now()
	most := w.records * 9 / 10 // the last ones are of the slowest member
	require.Less(b, from, most/2, "the group was not together soon enough")
	through := from
	w.await(b, func() bool { through = w.written(b, to); return through >= most })
	rate = float64(through-from) / time.Since(began).Seconds()
	w.await(b, func() bool { return w.written(b, to) >= w.records })
	for _, m := range on {
		m.tell(b, "stop")
		spent, err := time.ParseDuration(m.hear(b))
		require.NoError(b, err)
		cpu += spent
	}
	return rate, cpu
}

func (w *bench) await(b *testing.B, done func() bool) {
	b.Helper()
	for end := time.Now().Add(2 * time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		require.True(b, time.Now().Before(end), "not done after two minutes")
	}
}

// members is how many have their partitions of the source, or 0 while the group is not settled.
func (w *bench) members(b *testing.B, group string) (n int) {
	b.Helper()
	req := kmsg.NewPtrDescribeGroupsRequest()
	req.Groups = []string{group}
	resp, err := req.RequestWith(b.Context(), w.client)
	require.NoError(b, err)
	if g := resp.Groups[0]; g.State == "Stable" {
		n = len(g.Members)
	}
	return n
}

// written is how many records a topic has.
func (w *bench) written(b *testing.B, topic string) (n int) {
	b.Helper()
	req := kmsg.NewPtrListOffsetsRequest()
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = topic
	for i := range int32(partitions) {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = i, -1
		t.Partitions = append(t.Partitions, p)
	}
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(b.Context(), w.client)
	require.NoError(b, err)
	for _, p := range resp.Topics[0].Partitions {
		require.Zero(b, p.ErrorCode)
		n += int(p.Offset)
	}
	return n
}

// machine is a process that is a member when told to.
type machine struct {
	in  io.Writer
	out *bufio.Reader
}

func (w *bench) newMachine(b *testing.B) *machine {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestMember$")
	cmd.Env, cmd.Stderr = append(os.Environ(), memberEnv+"="+w.address, "GOMAXPROCS=1"), os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	m := &machine{in: in, out: bufio.NewReader(out)}
	leave := func() {}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
		leave()
	})
	m.tell(b, strconv.Itoa(w.records))
	require.Equal(b, "ready", m.hear(b))
	if leave, err = limit(cmd.Process.Pid); err != nil {
		b.Skipf("machines of %g cores cannot be had here: %v", share, err)
	}
	return m
}

func (m *machine) tell(b *testing.B, line string) {
	b.Helper()
	_, err := fmt.Fprintln(m.in, line)
	require.NoError(b, err)
}

func (m *machine) hear(b *testing.B) string {
	b.Helper()
	line, err := m.out.ReadString('\n')
	require.NoError(b, err)
	return strings.TrimSpace(line)
}

// limit gives a process its share of a core, by a control group of either version, and returns how to remove that.
// See https://docs.kernel.org/scheduler/sched-bwc.html and https://docs.kernel.org/admin-guide/cgroup-v2.html.
func limit(pid int) (leave func(), err error) {
	const root, period = "/sys/fs/cgroup", 20_000 // microseconds
	quota := strconv.Itoa(share * period)
	above, settings := filepath.Join(root, "cpu"), [][2]string{{"cpu.cfs_period_us", strconv.Itoa(period)}, {"cpu.cfs_quota_us", quota}}
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
		above, settings = root, [][2]string{{"cpu.max", quota + " " + strconv.Itoa(period)}}
	}
	dir := filepath.Join(above, "kafkabench-"+strconv.Itoa(pid))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return func() {}, err
	}
	leave = func() { _ = os.Remove(dir) }
	for _, s := range append(settings, [2]string{"cgroup.procs", strconv.Itoa(pid)}) {
		if err := os.WriteFile(filepath.Join(dir, s[0]), []byte(s[1]), 0); err != nil {
			return leave, err
		}
	}
	return leave, nil
}

// TestMember is the machine: it reads the number of records, gets to know all values, says ready, and then is a member from every
// "GROUP TOPIC" to the next "stop", for which it tells the processor time spent.
func TestMember(t *testing.T) {
	address := os.Getenv(memberEnv)
	if address == "" {
		t.Skip("BenchmarkMachines runs it")
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(address))
	require.NoError(t, err)
	defer client.Close()
	w, host := &bench{address: address, compression: "none", client: client}, startVault(t)
	in := bufio.NewScanner(os.Stdin)
	require.True(t, in.Scan())
	records, err := strconv.Atoi(in.Text())
	require.NoError(t, err)
	own := "warming-" + strconv.Itoa(os.Getpid())
	w.create(t, own)
	m := newMeter(records)
	stop := w.start(t, m, host, true, own, own)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	select {
	case <-m.done:
	case <-ctx.Done():
		t.Fatal("no end of the first records")
	}
	stop()
	w.drop(t, own)
	fmt.Println("ready")
	for in.Scan() {
		group, to, _ := strings.Cut(in.Text(), " ")
		before := cpuTime(t)
		stop := w.start(t, newMeter(records+1), host, true, group, to)
		require.True(t, in.Scan())
		stop()
		fmt.Println(cpuTime(t) - before)
	}
}
