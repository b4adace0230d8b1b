package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cloakroom/cloakroom/vault/store"
)

// The SQLSTATEs somebody acts upon.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
	checkViolation       = "23514" // no partition takes the row
	insufficientRights   = "42501"
	diskFull             = "53100"
)

const (
	// A conflict is tried again so often, after pauses that double from the first to the last, each cut at random.
	maxTries              = 12
	pauseFirst, pauseLast = 2 * time.Millisecond, 250 * time.Millisecond
	// A connection that was found dead before anything was sent on it is replaced so often.
	maxReconnects = 2
)

func stateOf(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// passing reports whether the database says that the same transaction may succeed when it is repeated at once.
func passing(err error) bool {
	switch stateOf(err) {
	case serializationFailure, deadlockDetected, lockNotAvailable:
		return true
	}
	return false
}

// try runs a transaction that may be repeated, until it succeeds or fails in a way that repeating does not mend.
func (s *Store) try(ctx context.Context, doing string, transaction func(context.Context) error) error {
	pause := pauseFirst
	reconnects := 0
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.closed.Load() {
			return store.ErrClosed
		}
		once, cancel := context.WithTimeout(ctx, s.o.StatementTimeout+answerMargin)
		err := transaction(once)
		cancel()
		switch {
		case err == nil:
			return nil
		case errors.Is(err, store.ErrInvalid), errors.Is(err, store.ErrNotFound), errors.Is(err, errLive):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case s.closed.Load():
			return store.ErrClosed
		case passing(err) && n < maxTries:
			select {
			case <-time.After(pause/2 + rand.N(pause)):
			case <-ctx.Done():
			}
			pause = min(2*pause, pauseLast)
		case pgconn.SafeToRetry(err) && reconnects < maxReconnects:
			reconnects++
		default:
			return fault(doing, err)
		}
	}
}

// failure is what went wrong in the database. Its text is short: what the database says beside the SQLSTATE may quote
// rows and statements.
type failure struct {
	doing string
	why   string
	kind  error
}

func (f *failure) Error() string { return f.doing + ": " + f.kind.Error() + ": " + f.why }
func (f *failure) Unwrap() error { return f.kind }

// plainClasses are the classes of SQLSTATE whose messages are about the server, its configuration or the names of
// tables: others may quote what was to be stored.
const plainClasses = "08 25 28 3D 40 42 53 55 57 58 XX"

// fault makes an error of the contract from one of the driver.
func fault(doing string, err error) error {
	f := &failure{doing: doing, kind: store.ErrUnavailable}
	var pg *pgconn.PgError
	var path *fs.PathError
	switch {
	case errors.As(err, &pg):
		class := pg.Code[:min(2, len(pg.Code))]
		f.why = "SQLSTATE " + pg.Code
		if strings.Contains(plainClasses, class) {
			f.why = fmt.Sprintf("%s (SQLSTATE %s)", oneLine(pg.Message), pg.Code)
		}
		switch {
		case pg.Code == diskFull:
			f.kind = store.ErrFull
		case class == "XX" && pg.Code != "XX000":
			f.kind = store.ErrDamaged
		case class == "22":
			f.kind = store.ErrInvalid
		case pg.Code == insufficientRights:
			f.why += ": let the role own the tables and create in their schema, or make them with partitions off by one that may"
		}
	case errors.Is(err, context.DeadlineExceeded):
		f.why = "the database does not answer"
	case errors.As(err, &path):
		f.why = path.Error()
	default:
		f.why = oneLine(err.Error())
	}
	return f
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
