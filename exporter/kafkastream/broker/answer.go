package broker

import (
	"encoding/binary"
	"fmt"
	"net"
)

// answering is a connection whose first answer is looked at before the Kafka client sees it. What is no broker, such as an HTTP
// server, says something that reads as the length of a huge answer: the client would make room for it, gigabytes, and wait.
type answering struct {
	net.Conn
	address string

	head  [4]byte // of the first answer: its length
	seen  int     // of head
	wrong error
}

// maxFirstAnswer is more than a broker's first answer has: it tells the versions that the broker speaks, or where the group is.
const maxFirstAnswer = 64 << 20

func (c *answering) Read(b []byte) (int, error) {
	if c.wrong != nil {
		return 0, c.wrong
	}
	n, err := c.Conn.Read(b)
	if c.seen < len(c.head) {
		c.seen += copy(c.head[c.seen:], b[:n])
		if c.seen == len(c.head) && !plausible(c.head) {
			c.wrong = &foreignError{c.address, c.head}
			return 0, c.wrong
		}
	}
	return n, err
}

// plausible tells whether a broker may answer so. An alert of TLS is left to the client, which knows it.
func plausible(head [4]byte) bool {
	const alert, version3 = 0x15, 0x03
	return binary.BigEndian.Uint32(head[:]) <= maxFirstAnswer || head[0] == alert && head[1] == version3
}

// foreignError is an answer of something else than Kafka.
type foreignError struct {
	address string
	head    [4]byte
}

func (e *foreignError) Error() string {
	as := "it does not answer as Kafka does"
	if string(e.head[:]) == "HTTP" {
		as = "it answers as an HTTP server"
	}
	return fmt.Sprintf("broker %s: %s: brokers has to name a port at which Kafka listens", e.address, as)
}
