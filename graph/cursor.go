package graph

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"rollcall/fault"
	"rollcall/models"
)

// Bounds of a page.
const (
	defaultPage = 20
	maxPage     = 100
)

// cursorVersion is the form of a cursor, and byID the one order that lists have
// so far.
const (
	cursorVersion = 1
	byID          = 1
)

// Page is a part of a list in the order of ids.
type Page struct {
	After models.ID // empty for the first page
	Limit int
}

// ReadPage reads the arguments of a list. list names the list together with its
// parent and filter; a cursor of another list is refused.
func ReadPage(list string, first *int, after *string) (Page, error) {
	p := Page{Limit: defaultPage}
	if first != nil {
		p.Limit = *first
	}
	if p.Limit < 1 || p.Limit > maxPage {
		return Page{}, fault.New(fault.InvalidValue, "The argument first has to be between 1 and %d.", maxPage).On("first")
	}
	if after == nil {
		return p, nil
	}
	id, ok := readCursor(list, *after)
	if !ok {
		return Page{}, fault.New(fault.InvalidValue, "The argument after is not a cursor of this list.").On("after")
	}
	p.After = id
	return p, nil
}

// Cursor is the place of a row in a list: version, order, a short hash of the
// list's name and the row's id. It gives nothing away and grants nothing; the
// list's own conditions hold whatever a cursor says.
func Cursor(list string, id models.ID) string {
	raw, err := hex.DecodeString(strings.ReplaceAll(string(id), "-", ""))
	if err != nil {
		return "" // an id that is no UUID has no place in a list
	}
	return base64.RawURLEncoding.EncodeToString(append(cursorHead(list), raw...))
}

func readCursor(list, text string) (models.ID, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	head := cursorHead(list)
	if err != nil || len(raw) != len(head)+16 || string(raw[:len(head)]) != string(head) {
		return "", false
	}
	h := hex.EncodeToString(raw[len(head):])
	id, err := models.ParseID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
	return id, err == nil
}

func cursorHead(list string) []byte {
	sum := sha256.Sum256([]byte(list))
	return append([]byte{cursorVersion, byID}, sum[:6]...)
}
