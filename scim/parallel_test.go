package scim_test

import (
	"context"
	"sync"
	"testing"

	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/scim"
)

// atOnce runs n requests side by side and counts the answers by status.
func atOnce(n int, request func() answer) map[int]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	counts := map[int]int{}
	for range n {
		wg.Go(func() {
			status := request().status
			mu.Lock()
			defer mu.Unlock()
			counts[status]++
		})
	}
	wg.Wait()
	return counts
}

// Of many equal requests one does it and the others are told.
func TestParallel(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		if counts := atOnce(8, func() answer { return c.do("POST", "/Users", `{"userName":"ada@acme.test"}`) }); counts[201] != 1 || counts[409] != 7 {
			t.Errorf("POST: %v", counts)
		}
		found := c.byName("ada@acme.test").want(200, "").has(1, "totalResults")
		id, _ := found.at("Resources", 0, "id").(string)
		if counts := atOnce(8, func() answer { return c.patch(id, `[{"op":"replace","path":"active","value":false}]`) }); counts[200] != 8 {
			t.Errorf("PATCH: %v", counts)
		}
		if counts := atOnce(8, func() answer { return c.do("DELETE", "/Users/"+id, "") }); counts[204] != 1 || counts[404] != 7 {
			t.Errorf("DELETE: %v", counts)
		}
	})
}

// interrupted lets something happen between the door's reading a member and
// its writing, once.
type interrupted struct {
	*roster.Service
	once      sync.Once
	meanwhile func()
}

func (i *interrupted) UpdateScim(ctx context.Context, team, id models.ID, in roster.ScimUser) (roster.Member, error) {
	i.once.Do(i.meanwhile)
	return i.Service.UpdateScim(ctx, team, id, in)
}

// Nobody who is shut out comes back because a profile was pushed at the same
// moment, and neither change is lost.
func TestPatchMeetsDeactivation(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		id := h.acme.create("ada@acme.test")
		i := &interrupted{Service: h.roster, meanwhile: func() {
			if _, err := h.roster.Deactivate(h.operator(), models.ID(id), "left"); err != nil {
				t.Error(err)
			}
		}}
		h.door = scim.NewHandler(scim.Options{Roster: i, Credentials: h.credentials, Cursors: sealing, BaseURL: baseURL, Log: housetest.Logger(t), Now: h.clock.Now})
		h.acme.patch(id, `[{"op":"replace","path":"displayName","value":"Ada"}]`).want(200, "").has(false, "active").has("Ada", "displayName")
		h.acme.do("GET", "/Users/"+id, "").want(200, "").has(false, "active").has("Ada", "displayName")
	})
}
