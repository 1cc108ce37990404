package scim

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"rollcall/models"
	"rollcall/roster"
)

// What is written without the map in between says what the map would.
func TestShownIsTheDocument(t *testing.T) {
	id := "é\"\\<x>\x01"
	for _, m := range []roster.Member{
		{Membership: models.Membership{ID: "1", UserName: "ada"}},
		{Membership: models.Membership{ID: "1", UserName: id, ExternalID: &id, Status: models.StatusActive, Revision: 7, CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(2, 0)},
			Profile: models.ScimProfile{Document: `{"displayName":"<A>","emails":[{"value":"a"}],"` + urnEnterprise + `":{"department":"\"` + urnEnterprise + `\":"}}`},
			Groups:  []roster.MemberGroup{{ID: "g1", DisplayName: id}, {ID: "g2", DisplayName: "x"}}},
		{Membership: models.Membership{ID: "1", UserName: "b"}, Profile: models.ScimProfile{Document: `{}`}},
		{Membership: models.Membership{ID: "1", UserName: "b"}, Profile: models.ScimProfile{Document: `{"title":"\"` + urnEnterprise + `\":"}`}},
	} {
		c := call{base: "https://x.test/scim/acme/v2"}
		quick, err := c.shown(m, projection{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := c.document(m)
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		var text bytes.Buffer
		if err := encode(&text, list(1, 1, []any{quick, d}).body); err != nil {
			t.Fatal(err)
		}
		var page struct{ Resources []json.RawMessage }
		if err := json.Unmarshal(text.Bytes(), &page); err != nil || len(page.Resources) != 2 {
			t.Fatalf("%v: %s", err, text.Bytes())
		}
		if err := json.Unmarshal(page.Resources[0], &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(page.Resources[1], &b); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("shown %s\nwould be %s", page.Resources[0], page.Resources[1])
		}
	}
}
