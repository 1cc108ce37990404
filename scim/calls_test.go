package scim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/scim"
)

// calls flushes the record and returns what the team's admins see, newest first.
func (c client) calls() []models.ScimCall {
	c.h.t.Helper()
	if err := c.h.calls.Flush(c.h.t.Context()); err != nil {
		c.h.t.Fatal(err)
	}
	rows, _, err := c.h.roster.ScimCalls(c.h.operator(), c.team.ID, models.Window{Limit: 100, Desc: true})
	if err != nil {
		c.h.t.Fatal(err)
	}
	return rows
}

// Admins see what was asked, how it ended and what was tolerated, and nothing
// about anybody.
func TestCallsAreVisible(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme.with("User-Agent", "Okta SCIM Client 1.0.0")
		id := c.do("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:x:y"],"userName":"secret-name","password":"hunter2","active":"True","emails":{"value":"secret@mail.test","type":"work"},"shoe":"size-fourty"}`).want(201, "").id()
		c.patch(id, `[{"op":"Replace","path":"emails[value eq \"secret@mail.test\"].value","value":"secret2@mail.test"},{"op":"Replace","path":"active","value":"False"},
			{"op":"replace","value":{"id":"`+id+`","name.givenName":"Secret","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager":"boss"}}]`).want(200, "")
		group := c.group("Hidden", id)
		c.patchGroup(group, `[{"op":"Remove","path":"members","value":[{"value":"`+id+`"}]}]`).want(204, "")
		c.do("GET", "/users/?filter=userName+eq+%22secret-name%22", "").want(200, "")
		c.do("GET", "/Users?filter=userName", "").want(400, "invalidFilter")
		c.with("Authorization", "Bearer nonsense").do("GET", "/Users", "").want(401, "")
		h.globex.do("GET", "/Users", "").want(200, "")

		rows := c.calls()
		var seen []string
		for _, r := range rows {
			seen = append(seen, fmt.Sprintf("%s %d %s %s", r.Method, r.Status, r.ScimType, strings.Join(r.Quirks, "|")))
			for _, secret := range []string{"hunter2", "secret", "Secret", "boss", "fourty", c.token} {
				if strings.Contains(r.Body+r.Resource+r.Detail, secret) {
					t.Errorf("a call tells %q: %s %s", secret, r.Resource, r.Body)
				}
			}
			if r.UserAgent != "Okta SCIM Client 1.0.0" || *r.ScimTokenID != c.secret.ID || r.RequestID != "req-1" || r.TeamID != c.team.ID || len(r.Body) > 3000 {
				t.Errorf("%+v", r)
			}
		}
		want := []string{
			"GET 400 invalidFilter ",
			"GET 200  endpoint in other case|surplus slash",
			"PATCH 204  operation in capitals|remove with value list",
			"POST 201  ",
			"PATCH 200  id in value|manager as string|operation in capitals|path as key|string boolean",
			"POST 201  password sent|single value for a list|string boolean|unknown attribute|unknown schema URN",
		}
		if !slices.Equal(seen, want) {
			t.Errorf("seen\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
		}
		if !strings.Contains(rows[4].Body, `"active"`) || !strings.Contains(rows[4].Body, `"False"`) {
			t.Errorf("the form of the body is gone: %s", rows[4].Body)
		}
		health, err := h.roster.ScimHealth(h.operator(), c.team.ID)
		if err != nil || health.Calls != 6 || health.Failed != 1 || !health.LastCallAt.Equal(h.clock.Now()) {
			t.Errorf("%+v, error %v", health, err)
		}
		h.clock.Advance(8 * 24 * time.Hour)
		if err := h.roster.PruneScimCalls(t.Context()); err != nil || len(c.calls()) != 0 {
			t.Errorf("%d calls are left, error %v", len(c.calls()), err)
		}
	})
}

// A dry run answers as if, tells that it is one, and writes nothing.
func TestDryRun(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		ada := c.create("ada@acme.test")
		group := c.group("Ops", ada)
		before := c.do("GET", "", "").text
		on, off := true, false
		set := func(change roster.ProvisioningChange) {
			t.Helper()
			if _, err := h.roster.UpdateProvisioning(h.operator(), c.team.ID, change); err != nil {
				t.Fatal(err)
			}
		}
		set(roster.ProvisioningChange{DryRun: &on})
		for _, a := range []answer{
			c.do("POST", "/Users", `{"userName":"bob@acme.test"}`).want(201, "").has("bob@acme.test", "userName"),
			c.do("POST", "/Users", `{"userName":"ada@acme.test"}`).want(409, "uniqueness"),
			c.patch(ada, `[{"op":"replace","path":"active","value":false}]`).want(200, "").has(false, "active"),
			c.do("PUT", "/Users/"+ada, `{"userName":"ada@acme.test","title":"x"}`).want(200, "").has("x", "title"),
			c.do("DELETE", "/Users/"+ada, "").want(204, ""),
			c.do("POST", "/Groups", `{"displayName":"Dev"}`).want(201, "").has("Dev", "displayName"),
			c.patchGroup(group, `[{"op":"remove","path":"members"}]`).want(204, ""),
			c.do("DELETE", "/Groups/"+group, "").want(204, ""),
			c.bulk(`"Operations":[{"method":"POST","path":"/Users","bulkId":"1","data":{"userName":"eve@acme.test"}}]`).want(200, "").has("201", "Operations", 0, "status"),
		} {
			if a.header.Get("X-Rollcall-Dry-Run") != "true" {
				t.Error("nothing says that it was a dry run")
			}
		}
		if after := c.do("GET", "", "").text; after != before {
			t.Errorf("changed from %s to %s", before, after)
		}
		if rows := c.calls(); !rows[0].DryRun || rows[len(rows)-1].DryRun {
			t.Error("the record does not tell which calls were dry")
		}
		set(roster.ProvisioningChange{DryRun: &off, ScimEnabled: &off})
		for _, a := range []answer{c.do("GET", "/Users", ""), c.do("POST", "/Users", `{"userName":"x"}`), c.do("DELETE", "/Users/"+ada, "")} {
			a.want(403, "")
		}
		if rows := c.calls(); rows[0].Status != 403 {
			t.Errorf("the refusal is not on record: %+v", rows[0])
		}
		set(roster.ProvisioningChange{ScimEnabled: &on})
		c.do("DELETE", "/Users/"+ada, "").want(204, "")
	})
}

// keeper writes down until it is told to fail, and can be held up.
type keeper struct {
	begun, held chan struct{}
	fail        bool
	kept        []models.ScimCall
}

func (k *keeper) RecordScimCalls(ctx context.Context, rows []models.ScimCall) error {
	if k.held != nil && len(rows) > 0 {
		close(k.begun)
		<-k.held
		k.held = nil
	}
	if k.fail || ctx.Err() != nil {
		return errors.New("the database is gone")
	}
	k.kept = append(k.kept, rows...)
	return nil
}

// What could not be written is written the next time, in its order, and of too
// much the oldest goes.
func TestCallsThatWait(t *testing.T) {
	k := &keeper{fail: true}
	b := &scim.Buffer{Keeper: k, Log: housetest.Logger(t)}
	for i := range 5_002 {
		b.Record(models.ScimCall{Status: i})
	}
	if err := b.Flush(t.Context()); err == nil {
		t.Error("it was written")
	}
	b.Record(models.ScimCall{Status: 5_002})
	k.fail = false
	if err := b.Flush(t.Context()); err != nil || len(k.kept) != 5_000 || k.kept[0].Status != 3 || k.kept[4_999].Status != 5_002 {
		t.Errorf("%d kept, %v", len(k.kept), err)
	}
}

// A stop ends the writing that is under way; the last one waits for it and writes
// what it could not.
func TestCallsAtAStop(t *testing.T) {
	k := &keeper{begun: make(chan struct{}), held: make(chan struct{})}
	held := k.held
	b := &scim.Buffer{Keeper: k, Log: housetest.Logger(t)}
	b.Record(models.ScimCall{Status: 1})
	ctx, stop := context.WithCancel(t.Context())
	under := make(chan error)
	go func() { under <- b.Flush(ctx) }()
	<-k.begun
	stop()
	b.Record(models.ScimCall{Status: 2})
	last := make(chan error)
	go func() { last <- b.Flush(t.Context()) }()
	close(held)
	if err := <-under; err == nil {
		t.Error("it was written in spite of the stop")
	}
	if err := <-last; err != nil || len(k.kept) != 2 || k.kept[0].Status != 1 || k.kept[1].Status != 2 {
		t.Errorf("kept %+v, %v", k.kept, err)
	}
}
