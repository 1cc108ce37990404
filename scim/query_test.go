package scim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// people are three who differ in every attribute that is asked for below.
func people(c client) (ada, bob, eve string) {
	ada = c.do("POST", "/Users", `{"userName":"Ada@acme.test","externalId":"E-1","title":"Countess","nickName":"50%_off","name":{"familyName":"Lovelace","givenName":"Ada"},
		"emails":[{"value":"Ada@Acme.test","type":"work","primary":true},{"value":"ada@home.test","type":"home"}],"roles":[{"value":"chief","primary":"True"}],
		"addresses":[{"type":"work","locality":"London","country":"GB"},{"type":"home","locality":"Paris"}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Engines","employeeNumber":"7","manager":"m-1"}}`).want(201, "").id()
	c.h.clock.Advance(time.Hour)
	bob = c.do("POST", "/Users", `{"userName":"bob","externalId":"E-2","active":false,"displayName":"Bob","emails":[{"value":"bob@acme.test","type":"home"},{"value":"b2@acme.test","type":"work"}]}`).want(201, "").id()
	c.h.clock.Advance(time.Hour)
	eve = c.do("POST", "/Users", `{"userName":"Straße","displayName":"ÉVE \\ \"q\"","title":"countess of x","locale":"fr"}`).want(201, "").id()
	return ada, bob, eve
}

func TestUserFilters(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		h.globex.do("POST", "/Users", `{"userName":"bob","title":"countess","externalId":"E-1","emails":[{"value":"bob@globex.test","type":"work"}]}`).want(201, "")
		ada, bob, eve := people(c)
		const ent = `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`
		for filter, want := range map[string][]string{
			`userName eq "ADA@ACME.TEST"`:                          {ada},
			`userName eq "STRASSE"`:                                {eve},
			`userName sw "STRA"`:                                   {eve},
			`userName co "da@ac"`:                                  {ada},
			`userName ew ".TEST"`:                                  {ada},
			`userName ne "bob"`:                                    {ada, eve},
			`not (userName eq "bob")`:                              {ada, eve},
			`userName gt "b"`:                                      {bob, eve},
			`userName pr and active eq true`:                       {ada, eve},
			`active eq "False"`:                                    {bob},
			`active ne true`:                                       {bob},
			`externalId eq "E-1" or externalId eq "e-2"`:           {ada},
			`externalId sw "E-"`:                                   {ada, bob},
			`externalId pr`:                                        {ada, bob},
			`not (externalId pr)`:                                  {eve},
			`externalId ne "E-1"`:                                  {bob, eve},
			`externalId eq null`:                                   {eve},
			`emails eq "ada@home.test"`:                            {ada},
			`emails.value eq "BOB@acme.test"`:                      {bob},
			`emails[type eq "work"].value eq "ada@acme.test"`:      {ada},
			`emails[type eq "work"].value eq "bob@acme.test"`:      nil,
			`emails[type eq "work" and value co "@acme"]`:          {ada, bob},
			`emails[not (type eq "home")]`:                         {ada, bob},
			`emails[type eq "home" and primary eq true]`:           nil,
			`emails.primary eq true`:                               {ada},
			`emails pr`:                                            {ada, bob},
			`not (emails pr)`:                                      {eve},
			`emails.value ne "ada@home.test"`:                      {bob, eve},
			`emails.type eq "work" and not (emails.value sw "b2")`: {ada},
			`roles[primary eq "True"].value eq "chief"`:            {ada},
			`addresses[type eq "work" and locality eq "london"]`:   {ada},
			`addresses[type eq "home" and locality eq "London"]`:   nil,
			`addresses.locality eq "PARIS"`:                        {ada},
			`addresses[country pr]`:                                {ada},
			`title sw "countess"`:                                  {ada, eve},
			`title eq "countess"`:                                  {ada},
			`title ew " of X"`:                                     {eve},
			`title co " of "`:                                      {eve},
			`nickName eq "50%_off"`:                                {ada},
			`nickName sw "5%"`:                                     nil,
			`nickName co "%_"`:                                     {ada},
			`nickName co "_%"`:                                     nil,
			`displayName eq "éve \\ \"Q\""`:                        {eve},
			`name.familyName eq "lovelace" and (title pr or active eq false)`: {ada},
			`name pr`: {ada},
			`userName eq "bob" or name.givenName eq "Ada" and title eq "nobody"`:   {bob},
			`(userName eq "bob" or name.givenName eq "Ada") and title pr`:          {ada},
			ent + `:department eq "ENGINES"`:                                       {ada},
			ent + `:manager eq "m-1"`:                                              {ada},
			ent + `:manager.value sw "m"`:                                          {ada},
			`schemas eq "` + ent + `"`:                                             {ada},
			`schemas ne "` + ent + `"`:                                             {bob, eve},
			`meta.resourceType eq "User"`:                                          {ada, bob, eve},
			`meta.created gt "2026-03-02T09:00:00Z"`:                               {bob, eve},
			`meta.created ge "2026-03-02T10:00:00.000+01:00"`:                      {ada, bob, eve},
			`meta.created eq "2026-03-02T10:00:00.000Z"`:                           {bob},
			`meta.lastModified lt "2026-03-02T10:00:00Z"`:                          {ada},
			`meta.lastModified le "2026-03-02T10:00:00Z" and meta.lastModified pr`: {ada, bob},
			`meta.created ne "2026-03-02T10:00:00Z"`:                               {ada, eve},
			`id eq "` + bob + `"`:                                                  {bob},
			`id sw "` + bob[:36] + `"`:                                             {bob},
			`id ne "` + bob + `"`:                                                  {ada, eve},
			`locale eq "fr" and not (title eq "x" or title eq "y")`:                {eve},
		} {
			a := c.do("GET", "/Users?filter="+escape(filter), "").want(200, "")
			if a.at("totalResults") != float64(len(want)) {
				t.Errorf("%s finds %v, must find %d", filter, a.at("totalResults"), len(want))
				continue
			}
			for i, id := range want {
				a.has(id, "Resources", i, "id")
			}
			// The same by POST, and counted alone.
			c.do("POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"count":0,"filter":`+asJSONText(filter)+`}`).want(200, "").has(len(want), "totalResults")
		}
	})
}

