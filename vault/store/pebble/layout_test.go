package pebble

import (
	"bytes"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

// FuzzRows: what parses spells itself again, and nothing panics.
func FuzzRows(f *testing.F) {
	at := time.Unix(1_800_000_000, 0).UTC()
	r := store.Record{Token: "tkt_email_bdfgh_kzmrwtvxpqshdnbcjlgkfrtbwzqmvnxds", Scope: "default", Kid: 7, Session: [16]byte{1}, Expires: at, Sealed: []byte("sealed")}
	s := store.Session{ID: [16]byte{1}, Kid: 7, Suite: 1, Expires: at, Enc: []byte("enc")}
	f.Add(key(records, r.Kid, r.Token), appendRecord(nil, &r))
	f.Add(key(sessions, s.Kid, string(s.ID[:])), appendSession(nil, &s))
	f.Add(key(tombstones, r.Kid, r.Token), appendExpiry(nil, at))
	f.Add(key(tallies, r.Kid, ""), emptyTally().append(nil))
	f.Fuzz(func(t *testing.T, k, row []byte) {
		if got, err := parseRecord(k, row); err == nil {
			again, err := parseRecord(key(records, got.Kid, got.Token), appendRecord(nil, &got))
			if err != nil || again.Token != got.Token || again.Scope != got.Scope || !bytes.Equal(again.Sealed, got.Sealed) ||
				again.Session != got.Session || !again.Expires.Equal(got.Expires) {
				t.Errorf("record %+v came back as %+v, %v", got, again, err)
			}
		}
		if got, err := parseSession([16]byte{2}, token.Kid(3), row); err == nil && !bytes.Equal(appendSession(nil, &got), row) {
			t.Errorf("session %+v is spelled otherwise", got)
		}
		if got, err := parseTally(row); err == nil && !bytes.Equal(got.append(nil), row) {
			t.Errorf("tally %+v is spelled otherwise", got)
		}
	})
}
