package scim_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// What Microsoft's validator of SCIM servers, its check of applications for the
// gallery and its collection for inbound provisioning ask.

// galleryNames lists the attributes that the gallery's check finds in /Schemas, by
// the names under which Entra maps them.
func galleryNames(t *testing.T, c client) (people, groups []string) {
	t.Helper()
	type attribute struct {
		Name            string
		Type            string
		MultiValued     bool
		CanonicalValues []string
		SubAttributes   []attribute
	}
	var page struct {
		Resources []struct {
			ID         string
			Attributes []attribute
		}
	}
	if err := json.Unmarshal([]byte(c.do("GET", "/Schemas", "").want(200, "").text), &page); err != nil {
		t.Fatal(err)
	}
	names := func(a attribute) (out []string) {
		switch {
		case a.Name == "manager", a.Name == "members", a.Type != "complex" && a.Type != "reference":
			return []string{a.Name}
		case !a.MultiValued:
			for _, sub := range a.SubAttributes {
				out = append(out, a.Name+"."+sub.Name)
			}
			return out
		}
		selectors := []string{`primary eq "True"`}
		if i := slices.IndexFunc(a.SubAttributes, func(s attribute) bool { return s.Name == "type" && len(s.CanonicalValues) > 0 }); i >= 0 {
			selectors = nil
			for _, value := range a.SubAttributes[i].CanonicalValues {
				selectors = append(selectors, `type eq "`+value+`"`)
			}
		}
		for _, s := range selectors {
			for _, sub := range a.SubAttributes {
				out = append(out, a.Name+"["+s+"]."+sub.Name)
			}
		}
		return out
	}
	for _, r := range page.Resources {
		for _, a := range r.Attributes {
			switch r.ID {
			case userURN:
				people = append(people, names(a)...)
			case groupURN:
				groups = append(groups, names(a)...)
			default:
				people = append(people, r.ID+":"+a.Name)
			}
		}
	}
	return people, groups
}

// mapped are the targets of Entra's own mapping of people, without those that
// identify, shut out or refer.
func mapped() []string {
	out := []string{"displayName", "title", "preferredLanguage", "nickName", "userType", "locale", "timezone", "name.givenName", "name.familyName", "name.formatted", "name.honorificPrefix",
		`emails[type eq "work"].value`, `emails[type eq "home"].value`, `emails[type eq "other"].value`, `addresses[type eq "other"].formatted`,
		entURN + ":employeeNumber", entURN + ":department", entURN + ":costCenter", entURN + ":organization", entURN + ":division"}
	for _, part := range []string{"formatted", "streetAddress", "locality", "region", "postalCode", "country"} {
		out = append(out, `addresses[type eq "work"].`+part)
	}
	for _, kind := range []string{"work", "mobile", "fax"} {
		out = append(out, `phoneNumbers[type eq "`+kind+`"].value`)
	}
	return out
}

func TestGallerySchemas(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		people, groups := galleryNames(t, h.acme)
		for _, name := range append(mapped(), "userName", "active", "externalId", entURN+":manager", `roles[primary eq "True"].value`, `roles[primary eq "True"].display`, `roles[primary eq "True"].type`) {
			if !slices.Contains(people, name) {
				t.Errorf("/Schemas does not describe %s of people", name)
			}
		}
		for _, name := range []string{"displayName", "externalId", "members"} {
			if !slices.Contains(groups, name) {
				t.Errorf("/Schemas does not describe %s of groups", name)
			}
		}
	})
}

// operations writes the values of attributes as one operation each, or, as the
// flag in the tenant URL has it, those without a filter as keys of one.
func operations(flag bool, values map[string]string) string {
	var list, keys []string
	for _, name := range mapped() {
		value, ok := values[name]
		switch {
		case !ok:
		case flag && !strings.Contains(name, "["):
			keys = append(keys, fmt.Sprintf("%q:%s", name, value))
		default:
			list = append(list, op("replace", name, value))
		}
	}
	if len(keys) > 0 {
		list = append(list, `{"op":"replace","value":{`+strings.Join(keys, ",")+`}}`)
	}
	return ops(list...)
}

