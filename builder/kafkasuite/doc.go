// Package kafkasuite holds the Kafka mode to what it promises: one suite of tests, run against kfake in every `go test` and
// against a real Apache Kafka with the services. Receiver, tokenization processor with an embedded vault, and exporter are
// built from their factories and wired in one process; franz-go writes what goes in and reads what comes out.
package kafkasuite
