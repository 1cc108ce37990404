package main

import (
	"os"
	"strings"
	"testing"

	"rollcall/fault"
)

// docs/errors.md is what the tables say.
func TestErrorsDocument(t *testing.T) {
	got, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != document() {
		t.Error("docs/errors.md is not fresh: run scripts/generate")
	}
	for _, table := range [][]fault.Entry{fault.Table, fault.Edge} {
		for _, e := range table {
			if n := strings.Count(document(), "| `"+string(e.Code)+"` |"); n != 1 {
				t.Errorf("%s stands in the document %d times", e.Code, n)
			}
		}
	}
}
