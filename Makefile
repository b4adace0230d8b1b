# Bare `make` lists the targets. Everything here needs only Go, make and git; what runs Apache Kafka also needs Java 17.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN   := bin
TOOLS := $(CURDIR)/.tools
# Test binaries, fuzz time and the like can be set from the command line: make fuzz FUZZTIME=5m
FUZZTIME ?= 20s
BENCH    ?= .
COUNT    ?= 1
HALF     ?= dev
BENCHTIME ?= 300ms
CHAOS_TIME ?= 10m
CHAOS_SEED ?=
# All that make builds is built with the profile of the binaries: tests and benchmarks run what is shipped, and a package is compiled once for all.
export GOFLAGS := $(shell go env GOFLAGS) '-pgo=$(CURDIR)/builder/collector/default.pgo'
# What is built here mostly runs here: it gets the instructions of x86-64-v3 (2013 and later) where this machine has them.
# GOAMD64=v1 on the command line builds for every machine.
V3 := avx avx2 bmi1 bmi2 f16c fma abm movbe
ifndef GOAMD64
GOAMD64 := $(shell for f in $(V3); do grep -qw $$f /proc/cpuinfo 2>/dev/null || { go env GOAMD64; exit; }; done; echo v3)
endif
export GOAMD64
GOBENCH  = go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) -benchtime $(BENCHTIME)

## help: list the targets
.PHONY: help
help:
	@echo "Cloakroom. Targets:"
	@grep -hE '^## ' Makefile | sed -E 's/^## ([a-z-]+): (.*)/  \1|\2/' | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

## run: build, start the collector on the sample telemetry, show tokens and one reveal; ONCE=1 checks itself and stops
.PHONY: run
run: build
	@go build -o $(BIN)/quickstart ./builder/quickstart
	@$(BIN)/quickstart $(if $(ONCE),-once)

## fleet: one vault on PostgreSQL and three collectors on this machine: one trace, one token; ONCE=1 checks itself and stops
.PHONY: fleet
fleet: build
	@go build -o $(BIN)/fleet ./builder/fleet
	@$(BIN)/fleet $(if $(ONCE),-once)

## kafka: a real Apache Kafka (needs Java 17) and a collector between its topics, before and after; ONCE=1 checks itself and stops
.PHONY: kafka
kafka: build
	@go build -o $(BIN)/kafka ./builder/kafka
	@$(BIN)/kafka $(if $(ONCE),-once)

## chaos: kill, freeze, cut off and fill up a fleet for CHAOS_TIME, and lose nothing; CHAOS_SEED=N repeats a run
.PHONY: chaos
chaos:
	@CHAOS_TIME=$(CHAOS_TIME) CHAOS_SEED=$(CHAOS_SEED) go test -tags services -run TestServiceNothingLost -count=1 -v -timeout 60m ./builder/chaos

## build: build bin/otelcol-cloakroom (the collector) and bin/cloakroom (the CLI)
.PHONY: build
build:
	@builder/build.sh 1/2 $(BIN)/otelcol-cloakroom ./builder/collector
	@builder/build.sh 2/2 $(BIN)/cloakroom ./builder/cloakroom

## test: every test that needs no external service, then the concurrent packages under the race detector
.PHONY: test
test:
	@echo "== unit, golden, fuzz-seed and end-to-end tests"
	@go test -timeout 20m $(TESTFLAGS) ./...
	@echo "== steps: no text is superlinear"
	@go run ./builder/steps processor/detect -run Steps
	@echo "== race detector: processor, vault, Kafka mode"
	@go test -race -short -timeout 20m $(TESTFLAGS) ./processor/... ./vault/... ./exporter/... ./receiver/...
	@echo "left out: real-service tests (make test-services runs them)"

## test-services: tests against real services, which they install and start themselves
.PHONY: test-services
test-services:
	@go test -tags services -run 'Service' -p 1 -timeout 20m -count=1 $(TESTFLAGS) ./builder/e2e/... ./builder/postgres ./builder/broker/... ./builder/chaos ./builder/cloakroom/... ./builder/fleet ./builder/kafka ./builder/kafkachaos ./builder/kafkasuite ./exporter/... ./receiver/... ./vault/store/...