// mappedValue reads what a person has under a name of Entra's mapping.
func mappedValue(a answer, name string) any {
	if urn, attr, ok := strings.Cut(name, ":2.0:User:"); ok {
		return a.at(urn+":2.0:User", attr)
	}
	attr, rest, many := strings.Cut(name, "[")
	if !many {
		attr, sub, complex := strings.Cut(name, ".")
		if complex {
			return a.at(attr, sub)
		}
		return a.at(attr)
	}
	_, sub, _ := strings.Cut(rest, "].")
	list, _ := a.at(attr).([]any)
	for _, item := range list {
		if el, _ := item.(map[string]any); el["type"] == strings.Split(rest, `"`)[1] {
			return el[sub]
		}
	}
	return nil
}

// Every mapped attribute is set, changed, emptied and nulled, whether it is there or not.
func TestGalleryUpdates(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.entra()
		for _, flag := range []bool{false, true} {
			id := c.create(fmt.Sprintf("ada%t@acme.test", flag))
			for _, round := range []string{"first", "second", "", "null", "third"} {
				values := map[string]string{}
				for i, name := range mapped() {
					values[name] = fmt.Sprintf(`"%s %d"`, round, i)
					if round == "" {
						values[name] = `""`
					} else if round == "null" {
						values[name] = "null"
					}
				}
				c.do("PATCH", "/Users/"+id, operations(flag, values)).want(200, "")
				read := c.do("GET", "/Users/"+id, "").want(200, "")
				for i, name := range mapped() {
					want := any(fmt.Sprintf("%s %d", round, i))
					if round == "" || round == "null" {
						want = nil
					}
					if got := mappedValue(read, name); got != want {
						t.Errorf("flag %t, round %q: %s is %v, must be %v", flag, round, name, got, want)
					}
				}
			}
			c.do("GET", "/Users/"+id, "").want(200, "").has(true, "active")
			c.do("PATCH", "/Users/"+id, ops(op("replace", "userName", fmt.Sprintf(`"upd-%t"`, flag)), op("replace", "externalId", `"upd"`))).want(200, "").
				has(fmt.Sprintf("upd-%t", flag), "userName").has("upd", "externalId")
		}
		group := c.group("Direct")
		c.do("PATCH", "/Groups/"+group, ops(op("replace", "displayName", `"upd"`), op("replace", "externalId", `"upd"`))).want(204, "")
		c.do("GET", "/Groups/"+group, "").want(200, "").has("upd", "displayName").has("upd", "externalId")
	})
}

// The validator sets every part of every kind of mail, the primary one among
// them, by operations of their own, and wants all of it back.
func TestValidatorParts(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.entra().with("Content-Type", "application/scim+json; charset=utf-8")
		id := c.do("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"ada@acme.test","active":true,"emails":[{"type":"work","primary":true,"value":"ada@acme.test"}]}`).want(201, "").id()
		var list []string
		for _, kind := range []string{"work", "home", "other"} {
			list = append(list, op("replace", `emails[type eq "`+kind+`"].value`, `"`+kind+`@acme.test"`), op("add", `emails[type eq "`+kind+`"].display`, `"`+kind+`"`))
		}
		list = append(list, op("add", `emails[type eq "work"].primary`, "false"), op("replace", `emails[type eq "home"].primary`, `"true"`), op("replace", `emails[type eq "other"].primary`, `"False"`))
		c.do("PATCH", "/Users/"+id, ops(list...)).want(200, "")
		read := c.do("GET", "/Users?filter=userName+eq+%22ada%40acme.test%22", "").want(200, "").has(nil, "Resources", 0, "emails", 3)
		for i, kind := range []string{"work", "home", "other"} {
			read.has(kind, "Resources", 0, "emails", i, "type").has(kind+"@acme.test", "Resources", 0, "emails", i, "value").
				has(kind, "Resources", 0, "emails", i, "display").has(kind == "home", "Resources", 0, "emails", i, "primary")
		}
		m, err := h.account(c, id)
		if err != nil || m.User.Email != "home@acme.test" {
			t.Errorf("the account's address is %q, error %v", m.User.Email, err)
		}
	})
}

