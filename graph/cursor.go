package graph

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"rollcall/fault"
	"rollcall/models"
)

// Bounds of a page.
const (
	defaultPage = 20
	maxPage     = 100
)

// The forms of a cursor's key: none, a moment, a text.
const (
	cursorVersion = 2

	keyNone = iota
	keyTime
	keyText
)

// PageArgs are the arguments of a list.
type PageArgs struct {
	First, Last   *int
	After, Before *string
}

// ReadPage reads the arguments of a list. list names the list together with its
// parent, filter and order; a cursor of another list is refused.
func ReadPage(list string, in PageArgs) (models.Window, error) {
	w := models.Window{Limit: defaultPage, Last: in.Last != nil}
	size, name := in.First, "first"
	switch {
	case in.First != nil && in.Last != nil:
		return w, fault.New(fault.InvalidValue, "Give first or last, not both.").On("last")
	case in.Last != nil:
		size, name = in.Last, "last"
	}
	if size != nil {
		w.Limit = *size
	}
	if w.Limit < 1 || w.Limit > maxPage {
		return w, fault.New(fault.InvalidValue, "The argument %s has to be between 1 and %d.", name, maxPage).On(name)
	}
	var err error
	if w.After, err = readMark(list, "after", in.After); err != nil {
		return w, err
	}
	w.Before, err = readMark(list, "before", in.Before)
	return w, err
}

func readMark(list, argument string, text *string) (*models.Mark, error) {
	if text == nil {
		return nil, nil
	}
	m, ok := readCursor(list, *text)
	if !ok {
		return nil, fault.New(fault.InvalidValue, "The argument %s is not a cursor of this list with this filter and order.", argument).On(argument)
	}
	return &m, nil
}

// Lister makes the cursors of one list.
type Lister struct{ head []byte }

// NewLister is for the list of a name, as ReadPage takes it.
func NewLister(list string) Lister { return Lister{cursorHead(list)} }

// Cursor is the place of a row in the list: version, a short hash of the list's
// name, the row's id and the key that the list goes by. It gives nothing away
// that its reader has not seen and grants nothing; the list's own conditions
// hold whatever a cursor says.
func (l Lister) Cursor(m models.Mark) string {
	var raw [16]byte
	if n, err := hex.Decode(raw[:], []byte(strings.ReplaceAll(string(m.ID), "-", ""))); err != nil || n != len(raw) {
		return "" // an id that is no UUID has no place in a list
	}
	out := make([]byte, 0, len(l.head)+len(raw)+16)
	out = append(append(out, l.head...), raw[:]...)
	switch key := m.Key.(type) {
	case time.Time:
		out = binary.BigEndian.AppendUint64(append(out, keyTime), uint64(key.UnixMicro()))
	case string:
		out = append(append(out, keyText), key...)
	default:
		out = append(out, keyNone)
	}
	return base64.RawURLEncoding.EncodeToString(out)
}

func readCursor(list, text string) (models.Mark, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	head := cursorHead(list)
	if err != nil || len(raw) < len(head)+17 || string(raw[:len(head)]) != string(head) {
		return models.Mark{}, false
	}
	raw = raw[len(head):]
	h := hex.EncodeToString(raw[:16])
	id, err := models.ParseID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
	if err != nil {
		return models.Mark{}, false
	}
	m, form, key := models.Mark{ID: id}, raw[16], raw[17:]
	switch {
	case form == keyNone && len(key) == 0:
	case form == keyTime && len(key) == 8:
		m.Key = time.UnixMicro(int64(binary.BigEndian.Uint64(key))).UTC()
	case form == keyText && models.Printable(string(key)):
		m.Key = string(key)
	default:
		return models.Mark{}, false
	}
	return m, true
}

func cursorHead(list string) []byte {
	sum := sha256.Sum256([]byte(list))
	return append([]byte{cursorVersion}, sum[:7]...)
}
