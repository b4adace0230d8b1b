package keyring

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cloakroom/cloakroom/vault/token"
)

const historyFile = "history"

const (
	eventBegun     = "begun"
	eventEnded     = "ended" // early: nothing more is minted, what was minted stays
	eventDestroyed = "destroyed"
	eventRevoked   = "agent_revoked"
	eventRestored  = "agent_restored"
)

// event is one line of the history: `<mac> <json>\n`. The MAC is over the MAC of the line before and the JSON, so a
// line cannot be edited, moved or dropped from the middle.
type event struct {
	Event   string `json:"event"`
	Kid     string `json:"kid,omitempty"`
	Scope   string `json:"scope,omitempty"`
	Start   int64  `json:"start,omitempty"`   // Unix seconds, as the others
	End     int64  `json:"end,omitempty"`     //
	Expires int64  `json:"expires,omitempty"` //
	At      int64  `json:"at,omitempty"`      // of anything but a beginning
	Agent   string `json:"agent,omitempty"`
}

func begun(e *Epoch) event {
	return event{
		Event: eventBegun, Kid: e.Kid.String(), Scope: e.Scope,
		Start: e.Start.Unix(), End: e.End.Unix(), Expires: e.Expires.Unix(),
	}
}

func (ev event) epoch(kid token.Kid) *Epoch {
	return &Epoch{Kid: kid, Scope: ev.Scope, Start: unix(ev.Start), End: unix(ev.End), Expires: unix(ev.Expires)}
}

func unix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// history is the open file. Not safe for concurrent use: the keyring's lock guards it.
type history struct {
	file   *os.File
	key    Key
	last   []byte // MAC of the last line
	size   int64  // of what is known to be durable
	broken error  // a failed append that could not be undone
}

// openHistory reads all events. A last line that a crash cut short is dropped: it was never acknowledged. Anything
// else that does not verify is damage, and damage is never repaired by forgetting.
func openHistory(path string, key Key) (*history, []event, error) {
	raw, err := readPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		if used, err := hasSecrets(filepath.Dir(path)); err != nil || used {
			return nil, nil, cmp.Or(err, fmt.Errorf("%s is missing beside the keys it lists: restore it from a backup: %w", path, ErrDamaged))
		}
		raw, err = nil, writePrivate(path, nil)
	}
	if err != nil {
		return nil, nil, err
	}
	h := &history{key: key, last: make([]byte, sha256.Size)}
	events, err := h.parse(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if h.file, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return nil, nil, err
	}
	if err := h.repair(raw); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: repair an interrupted write: %w", path, err), h.file.Close())
	}
	return h, events, nil
}

// parse verifies raw line by line and leaves h.size at the end of what stands.
func (h *history) parse(raw []byte) (events []event, err error) {
	for n := 1; len(raw) > int(h.size); n++ {
		line, _, whole := bytes.Cut(raw[h.size:], []byte("\n"))
		mac, body, _ := bytes.Cut(line, []byte(" "))
		want := h.mac(body)
		var ev event
		if hex.EncodeToString(want) != string(mac) || json.Unmarshal(body, &ev) != nil {
			if !whole {
				return events, nil
			}
			return nil, fmt.Errorf("line %d: %w", n, ErrDamaged)
		}
		events, h.last = append(events, ev), want
		h.size += int64(len(line)) + 1
	}
	return events, nil
}

// repair makes the file exactly h.size long: it cuts a torn line and completes one that lacks but its newline.
func (h *history) repair(raw []byte) error {
	if int64(len(raw)) == h.size {
		return nil
	}
	if h.size > int64(len(raw)) {
		if _, err := h.file.WriteAt([]byte("\n"), h.size-1); err != nil {
			return err
		}
	} else if err := h.file.Truncate(h.size); err != nil {
		return err
	}
	return h.file.Sync()
}

func (h *history) mac(body []byte) []byte {
	m := hmac.New(sha256.New, h.key[:])
	m.Write(h.last)
	m.Write(body)
	return m.Sum(nil)
}

// append makes one event durable. When it fails nothing was appended.
func (h *history) append(ev event) error {
	if h.broken != nil {
		return h.broken
	}
	body, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	if err := h.present(); err != nil {
		return err
	}
	mac := h.mac(body)
	line := append(hex.AppendEncode(nil, mac), ' ')
	line = append(append(line, body...), '\n')
	if err := h.write(line); err != nil {
		err = fmt.Errorf("append to the key history: %w", err)
		// What is left of the line would corrupt the next one.
		if undo := errors.Join(h.file.Truncate(h.size), h.file.Sync()); undo != nil {
			h.broken = fmt.Errorf("key history accepts nothing more until restart: %w", errors.Join(err, undo))
		}
		return err
	}
	h.last, h.size = mac, h.size+int64(len(line))
	return nil
}

func (h *history) write(line []byte) error {
	if _, err := h.file.Seek(h.size, io.SeekStart); err != nil {
		return err
	}
	if _, err := h.file.Write(line); err != nil {
		return err
	}
	if err := h.file.Sync(); err != nil {
		return err
	}
	return h.present()
}

// present fails when the history's name is no longer that of the open file: nobody would read what is written there.
func (h *history) present() error {
	held, err := h.file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(h.file.Name())
	if err == nil && !os.SameFile(held, there) {
		err = fmt.Errorf("%s is another file", h.file.Name())
	}
	if err != nil {
		return fmt.Errorf("the key history was removed or replaced while it was in use: %w", err)
	}
	return nil
}

func (h *history) close() error {
	h.key.zero()
	if err := h.file.Close(); err != nil {
		return fmt.Errorf("close %s: %w", filepath.Base(h.file.Name()), err)
	}
	return nil
}
