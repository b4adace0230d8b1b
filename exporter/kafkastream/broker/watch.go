package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
)

// WatchEvery is how often a component asks whether there is a broker.
const WatchEvery = 10 * time.Second

// Watch asks a broker for the versions it speaks, at once and then every so often, until Close. told is called with what came of
// it, nil for an answer: that is a broker reached and signed in to. It needs no permission, and Kafka answers it always, so that a
// cluster is seen to be away where there is nothing to read or to write.
func (c *Connection) Watch(every time.Duration, told func(error)) {
	c.watching.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			err := c.ask(min(every, c.Dialer.Timeout))
			if c.life.Err() != nil {
				return
			}
			told(err)
			select {
			case <-c.life.Done():
				return
			case <-tick.C:
			}
		}
	})
}

func (c *Connection) ask(within time.Duration) error {
	ctx, cancel := context.WithTimeout(c.life, within)
	defer cancel()
	res, err := c.Client.ApiVersions(ctx, &kafka.ApiVersionsRequest{})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		err = fmt.Errorf("no connection to Kafka: %w", c.Explain(err))
	}
	return err
}

// Reasons why no broker is reached: labels of a metric.
const (
	ReasonUnreachable = "unreachable" // nobody listens there, or there is no way to it
	ReasonName        = "unknown_host"
	ReasonTimeout     = "timeout"
	ReasonTLS         = "tls"
	ReasonCredentials = "credentials"
	ReasonClosed      = "closed" // the broker hung up, as it does when it wants TLS or SASL
	ReasonOther       = "other"
)

// Reason returns which of the reasons an error is.
func Reason(err error) string {
	var unknown *net.DNSError
	var noTLS *tlsError
	var refused *refusedToken
	var late net.Error
	is := func(targets ...error) bool {
		return slices.ContainsFunc(targets, func(t error) bool { return errors.Is(err, t) })
	}
	switch {
	case errors.As(err, &noTLS):
		return ReasonTLS
	case errors.As(err, &refused), is(kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism, kafka.IllegalSASLState):
		return ReasonCredentials
	case errors.As(err, &unknown):
		return ReasonName
	case hungUp(err):
		return ReasonClosed
	case is(syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH):
		return ReasonUnreachable
	case is(context.DeadlineExceeded), errors.As(err, &late) && late.Timeout():
		return ReasonTimeout
	}
	return ReasonOther
}

// tlsError is a handshake that failed.
type tlsError struct {
	address string
	err     error
}

func (e *tlsError) Error() string { return "broker " + e.address + ": tls: " + e.err.Error() }
func (e *tlsError) Unwrap() error { return e.err }
