package main

import (
	"fmt"
	"math"
)

// machines is a benchmark that not every machine has: it makes control groups.
const machines = "Machines"

// kafkaTable compares ways from topic to topic.
func kafkaTable(all results) ([]byte, error) {
	t := &table{all: all}
	t.head("from topic to topic", "records/s", "to the first of its group", "processor time a record")
	for _, group := range []struct {
		name string
		ways [][2]string
	}{
		{"Stream/vault=known", [][2]string{
			{"passing", "receiver and exporter alone"},
			{"tokenizing", "with the processor, all values known to the vault"},
			{"copying", "a loop of kafka-go, `ConsumerGroup`, `Fetch` and `Writer`"},
		}},
		{"Stream/compression=zstd", [][2]string{
			{"passing", "zstd on both topics: receiver and exporter alone"}, {"tokenizing", "with the processor, all values known to the vault"}, {"copying", "the loop of kafka-go"},
		}},
		{"Stream/vault=new", [][2]string{{"passing", "receiver and exporter alone"}, {"tokenizing", "with the processor and a new vault: 20,000 values to seal and store"}}},
		{"Consumers", [][2]string{{"members=1", "with the processor, one member of the group"}, {"members=2", "two members, in the same process"}, {"members=4", "four"}}},
		{machines, [][2]string{
			{"members=1", "with the processor, one member, in a process with a fifth of a core"}, {"members=2", "two members, in processes with a fifth of a core each"}, {"members=4", "four"},
		}},
	} {
		if _, err := all.get("kafka.txt", group.name, "members=1-records/s"); group.name == machines && err != nil {
			continue
		}
		for n, way := range group.ways {
			of := func(unit string) float64 { return t.get("kafka.txt", group.name, way[0]+"-"+unit) }
			ratio := "1"
			if n > 0 {
				ratio = fmt.Sprintf("%.2f", of("ratio"))
			}
			t.row(way[1], "**"+figure(math.Round(of("records/s")))+"**", ratio, duration(of("cpu-ns/record")))
		}
	}
	return t.done()
}
