package archive

import (
	"bytes"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
)

// FuzzRow: what parses spells itself again, and nothing panics.
func FuzzRow(f *testing.F) {
	n := storetest.Session(1, 1)
	r := storetest.Record(n, 1)
	f.Add(appendRecord(nil, &r))
	f.Add(appendSession(nil, &n))
	f.Add(appendTombstone(nil, &store.Tombstone{Token: r.Token, Expires: time.Unix(1, 0)}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := parseRecord(raw); err == nil {
			again, err := parseRecord(appendRecord(nil, &r))
			if err != nil || again.Token != r.Token || again.Scope != r.Scope || again.Session != r.Session || again.Kid != r.Kid ||
				!again.Expires.Equal(r.Expires) || !bytes.Equal(again.Sealed, r.Sealed) {
				t.Errorf("record %+v came back as %+v, %v", r, again, err)
			}
		}
		if n, err := parseSession(raw); err == nil {
			again, err := parseSession(appendSession(nil, &n))
			if err != nil || again.ID != n.ID || again.Kid != n.Kid || again.Suite != n.Suite || !again.Expires.Equal(n.Expires) || !bytes.Equal(again.Enc, n.Enc) {
				t.Errorf("session %+v came back as %+v, %v", n, again, err)
			}
		}
		if x, err := parseTombstone(raw); err == nil {
			again, err := parseTombstone(appendTombstone(nil, &x))
			if err != nil || again.Token != x.Token || !again.Expires.Equal(x.Expires) {
				t.Errorf("tombstone %+v came back as %+v, %v", x, again, err)
			}
		}
	})
}