func asJSONText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func TestSort(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		ada, bob, eve := people(c)
		for query, want := range map[string][]string{
			"sortBy=userName":                          {ada, bob, eve},
			"sortBy=userName&sortOrder=descending":     {eve, bob, ada},
			"sortBy=title":                             {ada, eve, bob}, // none comes last
			"sortBy=title&sortOrder=descending":        {bob, eve, ada},
			"sortBy=emails":                            {ada, bob, eve},
			"sortBy=emails.value&sortOrder=descending": {eve, bob, ada},
			"sortBy=externalId":                        {ada, bob, eve},
			"sortBy=meta.created&sortOrder=descending": {eve, bob, ada},
			"sortBy=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": {ada, bob, eve},
			"sortBy=userName&startIndex=2&count=1":                                         {bob},
			"sortBy=active&sortOrder=descending&filter=active+eq+false":                    {bob},
			"sortBy=active":                      {bob, ada, eve},
			"sortBy=emails.type":                 {bob, ada, eve},
			"sortBy=emails.type&cursor&count=9":  {bob, ada, eve},
			"sortBy=active&sortOrder=descending": {ada, eve, bob},
		} {
			a := c.do("GET", "/Users?"+query, "").want(200, "").has(len(want), "itemsPerPage")
			for i, id := range want {
				a.has(id, "Resources", i, "id")
			}
		}
		for _, query := range []string{"sortBy=nonsense", "sortBy=name", "sortBy=password", "sortBy=groups", "sortBy=addresses", "sortBy=a+b"} {
			c.do("GET", "/Users?"+query, "").want(400, "invalidValue")
		}
		c.do("GET", "/Users?sortBy=userName&sortOrder=sideways", "").want(400, "invalidValue")
	})
}

