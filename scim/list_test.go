package scim_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"rollcall/models"
)

func TestListPages(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		var ids []string
		for i := range 7 {
			ids = append(ids, c.create(fmt.Sprintf("u%d@acme.test", i)))
		}
		h.globex.create("u1@globex.test")
		for _, x := range []struct {
			query       string
			start, from int // startIndex of the answer, index of the first user
			n           int
		}{
			{"", 1, 0, 7},
			{"?startIndex=1&count=2", 1, 0, 2},
			{"?startIndex=3&count=2", 3, 2, 2},
			{"?startIndex=7&count=2", 7, 6, 1},
			{"?startIndex=8&count=2", 8, 7, 0},
			{"?startIndex=0", 1, 0, 7},
			{"?startIndex=-5&count=1", 1, 0, 1},
			{"?startIndex=%2B2&count=1", 2, 1, 1},
			{"?count=0", 1, 0, 0},
			{"?count=-1", 1, 0, 0},
			{"?count=1000", 1, 0, 7},
			{"?count=99999999999999999999999", 1, 0, 7},
			{"?startIndex=2147483647", 2147483647, 7, 0},
			{"?startIndex=99999999999999999999999", 2147483647, 7, 0},
			{"?startIndex=-99999999999999999999999", 1, 0, 7},
			{"?sortBy=userName&sortOrder=ascending&aadOptscim062020", 1, 0, 7},
			{"?startIndex=&count=&filter_=", 1, 0, 7},
		} {
			a := c.do("GET", "/Users"+x.query, "").want(200, "").
				has(7, "totalResults").has(x.start, "startIndex").has(x.n, "itemsPerPage").has("urn:ietf:params:scim:api:messages:2.0:ListResponse", "schemas", 0)
			rows, ok := a.at("Resources").([]any)
			if !ok || len(rows) != x.n {
				t.Errorf("%s: %s", x.query, a.text)
			}
			for i := range rows {
				a.has(ids[x.from+i], "Resources", i, "id")
			}
		}
		for _, query := range []string{"count=ten", "count=1.0", "count=1e2", "startIndex=x", "startIndex=--1", "startIndex=+1", "count=0x10", "count=1_0"} {
			c.do("GET", "/Users?"+query, "").want(400, "invalidValue")
		}
		for _, query := range []string{"filter=%zz", "a=1;b=2", "%"} {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/scim/acme/v2/Users", nil)
			r.URL.RawQuery = query
			r.Header.Set("Authorization", "Bearer "+c.token)
			h.send(r).want(400, "invalidSyntax")
		}
	})
}

// A page never holds more than advertised.
func TestListMaximum(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		for i := range 203 {
			c.create(fmt.Sprintf("u%d@acme.test", i))
		}
		for query, n := range map[string]int{"": 100, "?count=200": 200, "?count=201": 200, "?startIndex=201&count=500": 3} {
			c.do("GET", "/Users"+query, "").want(200, "").has(203, "totalResults").has(n, "itemsPerPage")
		}
		ctx, statements := models.CountStatements(t.Context())
		for _, count := range []int{10, 200} {
			statements.Store(0)
			r := httptest.NewRequestWithContext(ctx, "GET", fmt.Sprintf("/scim/acme/v2/Users?count=%d", count), nil)
			r.Header.Set("Authorization", "Bearer "+c.token)
			h.send(r).want(200, "")
			if n := statements.Load(); n == 0 || n > 5 {
				t.Errorf("a page of %d costs %d statements", count, n)
			}
		}
	})
}

