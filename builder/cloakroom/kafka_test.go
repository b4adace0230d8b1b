package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/builder/broker/brokertest"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/escrow"
)

// clusters are those that scripts started, by address.
var clusters sync.Map

// kafkaCommand is the script command `kafka`, a cluster at $BROKER until the script ends:
//
//	kafka start USER PASSWORD   start it, with the topic orders and that of the dead letters; with USER, who is not "-", only he
//	                            may sign in, by SCRAM-SHA-256
//	kafka identity FILE         make an age identity
//	kafka letter OFFSET REASON TEXT [FILE|DIR]
//	                            a dead letter of orders, partition 1, sealed to the identity of FILE or to the vault of DIR, if
//	                            there is one: an embedded one that does not run, or the one of `vault fleet DIR`
//	kafka stall                 have the cluster started last answer no fetch any more
//	kafka show TOPIC            write PARTITION KEY VALUE of each record into the file shown
func kafkaCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: kafka start|identity|letter|show")
	}
	switch args[0] {
	case "start":
		opts := []kfake.Opt{kfake.NumBrokers(1)}
		if args[1] != "-" {
			opts = append(opts, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", args[1], args[2]))
		}
		opts = append(opts, kfake.SeedTopics(2, "orders"), kfake.SeedTopics(1, deadletter.DefaultConfig().Topic))
		c, err := kfake.NewCluster(opts...)
		ts.Check(err)
		ts.Defer(c.Close)
		ts.Setenv("BROKER", c.ListenAddrs()[0])
		clusters.Store(c.ListenAddrs()[0], c)
	case "identity":
		id, err := age.GenerateX25519Identity()
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte("# made by a test\n"+id.String()+"\n"), 0o600))
	case "letter":
		ts.Check(writeLetter(ts, args[1:]))
	case "stall":
		c, _ := clusters.Load(ts.Getenv("BROKER"))
		c.(*kfake.Cluster).Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.NotLeaderForPartition, Count: -1})
	case "show":
		records, err := brokertest.Consume(context.Background(), ts.Getenv("BROKER"), args[1])
		ts.Check(err)
		var out []byte
		for _, r := range records {
			out = fmt.Appendf(out, "%d %s %s\n", r.Partition, r.Key, r.Value)
		}
		ts.Check(os.WriteFile(ts.MkAbs("shown"), out, 0o600))
	}
}

func writeLetter(ts *testscript.TestScript, args []string) error {
	ctx := context.Background()
	b := broker.DefaultConfig()
	b.Brokers = []string{ts.Getenv("BROKER")}
	conn, err := b.Open(ctx, zap.NewNop())
	if err != nil {
		return err
	}
	defer conn.Close()
	cfg := deadletter.DefaultConfig()
	var h component.Host
	if len(args) > 3 && !strings.HasSuffix(args[3], ".txt") {
		issuer, stop, err := issuerOf(ts, ts.MkAbs(args[3]))
		if err != nil {
			return err
		}
		defer stop()
		cfg.Vault = component.MustNewID("token_vault")
		h = host{cfg.Vault: sealer{issuer: issuer}}
	} else if len(args) > 3 {
		ids, err := age.ParseIdentities(strings.NewReader(ts.ReadFile(args[3])))
		if err != nil {
			return err
		}
		cfg.SealTo = []string{ids[0].(*age.X25519Identity).Recipient().String()}
	}
	w, err := deadletter.New(cfg, produce.New(produce.DefaultConfig(), conn, produce.Hooks{}), h)
	if err != nil {
		return err
	}
	offset, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return err
	}
	return w.Write(ctx, []deadletter.Letter{{
		Source: record.Source{Topic: "orders", Partition: 1, Offset: offset}, Reason: args[1],
		Record: &batch.Record{Timestamp: 1, Key: []byte("key"), Value: []byte(args[2])},
	}})
}

// host is a collector with one extension.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// sealer is what a letter's writer needs of token_vault.
type sealer struct {
	component.StartFunc
	component.ShutdownFunc
	issuer *client.Issuer
}

func (s sealer) SealLetter(scope, topic string, partition int32, offset int64, key []byte) ([]byte, error) {
	return s.issuer.SealLetter(scope, escrow.Place{Topic: topic, Partition: partition, Offset: offset}, key)
}