// Pages of five over more than ten, to the end and beyond.
func TestGalleryPages(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.entra()
		for i := range 11 {
			c.create(fmt.Sprintf("p%d@acme.test", i))
			c.group(fmt.Sprintf("Group %d", i))
		}
		for _, kind := range []string{"/Users", "/Groups"} {
			seen := map[any]bool{}
			for page, held := range []int{5, 5, 1, 0} {
				a := c.do("GET", fmt.Sprintf("%s?startIndex=%d&count=5", kind, page*5+1), "").want(200, "").
					has(page*5+1, "startIndex").has(held, "itemsPerPage").has(11, "totalResults")
				for i := range held {
					seen[a.at("Resources", i, "id")] = true
				}
			}
			if len(seen) != 11 {
				t.Errorf("%s: %d were seen of 11", kind, len(seen))
			}
		}
	})
}

// How the provisioning service and the validator write a filter into a URL.
func TestEntraFilters(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.entra()
		id := c.do("POST", "/Users", `{"schemas":["`+userURN+`","`+entURN+`"],"userName":"ada+1@acme.test","externalId":"e 1","displayName":"Ada & Co","active":true,
			"emails":[{"type":"work","value":"ada@acme.test"}],"`+entURN+`":{"employeeNumber":"17"}}`).want(201, "").id()
		for _, query := range []string{
			`filter=userName+eq+%22ada%2b1%40acme.test%22`, `filter=userName%20eq%20%22ada%2B1@acme.test%22`, `filter=userName+eq+"ADA%2b1%40acme.test"`,
			`filter=%28userName+eq+%22ada%2b1%40acme.test%22%29+and+%28active+eq+true%29`, `filter=userName+eq+%22ada%2B1%40acme.test%22+and+active+eq+%22True%22`,
			`filter=externalId+eq+%22e+1%22`, `filter=displayName+eq+%22Ada+%26+Co%22`, `attributes=id&filter=externalId+eq+%22e%201%22`, `filter=externalId+eq+%22e+1%22&startIndex=1&count=1`,
			`filter=emails%5btype+eq+%22work%22%5d.value+eq+%22ada%40acme.test%22`, `filter=emails[type+eq+%22work%22].value+eq+%22ada@acme.test%22`, `filter=emails%5Btype+eq+%22work%22+and+value+eq+%22ada%40acme.test%22%5D`,
			`filter=urn%3aietf%3aparams%3ascim%3aschemas%3aextension%3aenterprise%3a2.0%3aUser%3aemployeeNumber+eq+%2217%22`, `filter=id+eq+%22` + id + `%22`,
		} {
			c.do("GET", "/Users?"+query, "").want(200, "").has(1, "totalResults").has(id, "Resources", 0, "id")
			c.do("GET", "/Users/?"+query, "").want(200, "").has(1, "totalResults")
		}
		c.do("GET", `/Users?filter=userName+eq+%22ada+1%40acme.test%22`, "").want(200, "").has(0, "totalResults") // a plus that was not encoded is a blank
	})
}

// Ten workers of one cycle make the same person, and the same group.
func TestEntraAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.entra()
		for path, body := range map[string]string{
			"/Users":  `{"schemas":["` + userURN + `"],"externalId":"e-1","userName":"ada@acme.test","active":true,"emails":[{"primary":true,"type":"work","value":"ada@acme.test"}]}`,
			"/Groups": `{"schemas":["` + groupURN + `"],"externalId":"g-1","displayName":"Crew"}`,
		} {
			if counts := atOnce(10, func() answer { return c.do("POST", path, body) }); counts[201] != 1 || counts[409] != 9 {
				t.Errorf("%s: %v", path, counts)
			}
			c.do("GET", path+"?filter="+escape(`externalId ne "nobody"`), "").want(200, "").has(1, "totalResults")
		}
	})
}