// Pages by place stay right when people go, in and between blocks.
func TestPlaces(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		var ids []string
		for i := range 12 {
			ids = append(ids, c.create(fmt.Sprintf("u%d@acme.test", i)))
		}
		// As if nine hundred had been there before: the next block begins.
		for _, statement := range []string{
			`UPDATE scim_profiles SET seq = seq + 1018`, `UPDATE scim_blocks SET live = 5`, `UPDATE scim_counters SET next_seq = next_seq + 1018`,
			`INSERT INTO scim_blocks (team_id, kind, block, live) SELECT team_id, kind, 1, 7 FROM scim_blocks`,
		} {
			if err := h.db.Read(t.Context()).Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		left := ids
		for _, gone := range []int{11, 5, 5, 0, 3} {
			c.do("DELETE", "/Users/"+left[gone], "").want(204, "")
			left = append(append([]string{}, left[:gone]...), left[gone+1:]...)
			for start := 1; start <= len(left)+1; start++ {
				a := c.do("GET", fmt.Sprintf("/Users?startIndex=%d&count=2", start), "").want(200, "").has(len(left), "totalResults").has(start, "startIndex")
				for i := range 2 {
					if start-1+i < len(left) {
						a.has(left[start-1+i], "Resources", i, "id")
					}
				}
			}
		}
		left = append(left, c.create("new@acme.test"))
		c.do("GET", fmt.Sprintf("/Users?startIndex=%d", len(left)), "").has(left[len(left)-1], "Resources", 0, "id").has(1, "itemsPerPage")
	})
}

// Cursors (RFC 9865) walk over everybody once, whoever goes meanwhile.
func TestCursors(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		var ids []string
		for i := range 7 {
			ids = append(ids, c.create(fmt.Sprintf("u%d@acme.test", i)))
		}
		for _, query := range []string{"", "&filter=" + escape(`userName co "@acme"`), "&sortBy=userName"} {
			cursor, seen := "", []string{}
			for range 10 {
				a := c.do("GET", "/Users?count=3&cursor="+cursor+query, "").want(200, "").has(7, "totalResults").has(nil, "startIndex")
				n, _ := a.at("itemsPerPage").(float64)
				for i := range int(n) {
					id, _ := a.at("Resources", i, "id").(string)
					seen = append(seen, id)
				}
				next, more := a.at("nextCursor").(string)
				if cursor = next; !more {
					break
				}
			}
			if fmt.Sprint(seen) != fmt.Sprint(ids) {
				t.Errorf("%q walks over %v", query, seen)
			}
		}
		first, _ := c.do("GET", "/Users?count=3&cursor", "").want(200, "").at("nextCursor").(string)
		c.do("DELETE", "/Users/"+ids[1], "").want(204, "")
		c.do("GET", "/Users?count=2&cursor="+first, "").want(200, "").has(ids[3], "Resources", 0, "id").has(6, "totalResults")
		c.do("POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"count":2,"cursor":"`+first+`"}`).want(200, "").has(ids[3], "Resources", 0, "id")
		c.do("GET", "/Users?cursor=nonsense", "").want(400, "invalidCursor")
		c.do("GET", "/Groups?cursor="+first, "").want(400, "invalidCursor")
		c.do("GET", "/Users?filter=userName+pr&cursor="+first, "").want(400, "invalidCursor")
		c.do("GET", "/Users?count=x&cursor="+first, "").want(400, "invalidCount")
		c.do("GET", "?cursor="+first, "").want(400, "invalidCursor")
		h.clock.Advance(2 * time.Hour)
		c.do("GET", "/Users?cursor="+first, "").want(400, "expiredCursor")
	})
}

// A cursor of the root walks over people and then groups, each of them once,
// wherever a page ends.
func TestRootCursors(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		var ids []string
		for i := range 3 {
			ids = append(ids, c.create(fmt.Sprintf("u%d@acme.test", i)))
		}
		for i := range 4 {
			ids = append(ids, c.do("POST", "/Groups", fmt.Sprintf(`{"displayName":"g%d"}`, i)).want(201, "").id())
		}
		for count := 1; count <= 8; count++ {
			for _, query := range []string{"", "&filter=id+pr", "&sortBy=id"} {
				cursor, seen, pages := "", []string{}, 0
				for range 10 {
					a := c.do("GET", fmt.Sprintf("/?count=%d&cursor=%s%s", count, cursor, query), "").want(200, "").has(7, "totalResults")
					n, _ := a.at("itemsPerPage").(float64)
					for i := range int(n) {
						id, _ := a.at("Resources", i, "id").(string)
						seen = append(seen, id)
					}
					next, more := a.at("nextCursor").(string)
					pages++
					if cursor = next; !more {
						break
					}
				}
				if fmt.Sprint(seen) != fmt.Sprint(ids) || pages != (6+count)/count {
					t.Errorf("%d%q walks over %v in %d pages", count, query, seen, pages)
				}
			}
		}
		c.do("GET", "/?cursor=nonsense", "").want(400, "invalidCursor")
	})
}

