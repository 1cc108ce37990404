package scim_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"rollcall/models"
)

// group makes a group and returns its id.
func (c client) group(name string, members ...string) string {
	c.h.t.Helper()
	return c.do("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"`+name+`","members":[`+values(members)+`]}`).want(201, "").id()
}

func values(ids []string) string {
	var out []string
	for _, id := range ids {
		out = append(out, `{"value":"`+id+`"}`)
	}
	return strings.Join(out, ",")
}

func (c client) patchGroup(id, operations string) answer {
	c.h.t.Helper()
	return c.do("PATCH", "/Groups/"+id, patchOp+operations+`}`)
}

// holds fails the test unless the group has these members and no others, by its
// own account and by theirs.
func (c client) holds(group string, members ...string) {
	c.h.t.Helper()
	a := c.do("GET", "/Groups/"+group, "").want(200, "")
	list, _ := a.at("members").([]any)
	got := map[string]bool{}
	for i := range list {
		id, _ := a.at("members", i, "value").(string)
		got[id] = true
		a.has("User", "members", i, "type").has(baseURL+"/scim/"+c.team.Slug+"/v2/Users/"+id, "members", i, "$ref")
	}
	for _, id := range members {
		if !got[id] {
			c.h.t.Errorf("%s is not in the group: %s", id, a.text)
		}
		c.do("GET", "/Users/"+id, "").want(200, "").has(group, "groups", 0, "value").has("direct", "groups", 0, "type")
	}
	if len(list) != len(members) {
		c.h.t.Errorf("%d members, must be %d: %s", len(list), len(members), a.text)
	}
	if _, there := a.body["members"]; !there {
		c.h.t.Errorf("no list: %s", a.text)
	}
	var row models.Group
	if err := c.h.db.Read(c.h.t.Context()).Where("id = ?", group).Take(&row).Error; err != nil || row.MemberCount != len(members) {
		c.h.t.Errorf("counted %d, error %v", row.MemberCount, err)
	}
}

func TestGroupLife(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		ada, bob := c.create("ada@acme.test"), c.create("bob@acme.test")
		made := c.do("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
			"externalId":"g-1","displayName":"Ops","id":"mine","meta":{"resourceType":"Group"},"members":[{"value":"`+ada+`","display":"VP","$ref":null,"type":"User"}]}`).want(201, "")
		id := made.id()
		made.has("Ops", "displayName").has("g-1", "externalId").has(ada, "members", 0, "value").has("VP", "members", 0, "display").
			has("Group", "meta", "resourceType").has(baseURL+"/scim/acme/v2/Groups/"+id, "meta", "location").has(made.header.Get("ETag"), "meta", "version")
		if read := c.do("GET", "/Groups/"+id, "").want(200, ""); read.text != made.text || made.header.Get("Location") != baseURL+"/scim/acme/v2/Groups/"+id {
			t.Errorf("read %s\nmade %s", read.text, made.text)
		}
		c.do("PUT", "/Groups/"+id, made.text).want(200, "").has(made.header.Get("ETag"), "meta", "version")
		c.do("PUT", "/Groups/"+id, `{"displayName":"Operations","members":[`+values([]string{ada, bob, bob})+`]}`).want(200, "").
			has("Operations", "displayName").has(nil, "externalId").has(bob, "members", 1, "value").has(nil, "members", 2)
		c.holds(id, ada, bob)
		// Absent is unknown, empty is none.
		c.do("PUT", "/Groups/"+id, `{"displayName":"Ops"}`).want(200, "").has(ada, "members", 0, "value")
		c.do("PUT", "/Groups/"+id, `{"displayName":"Ops","members":[]}`).want(200, "").has(nil, "members", 0)
		c.holds(id)
		for _, body := range []string{`{"displayName":"ops"}`, `{"displayName":" OPS "}`} {
			c.do("POST", "/Groups", body).want(409, "uniqueness")
		}
		other := c.group("Other", ada)
		c.do("PUT", "/Groups/"+other, `{"displayName":"OPS"}`).want(409, "uniqueness")
		c.patchGroup(other, `[{"op":"replace","path":"displayName","value":"ops"}]`).want(409, "uniqueness")
		for _, body := range []string{
			`{}`, `{"displayName":""}`, `{"displayName":7}`, `{"displayName":"x","members":"all"}`, `{"displayName":"x","members":[{}]}`, `{"displayName":"x","members":[7]}`,
			`{"displayName":"x","members":[{"value":"nobody"}]}`, `{"displayName":"x","members":[{"value":"01900000-0000-7000-8000-00000000dead"}]}`,
			`{"displayName":"x","members":[{"value":"` + other + `"}]}`, `{"displayName":"x","members":[{"value":"` + ada + `","type":"Group"}]}`,
			`{"displayName":"x","members":[{"value":"` + h.globex.create("x@globex.test") + `"}]}`, `{"displayName":"a\u0000b"}`, `{"displayName":"x","externalId":[]}`,
		} {
			c.do("POST", "/Groups", body).want(400, "invalidValue")
			h.globex.do("DELETE", "/Users/"+firstUser(h.globex), "")
		}
		c.do("GET", "/Groups", "").want(200, "").has(2, "totalResults")
		// A person who goes leaves their groups.
		c.do("DELETE", "/Users/"+ada, "").want(204, "")
		c.holds(other)
		c.do("DELETE", "/Groups/"+id, "").want(204, "")
		for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
			body := map[string]string{"PUT": `{"displayName":"x"}`, "PATCH": patchOp + `[{"op":"replace","value":{"displayName":"x"}}]}`}[method]
			c.do(method, "/Groups/"+id, body).want(404, "")
		}
		c.do("GET", "/Groups", "").want(200, "").has(1, "totalResults").has(other, "Resources", 0, "id")
		for _, method := range []string{"GET", "DELETE"} {
			h.globex.do(method, "/Groups/"+other, "").want(404, "")
		}
		h.globex.patchGroup(other, `[{"op":"replace","path":"members","value":[]}]`).want(404, "")
	})
}

func firstUser(c client) string {
	id, _ := c.do("GET", "/Users?count=1", "").at("Resources", 0, "id").(string)
	return id
}

// What clients send to change groups, and what other servers got wrong.
func TestGroupPatch(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		ada, bob, eve := c.create("ada@acme.test"), c.create("bob@acme.test"), c.create("eve@acme.test")
		id := c.group("Ops", ada)
		before := c.do("GET", "/Groups/"+id, "").header.Get("ETag")
		if a := c.patchGroup(id, `[{"op":"Add","path":"members","value":[{"value":"`+bob+`","$ref":null}]}]`).want(204, ""); a.header.Get("ETag") == before || a.header.Get("ETag") == "" {
			t.Errorf("the version stays %s", before)
		}
		for _, x := range []struct {
			name, ops string
			want      []string
		}{
			{"add again", `[{"op":"add","path":"members","value":[{"value":"` + bob + `"}]}]`, []string{ada, bob}},
			{"add without type, as one object", `[{"op":"add","path":"members","value":{"value":"` + eve + `"}}]`, []string{ada, bob, eve}},
			{"remove by filter", `[{"op":"remove","path":"members[value eq \"` + bob + `\"]"}]`, []string{ada, eve}},
			{"remove who is not there", `[{"op":"remove","path":"members[value eq \"` + bob + `\"]"},{"op":"remove","path":"members[value eq \"nobody\"]"}]`, []string{ada, eve}},
			{"remove by list", `[{"op":"Remove","path":"members","value":[{"$ref":null,"value":"` + eve + `"}]}]`, []string{ada}},
			{"rename by value", `[{"op":"replace","value":{"id":"` + id + `","displayName":"Renamed"}}]`, []string{ada}},
			{"rename by path", `[{"op":"Replace","path":"displayName","value":"Ops"}]`, []string{ada}},
			{"one request, both ways", `[{"op":"remove","path":"members[value eq \"` + ada + `\"]"},{"op":"add","path":"members","value":[{"value":"` + bob + `","display":"B"}]}]`, []string{bob}},
			{"push now", `[{"op":"replace","path":"members","value":[{"value":"` + ada + `"},{"value":"` + eve + `"}]}]`, []string{ada, eve}},
			{"without a path", `[{"op":"add","value":{"members":[{"value":"` + bob + `"}]}}]`, []string{ada, bob, eve}},
			{"replace without a path", `[{"op":"replace","value":{"members":[{"value":"` + bob + `"}]}}]`, []string{bob}},
			{"externalId", `[{"op":"add","path":"externalId","value":"e-1"}]`, []string{bob}},
			{"several by or", `[{"op":"add","path":"members","value":[{"value":"` + ada + `"},{"value":"` + eve + `"}]},{"op":"remove","path":"members[value eq \"` + bob + `\" or value eq \"` + ada + `\"]"}]`, []string{eve}},
			{"by type", `[{"op":"remove","path":"members[type eq \"Group\"]"}]`, []string{eve}},
			{"by type, all", `[{"op":"remove","path":"members[type eq \"User\"]"}]`, nil},
			{"made by filter", `[{"op":"add","path":"members[value eq \"` + ada + `\"]","value":{"value":"` + ada + `"}}]`, []string{ada}},
			{"what is not kept", `[{"op":"replace","path":"description","value":"x"},{"op":"add","value":{"owner":"x"}}]`, []string{ada}},
			{"an empty push", `[{"op":"replace","path":"members","value":[]}]`, nil},
			{"refill", `[{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members","value":[{"value":"` + ada + `"}]}]`, []string{ada}},
			{"remove all", `[{"op":"remove","path":"members"}]`, nil},
		} {
			if a := c.patchGroup(id, x.ops); a.status != 204 {
				t.Errorf("%s: %d %s", x.name, a.status, a.text)
			}
			c.holds(id, x.want...)
		}
		c.do("GET", "/Groups/"+id, "").has("Ops", "displayName").has("e-1", "externalId")
		for ops, scimType := range map[string]string{
			`[{"op":"remove","path":"displayName"}]`:                                          "mutability",
			`[{"op":"replace","path":"displayName","value":""}]`:                              "invalidValue",
			`[{"op":"replace","path":"id","value":"x"}]`:                                      "mutability",
			`[{"op":"replace","path":"members[value eq \"` + ada + `\"].value","value":"x"}]`: "mutability",
			`[{"op":"remove"}]`:                                     "noTarget",
			`[{"op":"add","path":"members[","value":[]}]`:           "invalidPath",
			`[{"op":"add","path":"displayName[a pr]","value":"x"}]`: "invalidPath",
			`[{"op":"add","path":"members","value":[{"value":"` + ada + `"},{"value":"01900000-0000-7000-8000-00000000dead"}]}]`:               "invalidValue",
			`[{"op":"add","path":"members","value":[{"value":"` + ada + `"}]},{"op":"add","path":"members","value":[{"value":"` + id + `"}]}]`: "invalidValue",
		} {
			c.patchGroup(id, ops).want(400, scimType)
		}
		c.holds(id) // nothing of what was refused stayed
		c.do("PATCH", "/Groups/"+id+"?attributes=displayName", patchOp+`[{"op":"add","path":"members","value":[{"value":"`+ada+`"}]}]}`).want(200, "").
			has("Ops", "displayName").has(nil, "members")
	})
}