func inbound(userName, mail, active, more string) string {
	return `{"schemas":["` + userURN + `","` + entURN + `"],"externalId":"x-` + userName + `","userName":"` + userName + `","name":{"givenName":"Ada","familyName":"King"},"active":` + active + `,
		"displayName":"Ada King","locale":"GB","userType":"Employee","title":"Countess","emails":[{"value":"` + mail + `","display":"ada@acme.test","type":"work","primary":true},
		{"value":"home@acme.test","display":"home@acme.test","type":"home"}],"phoneNumbers":[{"value":"+1 555","type":"work","primary":true}],
		"addresses":[{"streetAddress":"1 Row","locality":"London","region":"L","postalCode":"W1","country":"GB","type":"work","primary":true}],
		"` + entURN + `":{"employeeNumber":"7","organization":"Acme","department":"Looms"` + more + `}}`
}

// A source that is read in full and then by what changed, as Microsoft's inbound
// provisioning reads one.
func TestMicrosoftInbound(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.newman()
		stamp := func() string { return h.clock.Now().UTC().Format("2006-01-02T15:04:05.000Z") }
		ids := c.play(t, map[string]string{"now": stamp()}, []step{
			{"test connection", "GET", "/Users?count=1", "", 200, `totalResults=0`},
			{"boss", "POST", "/Users", inbound("boss", "{now}", "true", ""), 201, `emails/0/value="{now}"`},
			{"ada", "POST", "/Users", inbound("ada", "ada@acme.test", "true", `,"manager":{"value":"{boss}"}`), 201, managerValue + `="{boss}"`},
			{"away", "POST", "/Users", inbound("away", "ada@acme.test", "false", `,"manager":{"value":"{ada}"}`), 201, `active=false`},
			{"on demand", "GET", `/Users?filter=id eq "{away}"`, "", 200, `totalResults=1`},
			{"full", "GET", `/Users?filter=active eq true and (meta.lastModified ge "0001-01-03T00:00:00.0000000Z" and meta.lastModified le "{now}")&count=5&startIndex=1`, "", 200, `totalResults=2 startIndex=1`},
			{"full, second page", "GET", `/Users?filter=active eq true and (meta.lastModified ge "0001-01-03T00:00:00.0000000Z" and meta.lastModified le "{now}")&count=5&startIndex=6`, "", 200, `totalResults=2 startIndex=6 Resources=[]`},
		})
		h.clock.Advance(time.Second)
		ids["now"] = stamp()
		c.play(t, ids, []step{
			{"another name", "PATCH", "/Users/{ada}", ops(op("replace", "name.familyName", `"Lovelace"`)), 200, `name/familyName="Lovelace"`},
			{"back", "PATCH", "/Users/{away}", ops(op("replace", "active", "true")), 200, `active=true`},
			{"another manager", "PATCH", "/Users/{away}", ops(op("replace", entURN+".manager", `"{boss}"`)), 200, managerValue + `="{boss}" schemas/2-`},
			{"what changed", "GET", `/Users?filter=active eq true and (meta.lastModified ge "{now}" and meta.lastModified le "{now}")&count=100&startindex=0`, "", 200,
				`totalResults=2 startIndex=1 Resources/0/id="{ada}" Resources/1/id="{away}"`},
			{"what changed", "GET", `/Users?filter=(ActiVe eq true) and meta.lastmodified ge "2021-09-23T19:35:41.8420572Z"`, "", 200, `totalResults=3 Resources/0/id="{boss}"`},
			{"away", "DELETE", "/Users/{away}", "", 204, ""},
			{"read", "GET", "/Users/{ada}", "", 200, `id="{ada}"`},
		})
	})
}
