package scim_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// sealing is what cursors are sealed with in tests.
var sealing = func() cipher.AEAD {
	block, err := aes.NewCipher([]byte("a key of 32 bytes for cursors..."))
	if err != nil {
		panic(err)
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return seal
}()

// follow reads a list by cursor to its end. between is called behind every page
// with the ids of the page.
func (c client) follow(query string, between func(page int, ids []string)) (seen []string) {
	c.h.t.Helper()
	cursor := ""
	for page := range 100 {
		a := c.do("GET", query+"&cursor="+cursor, "").want(200, "")
		ids := a.ids()
		seen = append(seen, ids...)
		next, more := a.at("nextCursor").(string)
		if !more {
			return seen
		}
		if between != nil {
			between(page, ids)
		}
		cursor = next
	}
	c.h.t.Fatalf("%s does not end", query)
	return nil
}

// The resource that a cursor stands at may be deleted: the list goes on behind
// where it was, whatever it is ordered by.
func TestCursorStandsWhereARowWas(t *testing.T) {
	long := strings.Repeat("ä", 300) // longer than a key is kept whole
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		fill := func() {
			for i := range 12 {
				h.clock.Advance(time.Duration(i%2) * time.Second) // two each at a time
				more := ""
				if i%3 != 0 {
					more = fmt.Sprintf(`,"title":"T%d","nickName":"%s%d","externalId":"X%d"`, i/5, long, (i*7)%12, (i*5)%12)
				}
				c.do("POST", "/Users", fmt.Sprintf(`{"userName":"u%02d@acme.test","active":%t%s}`, (i*5)%12, i%4 != 0, more)).want(201, "")
				c.do("POST", "/Groups", fmt.Sprintf(`{"displayName":"G%02d"}`, (i*5)%12)).want(201, "")
			}
		}
		for _, kind := range []string{"/Users", "/Groups"} {
			for _, by := range []string{"", "userName", "displayName", "title", "nickName", "externalId", "active", "meta.created", "meta.lastModified", "id"} {
				if kind == "/Groups" && !slices.Contains([]string{"", "displayName", "externalId", "meta.created", "id"}, by) {
					continue
				}
				for _, order := range []string{"ascending", "descending"} {
					for _, all := range []string{"/Users", "/Groups"} { // a full house, whatever the round before left
						for _, id := range c.do("GET", all+"?count=200&attributes=id", "").want(200, "").ids() {
							c.do("DELETE", all+"/"+id, "").want(204, "")
						}
					}
					fill()
					query := kind + "?attributes=id&count=2&sortOrder=" + order
					if by != "" {
						query += "&sortBy=" + by
					}
					whole := c.do("GET", strings.Replace(query, "count=2", "count=100", 1), "").want(200, "").ids()
					seen := c.follow(query, func(_ int, ids []string) {
						c.do("DELETE", kind+"/"+ids[len(ids)-1], "").want(204, "")
					})
					if len(whole) != 12 || !slices.Equal(whole, seen) {
						t.Errorf("%s:\n%v\n%v", query, whole, seen)
					}
				}
			}
		}
	})
}

// The resource that a cursor stands at may be renamed: nobody else is passed over
// or shown twice.
func TestCursorStandsWhereANameWas(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, order := range []string{"ascending", "descending"} {
			for to, name := range []string{"a", "zz"} {
				team := h.client(fmt.Sprintf("%s%d", order, to))
				var others []string
				for i := range 9 {
					others = append(others, team.create(fmt.Sprintf("m%d@%s%d.test", i, order, to)))
				}
				moved := ""
				seen := team.follow("/Users?attributes=id&count=3&sortBy=userName&sortOrder="+order, func(page int, ids []string) {
					if page == 0 {
						moved = ids[2]
						team.do("PATCH", "/Users/"+moved, patchBody(`{"op":"replace","path":"userName","value":"`+name+`@`+order+fmt.Sprint(to)+`.test"}`)).want(200, "")
					}
				})
				for _, list := range []*[]string{&seen, &others} {
					*list = slices.DeleteFunc(*list, func(id string) bool { return id == moved })
					slices.Sort(*list)
				}
				if !slices.Equal(seen, others) {
					t.Errorf("%s to %s: %v of %v", order, name, seen, others)
				}
			}
		}
	})
}

func patchBody(operation string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operation + `]}`
}

// While others are deleted and added at the same time, whoever stays is read once.
func TestCursorAmongWriters(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		var stay, leave []string
		for i := range 30 {
			id := c.create(fmt.Sprintf("u%02d@acme.test", i))
			if i%3 == 0 {
				stay = append(stay, id)
			} else {
				leave = append(leave, id)
			}
		}
		slices.Sort(stay)
		var writers sync.WaitGroup
		writers.Go(func() {
			for i, id := range leave {
				c.do("DELETE", "/Users/"+id, "").want(204, "")
				c.do("POST", "/Users", fmt.Sprintf(`{"userName":"u%02dx@acme.test"}`, i)).want(201, "")
			}
		})
		for _, by := range []string{"userName", "meta.created", "title"} {
			for _, order := range []string{"ascending", "descending"} {
				seen := c.follow("/Users?attributes=id&count=1&sortBy="+by+"&sortOrder="+order, nil)
				seen = slices.DeleteFunc(seen, func(id string) bool { return !slices.Contains(stay, id) })
				slices.Sort(seen)
				if !slices.Equal(seen, stay) {
					t.Errorf("%s %s: %v of %v", by, order, seen, stay)
				}
			}
		}
		writers.Wait()
	})
}

// A cursor shows nothing of the name that it stands at, cannot be altered, and is
// no good for another team; one of the former form has expired.
func TestCursorsAreSealed(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const query = "/Users?count=1&sortBy=userName&cursor="
		for _, c := range []client{h.acme, h.globex} {
			c.create("ada@" + c.team.Slug + ".test")
			c.create("bob@" + c.team.Slug + ".test")
		}
		next, _ := h.acme.do("GET", query, "").want(200, "").at("nextCursor").(string)
		raw, err := base64.RawURLEncoding.DecodeString(next)
		if err != nil || strings.Contains(string(raw), "ada") {
			t.Errorf("cursor %q: %v", raw, err)
		}
		for i := range raw {
			forged := slices.Clone(raw)
			forged[i] ^= 1
			h.acme.do("GET", query+base64.RawURLEncoding.EncodeToString(forged), "").want(400, "invalidCursor")
		}
		h.globex.do("GET", query+next, "").want(400, "invalidCursor")
		h.acme.do("GET", query+next, "").want(200, "").has("bob@acme.test", "Resources", 0, "userName")
		sum := sha256.Sum256([]byte("User\x00\x00username\x00false"))
		former := binary.BigEndian.AppendUint64([]byte{0, 0, 0, 1}, uint64(h.clock.Now().Unix()))
		h.acme.do("GET", query+base64.RawURLEncoding.EncodeToString(append(former, sum[:8]...)), "").want(400, "expiredCursor")
		h.clock.Advance(61 * time.Minute)
		h.acme.do("GET", query+next, "").want(400, "expiredCursor")
	})
}