// The root answers over people and groups.
func TestRootSearch(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		ada, bob := c.create("ada@acme.test"), c.create("bob@acme.test")
		ops := c.group("Ops", ada)
		c.do("GET", "", "").want(200, "").has(3, "totalResults").has(ada, "Resources", 0, "id").has(ops, "Resources", 2, "id")
		c.do("GET", "/?startIndex=2&count=2", "").want(200, "").has(3, "totalResults").has(bob, "Resources", 0, "id").has(ops, "Resources", 1, "id").has(2, "itemsPerPage")
		c.do("GET", "/?startIndex=3", "").want(200, "").has(1, "itemsPerPage").has(ops, "Resources", 0, "id")
		search := func(body string) answer {
			t.Helper()
			return c.do("POST", "/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],`+body+`}`)
		}
		search(`"filter":"displayName sw \"op\""`).want(200, "").has(1, "totalResults").has(ops, "Resources", 0, "id")
		search(`"filter":"userName eq \"bob@acme.test\""`).want(200, "").has(1, "totalResults").has(bob, "Resources", 0, "id")
		search(`"filter":"meta.resourceType eq \"Group\"","attributes":["displayName"]`).want(200, "").has(1, "totalResults").has("Ops", "Resources", 0, "displayName").has(nil, "Resources", 0, "members")
		search(`"excludedAttributes":"members, meta","startIndex":1,"count":"2","sortBy":"userName"`).want(200, "").has(3, "totalResults").has(2, "itemsPerPage").has(nil, "Resources", 0, "meta")
		search(`"filter":"nonsense eq 1"`).want(400, "invalidFilter")
		search(`"filter":7`).want(400, "invalidValue")
		search(`"attributes":[7]`).want(400, "invalidValue")
		search(`"count":"x"`).want(400, "invalidValue")
		c.do("POST", "/Groups/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"members eq \"`+ada+`\""}`).want(200, "").has(ops, "Resources", 0, "id")
		c.do("POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"userName eq \"ADA@acme.test\"","attributes":["userName"]}`).want(200, "").has(ada, "Resources", 0, "id").has(nil, "Resources", 0, "active")
	})
}

// attributes and excludedAttributes hold for every answer with a resource.
func TestProjections(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		const ent = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
		ada, _, _ := people(c)
		get := func(query string) answer {
			t.Helper()
			return c.do("GET", "/Users/"+ada+"?"+query, "").want(200, "").has(ada, "id")
		}
		get("attributes=userName").has("Ada@acme.test", "userName").has(nil, "emails").has(nil, "meta").has(nil, ent)
		get("attributes=name.familyName,EMAILS.value").has("Lovelace", "name", "familyName").has(nil, "name", "givenName").has("Ada@Acme.test", "emails", 0, "value").has(nil, "emails", 0, "type")
		get("attributes="+ent+":department").has("Engines", ent, "department").has(nil, ent, "employeeNumber").has(nil, "userName")
		get("attributes="+ent).has("7", ent, "employeeNumber").has(nil, "title")
		get("attributes="+escape(`emails[type eq "work"]`)).has("Ada@Acme.test", "emails", 0, "value").has(nil, "userName")
		get("attributes=urn:ietf:params:scim:schemas:core:2.0:User:title").has("Countess", "title").has(nil, "userName")
		get("attributes=nonsense").has(nil, "userName")
		get("excludedAttributes=emails,"+ent+":manager,id,name.givenName").has(nil, "emails").has(nil, ent, "manager").has("7", ent, "employeeNumber").has("Lovelace", "name", "familyName").has(nil, "name", "givenName")
		get("excludedAttributes="+ent).has(nil, ent).has("Countess", "title")
		c.do("POST", "/Users?attributes=userName", `{"userName":"new","title":"x"}`).want(201, "").has("new", "userName").has(nil, "title").id()
		c.do("PUT", "/Users/"+ada+"?excludedAttributes=userName", `{"userName":"Ada@acme.test","title":"x"}`).want(200, "").has(nil, "userName").has("x", "title")
		c.do("PATCH", "/Users/"+ada+"?attributes=title", patchOp+`[{"op":"add","path":"title","value":"y"}]}`).want(200, "").has("y", "title").has(nil, "userName")
		c.do("GET", "/Users?attributes=title&count=1", "").want(200, "").has("y", "Resources", 0, "title").has(nil, "Resources", 0, "userName")
	})
}
