package graph

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

func TestDocumentsAreBounded(t *testing.T) {
	d := newDocuments()
	long := strings.Repeat("x", cachedEntry-10)
	for i := range 100 {
		d.put(fmt.Sprintf("%d %s", i, long), &ast.QueryDocument{})
		d.get("0 " + long) // in use all the time
	}
	if d.text > cachedText || len(d.byKey) != d.order.Len() || len(d.byKey) < 30 {
		t.Errorf("%d bytes in %d documents, %d in order", d.text, len(d.byKey), d.order.Len())
	}
	if d.get("0 "+long) == nil || d.get("1 "+long) != nil || d.get("99 "+long) == nil {
		t.Error("not the least recently used one went")
	}
	d.put(strings.Repeat("x", cachedEntry+1), &ast.QueryDocument{})
	if d.get(strings.Repeat("x", cachedEntry+1)) != nil {
		t.Error("a document that is too long is remembered")
	}
	before := d.text
	d.put("99 "+long, &ast.QueryDocument{})
	if d.text != before {
		t.Error("a document counts twice")
	}
}

// Callers without a credential cannot push others' documents out, and the
// remembered one answers like the first.
func TestWhoseDocumentsAreRemembered(t *testing.T) {
	h := quiet(&stub{})
	const document = `query($s: String!) { team(slug: $s) { slug } }`
	post(t, h, nobody(t.Context()), `{ viewer { kind } }`)
	if n := len(h.documents.byKey); n != 0 {
		t.Errorf("%d documents of nobody are remembered", n)
	}
	for _, slug := range []string{"one", "two"} {
		if got := post(t, h, known(t.Context()), document, map[string]any{"s": slug}); !strings.Contains(got.text, slug) {
			t.Errorf("%s: %s", slug, got.text)
		}
	}
	if n := len(h.documents.byKey); n != 1 {
		t.Errorf("%d documents are remembered", n)
	}
	post(t, h, known(t.Context()), `{ nothing }`)
	if n := len(h.documents.byKey); n != 1 {
		t.Error("a refused document is remembered")
	}
}

// One remembered document serves many requests at the same time.
func TestManyAtOnce(t *testing.T) {
	h := quiet(&stub{})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			slug := fmt.Sprintf("team-%d", i)
			got := post(t, h, known(t.Context()), `query($s: String = "x", $yes: Boolean! = true) { team(slug: $s) { ...F slug @include(if: $yes) } } fragment F on Team { name }`, map[string]any{"s": slug})
			if !strings.Contains(got.text, `"slug":"`+slug+`"`) {
				t.Errorf("%s: %s", slug, got.text)
			}
		})
	}
	wg.Wait()
}
