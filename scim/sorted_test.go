package scim_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ids are those of a page.
func (a answer) ids() (out []string) {
	list, _ := a.at("Resources").([]any)
	for _, r := range list {
		id, _ := r.(map[string]any)["id"].(string)
		out = append(out, id)
	}
	return out
}

// Pages of a sorted list put together are the list, by number and by cursor, with
// and without a filter, whatever has no value.
func TestSortedPages(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		for i := range 11 {
			more := ""
			if i%3 != 0 {
				more = fmt.Sprintf(`,"externalId":"X%d","title":"T%d"`, (i*7)%11, i/4)
			}
			if i%4 == 1 {
				more += `,"active":false`
			}
			c.do("POST", "/Users", fmt.Sprintf(`{"userName":"u%d@acme.test","nickName":"n"%s}`, (i*5)%11, more)).want(201, "")
			c.do("POST", "/Groups", fmt.Sprintf(`{"displayName":"G%d"%s}`, (i*5)%11, strings.Replace(more, `,"active":false`, "", 1))).want(201, "")
		}
		for _, kind := range []string{"/Users", "/Groups"} {
			for _, by := range []string{"userName", "displayName", "externalId", "title", "active", "meta.created", "id", "nickName"} {
				if kind == "/Groups" && !slices.Contains([]string{"displayName", "externalId", "meta.created", "id"}, by) {
					continue
				}
				for _, order := range []string{"ascending", "descending"} {
					for _, filter := range []string{"", "&filter=" + escape(`externalId pr or meta.created pr`)} {
						query := kind + "?attributes=id&sortBy=" + by + "&sortOrder=" + order + filter
						whole := c.do("GET", query, "").want(200, "").has(11, "totalResults").ids()
						var byNumber, byCursor []string
						for at := 1; at <= 11; at += 3 {
							byNumber = append(byNumber, c.do("GET", query+"&count=3&startIndex="+strconv.Itoa(at), "").want(200, "").has(11, "totalResults").ids()...)
						}
						for cursor, pages := "", 0; pages < 5; pages++ {
							a := c.do("GET", query+"&count=3&cursor="+cursor, "").want(200, "").has(11, "totalResults")
							byCursor = append(byCursor, a.ids()...)
							next, _ := a.at("nextCursor").(string)
							if cursor = next; cursor == "" {
								break
							}
						}
						if len(whole) != 11 || !slices.Equal(whole, byNumber) || !slices.Equal(whole, byCursor) {
							t.Errorf("%s:\n%v\n%v\n%v", query, whole, byNumber, byCursor)
						}
					}
				}
			}
		}
	})
}

// While somebody reads by cursor, others come and go: nobody who stays is shown
// twice or passed over, also when the resource that the cursor stands at goes.
func TestSortedCursorAmongChanges(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		ids := map[string]string{}
		for _, name := range []string{"b", "d", "f", "h", "j"} {
			ids[name] = c.create(name + "@acme.test")
		}
		const query = "/Users?sortBy=userName&count=2&attributes=id&cursor="
		a := c.do("GET", query, "").want(200, "")
		next, _ := a.at("nextCursor").(string)
		c.create("a@acme.test") // in front
		c.do("DELETE", "/Users/"+ids["b"], "").want(204, "")
		ids["e"] = c.create("e@acme.test") // behind
		b := c.do("GET", query+next, "").want(200, "")
		if got := append(a.ids(), b.ids()...); !slices.Equal(got, []string{ids["b"], ids["d"], ids["e"], ids["f"]}) {
			t.Errorf("pages %v of %v", got, ids)
		}
		next, _ = b.at("nextCursor").(string)
		c.do("DELETE", "/Users/"+ids["f"], "").want(204, "")
		if got := c.do("GET", query+next, "").want(200, "").ids(); !slices.Equal(got, []string{ids["h"], ids["j"]}) {
			t.Errorf("behind what was deleted: %v of %v", got, ids)
		}
		c.do("GET", "/?sortBy=userName&count=2&cursor=", "").want(200, "")
	})
}
