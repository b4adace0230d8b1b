package kafkastream

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/segmentio/kafka-go"
)

// balancer deals all partitions of all topics out one by one among the members that want their topic, as Kafka's
// RoundRobinAssignor does and under its name. kafka-go's starts with the same member for every topic, so that one member would
// have all topics of one partition.
//
// It is asked only where this member leads the group, and then remembers what it dealt out: the leader is who notices new
// partitions.
type balancer struct {
	// list tells the partitions there are of each topic. kafka-go's own list is empty where one of the topics is not there.
	list func() (map[string]int, error)

	mu    sync.Mutex
	dealt map[string]int
}

// ProtocolName implements [kafka.GroupBalancer].
func (*balancer) ProtocolName() string { return "roundrobin" }

// UserData implements [kafka.GroupBalancer]. It is called before each joining.
func (b *balancer) UserData() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dealt = nil
	return nil, nil
}

// AssignGroups implements [kafka.GroupBalancer].
func (b *balancer) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	counts, err := b.list()
	if err != nil {
		counts = map[string]int{}
		for _, p := range partitions {
			counts[p.Topic] = max(counts[p.Topic], p.ID+1)
		}
	}
	out := deal(members, counts)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dealt = map[string]int{}
	for _, m := range members {
		for _, t := range m.Topics {
			b.dealt[t] = counts[t]
		}
	}
	return out
}

// led returns what was dealt out to the group this member has joined, nil where another leads it.
func (b *balancer) led() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dealt
}

func deal(members []kafka.GroupMember, counts map[string]int) kafka.GroupMemberAssignments {
	out := kafka.GroupMemberAssignments{}
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b kafka.GroupMember) int { return cmp.Compare(a.ID, b.ID) })
	topics := map[string]bool{}
	for _, m := range members {
		out[m.ID] = map[string][]int{}
		for _, t := range m.Topics {
			topics[t] = true
		}
	}
	turn := 0
	for _, topic := range slices.Sorted(maps.Keys(topics)) {
		for partition := range counts[topic] {
			for !slices.Contains(members[turn%len(members)].Topics, topic) {
				turn++
			}
			id := members[turn%len(members)].ID
			out[id][topic] = append(out[id][topic], partition)
			turn++
		}
	}
	return out
}
