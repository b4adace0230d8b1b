package main

import (
	"fmt"
	"math"
)

// fleetGoalsTable has what an agent or a vault of a fleet is meant to do, and what it did.
func fleetGoalsTable(all results) ([]byte, error) {
	t := &table{all: all}
	t.head("what", "goal", "measured", "benchmark")
	goal := func(what, goal, measured, benchmark string) { t.row(what, goal, "**"+measured+"**", "`"+benchmark+"`") }
	count := func(v float64, unit string) string { return figure(math.Round(v)) + " " + unit }
	of := func(name, unit string) float64 { return t.get("fleet.txt", name, unit) }

	goal("mint and seal a value on the agent", "≤ 0.4 µs, no allocation",
		fmt.Sprintf("%s, %s allocations", duration(t.get("vault.txt", "MintSeal", "ns/op")), figure(t.get("vault.txt", "MintSeal", "allocs/op"))), "MintSeal")
	goal("memory of an agent for a million values it has seen", "≤ 40 MB",
		figure(t.get("vault.txt", "MemoryPerMillionTokens", "MB/million"))+" MB", "MemoryPerMillionTokens")
	const escrow = "service/writers=4"
	goal("escrow into Pebble, batches of 1,000, 2 cores", "≥ 100,000 records/s", count(of("EscrowPebble/"+escrow, "records/s"), "records/s"), "EscrowPebble/"+escrow)
	goal("escrow into PostgreSQL, the same", "≥ 50,000 records/s",
		count(t.get("postgres.txt", "ServiceEscrowPostgres/"+escrow, "records/s"), "records/s"), "ServiceEscrowPostgres/"+escrow)
	for _, agents := range []string{"1", "16"} {
		name := "Grant/agents=" + agents
		aim := "p99 ≤ 5 ms"
		if agents != "1" {
			aim = "none: as many as the cores bear"
		}
		goal("grants over mutual TLS, agents at once: "+agents, aim, fmt.Sprintf("p50 %s, p99 %s, %s",
			duration(of(name, "p50-ms")*1e6), duration(of(name, "p99-ms")*1e6), count(of(name, "grants/s"), "grants/s")), name)
	}
	for _, agents := range []string{"1", "4"} {
		name := "Issue/agents=" + agents
		goal("values the vault mints over mutual TLS, 1,000 a call, callers: "+agents, "none", count(of(name, "records/s"), "values/s"), name)
	}
	for _, writers := range []string{"1", "4"} {
		name := "AppendTogether/writers=" + writers + "/records=1000"
		goal("appends to the spool, batches of 1,000, each on disk, writers: "+writers, "none", count(of(name, "records/s"), "records/s"), name)
	}
	return t.done()
}

// fleetEscrowTable has the ways of new records into the stores.
func fleetEscrowTable(all results) ([]byte, error) {
	t := &table{all: all}
	t.head("way", "Pebble, records/s", "processor time a record", "PostgreSQL, records/s", "processor time a record, without the server's")
	for _, way := range [][2]string{
		{"service/writers=1", "the service, one writer"},
		{"service/writers=4", "the service, four writers"},
		{"mtls/writers=4", "the service over mutual TLS, four calls at once"},
		{"agents/writers=4", "four agents that mint, seal and call, on the same cores"},
	} {
		cells := []string{way[1]}
		for _, store := range [][2]string{{"fleet.txt", "EscrowPebble/"}, {"postgres.txt", "ServiceEscrowPostgres/"}} {
			cells = append(cells, figure(math.Round(t.get(store[0], store[1]+way[0], "records/s"))), duration(t.get(store[0], store[1]+way[0], "cpu-ns/record")))
		}
		t.row(cells...)
	}
	return t.done()
}

// fleetProcessorTable compares processors whose vault is elsewhere with one whose vault is embedded.
func fleetProcessorTable(all results) ([]byte, error) {
	t := &table{all: all}
	t.head("values", "known already", "vault", "processor time a record", "to embedded", "by the clock", "to embedded", "four batches in flight, one core", "to embedded", "calls to the vault a batch", "syncs of the spool a batch")
	for _, kind := range [][2]string{{"emails", "e-mail addresses, minted by the agent"}, {"cards", "card numbers, minted by the vault when it is elsewhere"}} {
		for _, repeated := range []string{"100", "95"} {
			for _, vault := range [][2]string{{"embedded", "embedded"}, {"remote_spool", "elsewhere, with a spool"}, {"remote", "elsewhere, no spool"}} {
				name := "Processor/" + kind[0] + "/repeated=" + repeated
				of := func(unit string) float64 { return t.get("processor.txt", name, vault[0]+"-"+unit) }
				flow := func(unit string) float64 { return t.get("processor.txt", name+"/in_flight=4", vault[0]+"-"+unit) }
				cpu, clock, through, syncs := "1", "1", "1", "–"
				if vault[0] != "embedded" {
					cpu, clock, through = fmt.Sprintf("%.2f", of("cpu-ratio")), fmt.Sprintf("%.2f", of("ratio")), fmt.Sprintf("%.2f", flow("ratio"))
				}
				if vault[0] == "remote_spool" {
					syncs = figure(of("fsyncs/batch"))
				}
				t.row(kind[1], repeated+" %", vault[1], duration(of("cpu-ns/record")), "**"+cpu+"**", duration(of("ns/record")), clock, duration(flow("ns/record")), "**"+through+"**", figure(of("calls/batch")), syncs)
			}
		}
	}
	return t.done()
}
