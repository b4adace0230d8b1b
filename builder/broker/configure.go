package broker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cloakroom/cloakroom/vault/identity/authority"
)

// listeners are those the options ask for.
func (o Options) listeners() []Listener {
	out := []Listener{Plaintext}
	if len(o.Users) > 0 {
		out = append(out, SASLPlaintext)
	}
	if o.TLS {
		out = append(out, SSL)
	}
	if o.TLS && len(o.Users) > 0 {
		out = append(out, SASLSSL)
	}
	return out
}

// configure writes server.properties, and the certificates where TLS is asked for.
func (s *Server) configure() error {
	for _, u := range s.o.Users {
		if strings.ContainsAny(u.Name+u.Password, `"'[],=\`+"\n") || u.Name == "" || u.Password == "" {
			return errors.New("a user of the broker needs a name and a password without quotes, brackets, commas and the like")
		}
	}
	listeners := s.o.listeners()
	ports, err := freePorts(len(listeners) + 1)
	if err != nil {
		return err
	}
	s.ports = map[Listener]int{controller: ports[0]}
	for i, l := range listeners {
		s.ports[l] = ports[i+1]
	}
	lines := s.properties(listeners)
	if s.o.TLS {
		if err := s.certify(); err != nil {
			return err
		}
		lines = append(lines, "ssl.keystore.type=PEM", "ssl.keystore.location="+s.path("keystore.pem"), "ssl.truststore.type=PEM", "ssl.truststore.location="+s.CA())
	}
	lines = append(lines, s.o.Settings...)
	return os.WriteFile(s.path("server.properties"), []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

func (s *Server) properties(listeners []Listener) []string {
	bound, protocols := []string{}, []string{"CONTROLLER:PLAINTEXT"}
	for _, l := range listeners {
		bound = append(bound, fmt.Sprintf("%s://%s", l, s.Listener(l)))
		protocols = append(protocols, fmt.Sprintf("%s:%s", l, l))
	}
	at := s.Listener(controller)
	lines := []string{
		"process.roles=broker,controller", "node.id=1", "log.dirs=" + s.Data(),
		"listeners=" + strings.Join(append(bound, "CONTROLLER://"+at), ","), "advertised.listeners=" + strings.Join(bound, ","),
		"listener.security.protocol.map=" + strings.Join(protocols, ","), "inter.broker.listener.name=PLAINTEXT",
		"controller.listener.names=CONTROLLER", "controller.quorum.voters=1@" + at,
		// The controller takes a broker again that crashed only once it has missed the old one for this long.
		"broker.session.timeout.ms=3000", "broker.heartbeat.interval.ms=500",
		"log.retention.ms=-1", "log.retention.bytes=-1", "num.partitions=1",
		"num.network.threads=2", "num.io.threads=2", "log.cleaner.dedupe.buffer.size=4194304",
		"offsets.topic.replication.factor=1", "offsets.topic.num.partitions=4",
		"transaction.state.log.replication.factor=1", "transaction.state.log.min.isr=1", "transaction.state.log.num.partitions=4",
		"share.coordinator.state.topic.replication.factor=1", "share.coordinator.state.topic.min.isr=1",
		"group.initial.rebalance.delay.ms=0", "group.min.session.timeout.ms=1000",
		"message.max.bytes=33554432", "replica.fetch.max.bytes=33554432", "socket.request.max.bytes=134217728",
	}
	return append(lines, s.sasl(listeners)...)
}

// sasl lets the users sign in at the listeners that ask them to.
func (s *Server) sasl(listeners []Listener) (lines []string) {
	const security = "org.apache.kafka.common.security."
	plain := security + "plain.PlainLoginModule required"
	for _, u := range s.o.Users {
		plain += fmt.Sprintf(" user_%s=%q", u.Name, u.Password)
	}
	for _, l := range listeners {
		if l != SASLPlaintext && l != SASLSSL {
			continue
		}
		prefix := "listener.name." + strings.ToLower(string(l)) + "."
		lines = append(lines,
			prefix+"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
			prefix+"plain.sasl.jaas.config="+plain+";",
			prefix+"scram-sha-256.sasl.jaas.config="+security+"scram.ScramLoginModule required;",
			prefix+"scram-sha-512.sasl.jaas.config="+security+"scram.ScramLoginModule required;",
			prefix+"oauthbearer.sasl.jaas.config="+security+"oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";",
		)
	}
	return lines
}

// certify makes an authority and a certificate of the broker; a client's, named client, is made beside it.
func (s *Server) certify() error {
	ca, err := authority.New("Apache Kafka of a test")
	if err != nil {
		return err
	}
	if err := ca.WriteCA(s.root); err != nil {
		return err
	}
	for _, name := range []string{"broker", "client"} {
		pair, err := ca.Sign(authority.Request{Name: name, Hosts: []string{"localhost", "127.0.0.1"}, NotAfter: time.Now().Add(24 * time.Hour)})
		if err != nil {
			return err
		}
		if err := pair.Write(s.root, name); err != nil {
			return err
		}
	}
	var store []byte
	for _, file := range []string{"broker.key", "broker.crt"} {
		content, err := os.ReadFile(filepath.Join(s.root, file))
		if err != nil {
			return err
		}
		store = append(store, content...)
	}
	return os.WriteFile(s.path("keystore.pem"), store, 0o600)
}
