package graph

import (
	"container/list"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// Bounds of the cache of documents. A parsed document takes some forty times
// the memory of its text.
const (
	cachedText  = 256 << 10 // bytes of text in all
	cachedEntry = 8 << 10   // bytes of one text
)

// documents remembers documents that passed every check, least recently used
// first to go. What is remembered does not depend on who sent it: the rules of
// validation differ in the wording of errors only.
type documents struct {
	mu    sync.Mutex
	text  int
	order *list.List // of *document, most recently used in front
	byKey map[string]*list.Element
}

type document struct {
	text   string
	parsed *ast.QueryDocument
}

func newDocuments() *documents {
	return &documents{order: list.New(), byKey: map[string]*list.Element{}}
}

func (d *documents) get(text string) *ast.QueryDocument {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.byKey[text]
	if !ok {
		return nil
	}
	d.order.MoveToFront(e)
	return e.Value.(*document).parsed
}

func (d *documents) put(text string, parsed *ast.QueryDocument) {
	if len(text) > cachedEntry {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.byKey[text]; ok {
		return
	}
	d.byKey[text] = d.order.PushFront(&document{text, parsed})
	d.text += len(text)
	for d.text > cachedText {
		last := d.order.Back()
		old := d.order.Remove(last).(*document)
		delete(d.byKey, old.text)
		d.text -= len(old.text)
	}
}
