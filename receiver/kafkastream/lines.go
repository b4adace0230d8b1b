package kafkastream

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/segmentio/kafka-go"
)

// lines are the connections of a consumer group, which can be cut: kafka-go's ConsumerGroup cannot be interrupted otherwise.
type lines struct {
	dialer *kafka.Dialer

	mu     sync.Mutex
	open   map[*line]struct{}
	closed bool
}

var errCut = errors.New("the group is being left")

func newLines(d *kafka.Dialer) *lines {
	l := &lines{open: map[*line]struct{}{}}
	dialer := *d
	dialer.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := d.DialFunc(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return l.add(conn)
	}
	l.dialer = &dialer
	return l
}

func (l *lines) add(conn net.Conn) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		conn.Close()
		return nil, errCut
	}
	c := &line{Conn: conn, lines: l}
	l.open[c] = struct{}{}
	return c, nil
}

func (l *lines) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for c := range l.open {
		c.Conn.Close()
	}
}

type line struct {
	net.Conn
	lines *lines
}

func (c *line) Close() error {
	c.lines.mu.Lock()
	delete(c.lines.open, c)
	c.lines.mu.Unlock()
	return c.Conn.Close()
}