func TestFilter(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		ada := c.do("POST", "/Users", `{"userName":"Ada@Acme.test","externalId":"Ext-1"}`).want(201, "").id()
		straße := c.do("POST", "/Users", `{"userName":"STRASSE","externalId":"100%","emails":[{"value":"s@acme.test"}]}`).want(201, "").id()
		quoted := c.do("POST", "/Users", `{"userName":"o\"b\\r_n","externalId":"a+b c","emails":[{"value":"o@acme.test"}]}`).want(201, "").id()
		twin := c.do("POST", "/Users", `{"userName":"twin@acme.test","externalId":"Ext-1"}`).want(201, "").id()
		h.globex.create("bob@globex.test")
		hers := h.globex.create("ada@globex.test")
		for _, x := range []struct {
			filter string
			want   []string
		}{
			{`userName eq "ada@acme.test"`, []string{ada}},
			{`  USERNAME   EQ "ADA@ACME.TEST"  `, []string{ada}},
			{`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada@acme.test"`, []string{ada}},
			{`userName eq "straße"`, []string{straße}},
			{`userName eq "o\"b\\r_n"`, []string{quoted}},
			{`userName eq "\u0061da@acme.test"`, []string{ada}},
			{`externalId eq "Ext-1"`, []string{ada, twin}},
			{`externalId eq "ext-1"`, nil},
			{`externalId eq "100%"`, []string{straße}},
			{`externalId eq "a+b c"`, []string{quoted}},
			{`(externalId eq "Ext-1") and userName eq "twin@acme.test"`, []string{twin}},
			{`externalId eq "Ext-1" and userName eq "STRASSE"`, nil},
			{`id eq "` + ada + `"`, []string{ada}},
			{`id eq "` + ada + `" and userName eq "ada@acme.test" and externalId eq "Ext-1"`, []string{ada}},
			{`id eq "` + ada + `" and userName eq "twin@acme.test"`, nil},
			{`id eq "` + ada + `" and id eq "` + twin + `"`, nil},
			{`id eq "` + strings.ToUpper(ada) + `"`, nil},
			{`id eq "1"`, nil},
			{`id eq ""`, nil},

			// Another team's people, and what would match more in SQL.
			{`userName eq "bob@globex.test"`, nil},
			{`id eq "` + hers + `"`, nil},
			{`userName eq "%"`, nil}, {`userName eq "_da@acme.test"`, nil}, {`externalId eq "%"`, nil}, {`externalId eq "Ext_1"`, nil},
			{`userName eq "' OR '1'='1"`, nil}, {`userName eq "x\" or userName eq \"ada@acme.test"`, nil}, {`externalId eq "'; DROP TABLE users; --"`, nil},
		} {
			for _, encoded := range []string{url.QueryEscape(x.filter), strings.ReplaceAll(url.QueryEscape(x.filter), "+", "%20")} {
				a := c.do("GET", "/Users?filter="+encoded, "").want(200, "").has(len(x.want), "totalResults").has(len(x.want), "itemsPerPage")
				for i, id := range x.want {
					a.has(id, "Resources", i, "id")
				}
				if rows, ok := a.at("Resources").([]any); !ok || len(rows) != len(x.want) {
					t.Errorf("%s: %s", x.filter, a.text)
				}
			}
		}
		c.do("GET", `/Users?startIndex=2&filter=`+url.QueryEscape(`id eq "`+ada+`"`), "").want(200, "").has(1, "totalResults").has(0, "itemsPerPage")
		c.do("GET", `/Users?startIndex=2&count=1&filter=`+url.QueryEscape(`externalId eq "Ext-1"`), "").want(200, "").has(2, "totalResults").has(twin, "Resources", 0, "id")
		c.do("GET", `/Users?count=0&filter=`+url.QueryEscape(`externalId eq "Ext-1"`), "").want(200, "").has(2, "totalResults").has(nil, "Resources", 0)
		for _, filter := range []string{
			``, ` `, `userName`, `userName eq ada`, `nonsense eq "a"`, `members eq "1"`, `userName eq 1`, `userName`, `userName eq "a" or`,
			"userName eq \"\x00\"", "userName eq \"\xff\"", `userName eq "\u0000"`, `userName eq "a" --`,
		} {
			c.do("GET", "/Users?filter="+url.QueryEscape(filter), "").want(400, "invalidFilter")
		}
	})
}

// Before there are groups probes read an empty list.
func TestNoGroups(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		for _, query := range []string{"", "?startIndex=1&count=100", `?excludedAttributes=members&filter=displayName%20eq%20%22x%22`, `?filter=members+eq+"1"`} {
			a := c.do("GET", "/Groups"+query, "").want(200, "").has(0, "totalResults").has(0, "itemsPerPage")
			if rows, ok := a.at("Resources").([]any); !ok || len(rows) != 0 {
				t.Errorf("Resources of %s", a.text)
			}
		}
		c.do("GET", "/Groups?filter=displayName", "").want(400, "invalidFilter")
		c.do("GET", "/Groups/1", "").want(404, "")
	})
}