func TestGroupQueries(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		ada, bob := c.create("ada@acme.test"), c.create("bob@acme.test")
		ops, dev := c.group("Ops & Co", ada, bob), c.group("Devélopers", bob)
		h.globex.group("Ops & Co")
		c.patchGroup(dev, `[{"op":"add","path":"externalId","value":"D1"}]`).want(204, "")
		for filter, want := range map[string][]string{
			`displayName eq "ops & co"`:                     {ops},
			`displayName sw "dev" and displayName co "ÉLO"`: {dev},
			`displayName ew "CO" or externalId eq "D1"`:     {ops, dev},
			`externalId pr`: {dev},
			`id eq "` + ops + `" and members eq "` + ada + `"`: {ops},
			`id eq "` + dev + `" and members eq "` + ada + `"`: nil,
			`members.value eq "` + bob + `"`:                   {ops, dev},
			`members[value eq "` + ada + `"]`:                  {ops},
			`not (members[value eq "` + ada + `"])`:            {dev},
			`members pr`:                                       {ops, dev},
			`meta.resourceType eq "Group"`:                     {ops, dev},
			`displayName gt "e"`:                               {ops},
			`displayName eq "%"`:                               nil,
		} {
			a := c.do("GET", "/Groups?filter="+escape(filter), "").want(200, "").has(len(want), "totalResults")
			for i, id := range want {
				a.has(id, "Resources", i, "id")
			}
		}
		c.do("GET", "/Groups?excludedAttributes=members&filter="+escape(`displayName eq "Ops & Co"`), "").want(200, "").has(ops, "Resources", 0, "id").has(nil, "Resources", 0, "members")
		c.do("GET", "/Groups/"+ops+"?excludedAttributes=members", "").want(200, "").has(nil, "members").has("Ops & Co", "displayName")
		c.do("GET", "/Groups/"+ops+"?attributes=members.value", "").want(200, "").has(ada, "members", 0, "value").has(nil, "members", 0, "type").has(nil, "displayName").has(ops, "id")
		c.do("GET", "/Groups?sortBy=displayName", "").want(200, "").has(dev, "Resources", 0, "id")
		c.do("GET", "/Groups?sortBy=displayName&sortOrder=descending&count=1", "").want(200, "").has(ops, "Resources", 0, "id").has(2, "totalResults")
		c.do("GET", "/Groups?startIndex=2", "").want(200, "").has(dev, "Resources", 0, "id").has(1, "itemsPerPage")
		for filter, want := range map[string]int{
			`groups eq "` + ops + `"`: 2, `groups.value eq "` + dev + `"`: 1, `groups.display eq "ops & co"`: 2, `groups[display sw "dev" and type eq "direct"]`: 1, `not (groups pr)`: 0,
		} {
			c.do("GET", "/Users?filter="+escape(filter), "").want(200, "").has(want, "totalResults")
		}
	})
}

// Sixteen pushes at once, in and out, lose nothing.
func TestGroupPushesAtOnce(t *testing.T) {
	const n = 16
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		var stay, come, go_ []string
		for i := range n {
			come = append(come, c.create(fmt.Sprintf("come%d@acme.test", i)))
			go_ = append(go_, c.create(fmt.Sprintf("go%d@acme.test", i)))
			stay = append(stay, c.create(fmt.Sprintf("stay%d@acme.test", i)))
		}
		id := c.group("Ops", append(append([]string{}, stay...), go_...)...)
		var wg sync.WaitGroup
		statuses := make([]int, 2*n)
		for i := range n {
			wg.Go(func() {
				statuses[2*i] = c.patchGroup(id, `[{"op":"add","path":"members","value":[{"value":"`+come[i]+`"},{"value":"`+stay[i]+`"}]}]`).status
			})
			wg.Go(func() {
				statuses[2*i+1] = c.patchGroup(id, `[{"op":"remove","path":"members[value eq \"`+go_[i]+`\"]"}]`).status
			})
		}
		wg.Wait()
		for i, s := range statuses {
			if s != 204 {
				t.Errorf("push %d: %d", i, s)
			}
		}
		c.holds(id, append(append([]string{}, stay...), come...)...)
	})
}
