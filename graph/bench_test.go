package graph

import (
	"context"
	"strings"
	"testing"

	"rollcall/graph/model"
)

// worst are documents that pass every limit and cost the most to judge: as many
// fields as may be, repeated as often as may be, in fragments that are spread as
// often as may be.
func worst() map[string]string {
	scalars := "id role roleSource status source managedByIdp userName lastSeenAt deactivatedAt deactivatedReason revision createdAt updatedAt underSso "
	level := strings.Repeat(scalars, 5)
	deep := "team { memberships(first: 1) { nodes { " + level + "HOLE } } }"
	nested := strings.Replace(deep, "HOLE", strings.Replace(deep, "HOLE", strings.Replace(deep, "HOLE", "", 1), 1), 1)
	var spreads, fragments strings.Builder
	for i := range 5 {
		name := "F" + string(rune('A'+i))
		spreads.WriteString("..." + name + " ")
		fragments.WriteString(" fragment " + name + " on Membership { " + scalars + " team { memberships(first: 1) { nodes { " + scalars + " team { memberships(first: 1) { nodes { " + scalars + " } } } } } } }")
	}
	return map[string]string{
		"fields":    `{ viewer { membership { ` + level + nested + ` } } }`,
		"fragments": `{ viewer { membership { ` + spreads.String() + ` } } }` + fragments.String(),
		"unknown":   `{ viewer { ` + strings.Repeat("nonsense ", 5) + strings.Repeat("... on Viewer { a b c d e f g h } ", 5) + ` } }`,
	}
}

func BenchmarkWorstDocument(b *testing.B) {
	h := quiet(&stub{viewer: func(context.Context) (*model.Viewer, error) { return nil, nil }})
	for name, text := range worst() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h.documents = newDocuments()
				if _, no := h.document(known(b.Context()), text); (no != nil) != (name == "unknown") {
					b.Fatalf("%+v", no)
				}
			}
		})
	}
}
