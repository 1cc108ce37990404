package scim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"rollcall/roster"
)

// cursorLife is how long a cursor can be used.
const cursorLife = time.Hour

// mark is what a cursor stands for: behind which row the page begins.
type mark struct {
	of int // the number of the type, where a cursor goes over all types
	roster.ScimPlace
}

// What a cursor holds: the number of the type, the place, when it was made, the kind
// of the key, and the key. It is sealed: a key may be a name or an address, which has
// no business in the log of a proxy, and it goes to the database as it is.
const (
	markPlace, markMade, markKind, markKey = 1, 9, 17, 18

	noKey, textKey, timeKey = 0, 1, 2

	// formerCursor is how long cursors were that held a place and no key.
	formerCursor = 20
)

// fingerprint keeps a cursor to the query that it came from.
func (q query) fingerprint(t *resourceType) []byte {
	sum := sha256.Sum256([]byte(t.name + "\x00" + q.filterText + "\x00" + lower(q.sortBy) + "\x00" + strconv.FormatBool(q.descending)))
	return sum[:]
}

// bound is what a cursor belongs to: the query and the team.
func (q query) bound(c call, t *resourceType) []byte {
	return append(q.fingerprint(t), c.team.ID...)
}

// cursorAt makes the cursor for what follows a row (RFC 9865 section 2).
func (h *handler) cursorAt(c call, q query, t *resourceType, after mark) string {
	raw := binary.BigEndian.AppendUint64([]byte{byte(after.of)}, uint64(after.Seq))
	raw = binary.BigEndian.AppendUint64(raw, uint64(c.now().Unix()))
	switch key := after.Key.(type) {
	case string:
		raw = append(append(raw, textKey), key...)
	case time.Time:
		raw = binary.BigEndian.AppendUint64(append(raw, timeKey), uint64(key.UnixNano()))
	default:
		raw = append(raw, noKey)
	}
	return base64.RawURLEncoding.EncodeToString(h.cursors.Seal(nil, nil, raw, q.bound(c, t)))
}

// readCursor reads a cursor; the empty one is the beginning.
func (h *handler) readCursor(c call, q query, t *resourceType) (after mark, err error) {
	if q.cursor == "" {
		return mark{}, nil
	}
	sealed, err := base64.RawURLEncoding.DecodeString(q.cursor)
	if err == nil && len(sealed) == formerCursor && string(sealed[12:]) == string(q.fingerprint(t)[:8]) {
		return mark{}, expired()
	}
	var raw []byte
	if err == nil {
		raw, err = h.cursors.Open(nil, nil, sealed, q.bound(c, t))
	}
	if err != nil || len(raw) < markKey {
		return mark{}, bad(typeInvalidCursor, "The cursor does not belong to this query.")
	}
	now, made := c.now(), time.Unix(int64(binary.BigEndian.Uint64(raw[markMade:])), 0)
	if made.After(now.Add(cursorLife)) || now.Sub(made) > cursorLife {
		return mark{}, expired()
	}
	after.of, after.Seq = int(raw[0]), int(binary.BigEndian.Uint64(raw[markPlace:]))
	switch key := raw[markKey:]; {
	case raw[markKind] == textKey:
		after.Key = string(key)
	case raw[markKind] == timeKey && len(key) == 8:
		after.Key = time.Unix(0, int64(binary.BigEndian.Uint64(key))).UTC()
	}
	return after, nil
}

func expired() error { return bad(typeExpiredCursor, "The cursor has expired; begin again.") }
