//go:build unix

package kafkabench

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cloakroom/cloakroom/builder/broker/brokertest"
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
	machines := make([]*process, 4)
	for i := range machines {
		leave := func() {}
		b.Cleanup(func() { leave() }) // when the process has ended
		machines[i] = startSelf(b, []string{memberEnv + "=" + w.address, "GOMAXPROCS=1"}, "-test.run", "^TestMember$")
		w.together(b, machines[i:i+1]) // it gets to know all values
		var err error
		if leave, err = limit(machines[i].pid); err != nil {
			b.Skipf("machines of %g cores cannot be had here: %v", share, err)
		}
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
func (w *bench) together(b *testing.B, on []*process) (rate float64, cpu time.Duration) {
	b.Helper()
	w.runs++
	group, to := "group-"+strconv.Itoa(w.runs), "to-"+strconv.Itoa(w.runs)
	w.create(b, to)
	defer w.drop(b, to)
	for _, m := range on {
		m.tell(b, group+" "+to)
	}
	through := int64(0)
	await := func(done func() bool) {
		require.Eventually(b, func() bool { through = w.written(b, to); return done() }, 2*time.Minute, 50*time.Millisecond)
	}
	await(func() bool { return w.members(b, group) == len(on) && through > 0 })
	from, began := through, time.Now()
	most := int64(w.records) * 9 / 10 // the last ones are of the slowest member
	require.Less(b, from, most/2, "the group was not together soon enough")
	await(func() bool { return through >= most })
	rate = float64(through-from) / time.Since(began).Seconds()
	await(func() bool { return through >= int64(w.records) })
	for _, m := range on {
		m.tell(b, "stop")
		spent, err := time.ParseDuration(m.hear(b))
		require.NoError(b, err)
		cpu += spent
	}
	return rate, cpu
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
func (w *bench) written(b *testing.B, topic string) (n int64) {
	b.Helper()
	ends, err := brokertest.Ends(b.Context(), w.address, topic)
	require.NoError(b, err)
	for _, end := range ends {
		n += end
	}
	return n
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

// TestMember is the machine: a member from every "GROUP TOPIC" that it reads to the next "stop", for which it tells the processor
// time spent.
func TestMember(t *testing.T) {
	address := os.Getenv(memberEnv)
	if address == "" {
		t.Skip("BenchmarkMachines runs it")
	}
	w, host := &bench{address: address, compression: "none"}, startVault(t)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		group, to, _ := strings.Cut(in.Text(), " ")
		before := cpuTime(t)
		stop := w.start(t, newMeter(math.MaxInt), host, true, group, to)
		in.Scan()
		stop()
		fmt.Println(cpuTime(t) - before)
	}
}