## lint: golangci-lint with the dependency rule, drift of generated files, modules, known vulnerabilities
.PHONY: lint
lint: tools drift
	@echo "== buf: protocol lint, and nothing that breaks agents of the last release"
	@cd vault/vaultpb && $(TOOLS)/buf lint && $(TOOLS)/buf breaking --against released.binpb
	@echo "== golangci-lint"
	@$(TOOLS)/golangci-lint run ./...
	@cd builder/bench && $(TOOLS)/golangci-lint run --config ../../.golangci.yml ./...
	@echo "== go mod verify and tidy"
	@go mod tidy -diff
	@echo "== govulncheck"
	@.ci/vulncheck

## release-protocol: take the protocol of now as the one that later ones may not break
.PHONY: release-protocol
release-protocol: tools
	@cd vault/vaultpb && $(TOOLS)/buf build -o released.binpb

## fmt: format the Go sources
.PHONY: fmt
fmt: tools
	@$(TOOLS)/golangci-lint fmt ./...

## generate: write the generated files again (ocb main, mdatagen, protobuf, corpus, tables of entities)
.PHONY: generate
generate: tools
	@PATH="$(TOOLS):$$PATH" .ci/generate

## names: write the gazetteer and the model of names again and measure the model; CHECK=1 fails when they differ
.PHONY: names
names:
	@go run ./builder/names $(if $(CHECK),-check) gazetteer
	@go run ./builder/names $(if $(CHECK),-check) train

## drift: fail when a generated file differs from what its source gives
.PHONY: drift
drift: tools
	@PATH="$(TOOLS):$$PATH" .ci/drift

## eval: precision and recall of the detector on testdata/corpus/dev; HALF=heldout measures the half nobody tunes on
.PHONY: eval
eval: build
	@$(BIN)/cloakroom eval testdata/corpus/$(HALF)/*.jsonl

## detection-doc: measure the detector on both halves and write the tables of docs/detection.md
.PHONY: detection-doc
detection-doc:
	@go run ./builder/detection -figures

## bench: the detector, the processor, the vault, a fleet, Kafka, then the peers beside it; about 8 minutes, BENCH=Lines for some
.PHONY: bench
bench:
	@echo "== detector: one core, all entities"
	@$(GOBENCH) -cpu 1 ./processor/detect
	@for n in $(if $(filter .,$(BENCH)),50 10); do echo "== detector: $$n entities"; SUBSET=$$n $(GOBENCH) -bench Entities -tags subset -cpu 1 ./processor/detect; done
	@echo "== policy, rewriting, processor, ratio to OTLP"
	@$(GOBENCH) ./processor/policy ./processor/rewrite ./processor/tokenization
	@echo "== tokens and vault"
	@$(GOBENCH) ./vault/token ./vault/client ./vault/server ./vault/store/... ./vault/keyring ./vault/escrow
	@echo "== a fleet: one vault, on Pebble and on PostgreSQL (installed or downloaded), agents over mutual TLS, the spool"
	@$(GOBENCH) -tags services ./builder/fleetbench ./vault/escrow/spool
	@echo "== Kafka: from topic to topic, with and without the processor, beside a copy loop; record batches; the mapping"
	@$(GOBENCH) -benchtime 3x ./builder/kafkabench
	@$(GOBENCH) ./exporter/kafkastream/...
	@echo "== beside peers: logs and traces"
	@cd builder/bench && $(GOBENCH) .

## bench-docs: measure, keep the output in testdata/bench, write the tables of docs/benchmarks.md; ONLY=fleet for some files
.PHONY: bench-docs
bench-docs:
	@go run ./builder/benchdoc -benchtime $(BENCHTIME) -only '$(ONLY)'

## pgo: take the profile that everything is built with again, from the benchmarks; about 3 minutes, and what comes next compiles everything
.PHONY: pgo
pgo:
	@go run -pgo=off ./builder/pgo

## fuzz: run every fuzz target for FUZZTIME each
.PHONY: fuzz
fuzz:
	@.ci/fuzz $(FUZZTIME)

## tools: build the pinned tools into .tools
.PHONY: tools
tools: $(TOOLS)/.stamp
$(TOOLS)/.stamp: tools/go.mod tools/go.sum
	@mkdir -p $(TOOLS)
	@echo "building the pinned tools (a few minutes the first time)"
	@cd tools && go build -o $(TOOLS) tool
	@touch $@

## clean: remove what was built (data/ stays: it holds the quickstart's vault and its keys)
.PHONY: clean
clean:
	@rm -rf $(BIN) $(TOOLS)
