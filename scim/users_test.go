package scim_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/credential"
	"rollcall/models"
)

func TestUserLife(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		made := c.do("POST", "/Users", `{
			"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Ada.King", "externalId": "00u1",
			"name": {"givenName": "Ada", "familyName": "King"}, "displayName": "Ada King",
			"emails": [{"value": "ada@home.test"}, {"value": "ada@acme.test", "type": "work"}], "active": true}`).want(201, "")
		id := made.id()
		location := baseURL + "/scim/acme/v2/Users/" + id
		if made.header.Get("Location") != location {
			t.Errorf("Location is %q", made.header.Get("Location"))
		}
		made.has("Ada.King", "userName").has("00u1", "externalId").has("Ada", "name", "givenName").has("King", "name", "familyName").
			has("Ada King", "displayName").has("ada@home.test", "emails", 0, "value").has(nil, "emails", 0, "type").has("ada@acme.test", "emails", 1, "value").has("work", "emails", 1, "type").
			has(nil, "emails", 1, "primary").has(true, "active").has("User", "meta", "resourceType").has(location, "meta", "location").
			has("2026-03-02T09:00:00.000Z", "meta", "created").has("2026-03-02T09:00:00.000Z", "meta", "lastModified").
			has("urn:ietf:params:scim:schemas:core:2.0:User", "schemas", 0)

		if read := c.do("GET", "/Users/"+id, "").want(200, ""); read.text != made.text {
			t.Errorf("read %s\nmade %s", read.text, made.text)
		}

		// Our own representation sent back changes nothing.
		h.clock.Advance(time.Hour)
		if same := c.do("PUT", "/Users/"+id, made.text).want(200, ""); same.text != made.text {
			t.Errorf("put  %s\nmade %s", same.text, made.text)
		}

		c.do("PUT", "/Users/"+id, `{"userName":"Ada.Lovelace","emails":[{"value":"lovelace@acme.test","primary":true}],"active":"True"}`).want(200, "").
			has("Ada.Lovelace", "userName").has("lovelace@acme.test", "emails", 0, "value").has(nil, "name").has(nil, "displayName").has(nil, "externalId").
			has("2026-03-02T09:00:00.000Z", "meta", "created").has("2026-03-02T10:00:00.000Z", "meta", "lastModified")

		c.patch(id, `[{"op":"replace","value":{"active":false}},{"op":"add","path":"name.givenName","value":"Augusta"}]`).want(200, "").
			has(false, "active").has("Augusta", "name", "givenName").has("Ada.Lovelace", "userName")
		c.do("GET", "/Users/"+id, "").want(200, "").has(false, "active")
		c.do("GET", `/Users?filter=userName+eq+"ada.lovelace"`, "").want(200, "").has(1, "totalResults").has(false, "Resources", 0, "active")

		if gone := c.do("DELETE", "/Users/"+id, "").want(204, ""); gone.header.Get("Content-Type") != "" {
			t.Error("a content type without content")
		}
		for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
			body := map[string]string{"PUT": `{"userName":"x@y.test"}`, "PATCH": patchOp + `[{"op":"replace","value":{"active":true}}]}`}[method]
			c.do(method, "/Users/"+id, body).want(404, "")
		}
		c.do("GET", `/Users?filter=userName+eq+"ada.lovelace"`, "").want(200, "").has(0, "totalResults")

		// Somebody removed comes back as somebody new.
		if again := c.do("POST", "/Users", `{"userName":"Ada.Lovelace","emails":[{"value":"lovelace@acme.test"}]}`).want(201, ""); again.id() == id {
			t.Error("the same id again")
		}
	})
}

func TestCreate(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		c.create("ada@acme.test")
		for _, body := range []string{
			`{"userName":"ada@acme.test"}`,
			`{"userName":"  ADA@acme.test"}`,
		} {
			c.do("POST", "/Users", body).want(409, "uniqueness")
		}
		for _, body := range []string{
			`{}`, `{"userName":""}`, `{"userName":" "}`, `{"userName":null}`, `{"userName":7}`,
			`{"userName":"bob","emails":"bob@x.test"}`, `{"userName":"bob","emails":[{"value":7}]}`,
			`{"userName":"bob@x.test","active":"perhaps"}`, `{"userName":"bob@x.test","name":"Bob"}`, `{"userName":"bob@x.test","displayName":{}}`,
			`{"userName":"bob@x.test","externalId":["1"]}`, `{"userName":"bob\u0000@x.test"}`, `{"userName":"bob@x.test","displayName":"a\u0000"}`,
			`{"userName":"bob@x.test","schemas":"urn:ietf:params:scim:schemas:core:2.0:User"}`, `{"userName":"bob@x.test","schemas":[1]}`,
			`{"userName":"` + strings.Repeat("b", 300) + `@x.test"}`,
		} {
			c.do("POST", "/Users", body).want(400, "invalidValue")
		}
		c.do("POST", "/Users", `{"userName":"bob@x.test"`).want(400, "invalidSyntax")
		c.do("POST", "/Users", `{"userName":"bob@x.test","USERNAME":"eve@x.test"}`).want(400, "invalidSyntax")
		c.do("GET", "/Users", "").want(200, "").has(1, "totalResults")

		// What is tolerated.
		for i, body := range []string{
			`{"schemas":["urn:scim:schemas:core:1.0"],"userName":"a1@x.test","password":"hunter2hunter2","groups":[],"roles":[],"meta":{"resourceType":"User"},"id":"mine"}`,
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:x:unknown"],"USERNAME":"a2@x.test","urn:x:unknown":{"a":1},"nickName":null,"name":null,"emails":null}`,
			`{"userName":"a3","emails":{"value":"a3@x.test","type":"WORK"},"active":"false"}`,
			`{"urn:ietf:params:scim:schemas:core:2.0:User":{"userName":"a4@x.test"}}`,
			`{"userName":"a5","emails":[{"type":"home","value":"h@x.test"},{"primary":"True","value":"a5@x.test"},{"type":"work","value":"w@x.test"}]}`,
			`{"userName":"a6","emails":[{"type":"home","value":""},{"type":"work","value":null},{"value":"a6@x.test"}]}`,
		} {
			a := c.do("POST", "/Users", body).want(201, "").has(i != 2, "active")
			m, err := h.account(c, a.id())
			if want := "a" + string(rune('1'+i)) + "@x.test"; err != nil || m.User.Email != want {
				t.Errorf("the address is %s, must be %s, error %v", m.User.Email, want, err)
			}
			if strings.Contains(a.text, "hunter2") || a.id() == "mine" {
				t.Errorf("answered %s", a.text)
			}
		}
		c.do("POST", "/Users", `{"userName":"f@x.test","name":{"formatted":"Fay F."}}`).want(201, "").has("Fay F.", "name", "formatted").has(nil, "displayName")
		// Nobody needs an address of their own.
		for _, body := range []string{
			`{"userName":"none"}`, `{"userName":"odd","emails":[{"value":"emailName357"}]}`, `{"userName":"shared","emails":[{"value":"Ada@ACME.test"}]}`,
		} {
			a := c.do("POST", "/Users", body).want(201, "")
			m, err := h.account(c, a.id())
			if err != nil || !strings.HasSuffix(m.User.Email, ".invalid") {
				t.Errorf("the address is %s, error %v", m.User.Email, err)
			}
		}
		h.log.MustNotHold(t, "hunter2", "a1@x.test")
	})
}

// What PUT and PATCH leave out decides nothing: nobody comes back, and nobody's
// account gets another address, by an omission.
func TestOmission(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		id := c.do("POST", "/Users", `{"userName":"upn@acme.test","emails":[{"value":"mail@acme.test"}],"active":false}`).want(201, "").id()
		address := func(want string) {
			t.Helper()
			m, err := h.account(c, id)
			if err != nil || m.User.Email != want {
				t.Errorf("the address is %s, must be %s, error %v", m.User.Email, want, err)
			}
		}
		c.do("PUT", "/Users/"+id, `{"userName":"upn@acme.test"}`).want(200, "").has(false, "active").has(nil, "emails")
		address("mail@acme.test")
		c.do("PUT", "/Users/"+id, `{"userName":"upn@acme.test","active":null}`).want(200, "").has(false, "active")
		c.patch(id, `[{"op":"remove","path":"active"}]`).want(200, "").has(false, "active")
		c.patch(id, `[{"op":"remove","path":"emails"}]`).want(200, "")
		address("mail@acme.test")
		c.do("PUT", "/Users/"+id, `{"userName":"plain name","emails":[{"value":"no address"}]}`).want(200, "").has("no address", "emails", 0, "value")
		address("mail@acme.test")
		c.do("PUT", "/Users/"+id, `{"userName":"new@acme.test"}`).want(200, "").has(false, "active")
		address("new@acme.test")
		c.do("PUT", "/Users/"+id, `{"active":true}`).want(400, "invalidValue")
		c.do("GET", "/Users/"+id, "").has(false, "active")
	})
}

// One bad operation undoes the good ones before it.
func TestPatchIsAtomic(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		id := c.create("ada@acme.test")
		c.create("bob@acme.test")
		before := c.do("GET", "/Users/"+id, "").text
		h.clock.Advance(time.Minute)
		for _, bad := range []struct{ op, scimType string }{
			{`{"op":"replace","path":"active","value":"nonsense"}`, "invalidValue"},
			{`{"op":"remove","path":"userName"}`, "mutability"},
			{`{"op":"replace","path":"userName","value":"bob@acme.test"}`, "uniqueness"},
			{`{"op":"replace","path":"userName","value":"line\nbreak"}`, "invalidValue"},
			{`{"op":"replace","path":"emails","value":"nobody"}`, "invalidValue"},
			{`{"op":"replace","path":"emails[type eq","value":"x"}`, "invalidPath"},
			{`{"op":"remove"}`, "noTarget"},
		} {
			status := 400
			if bad.scimType == "uniqueness" {
				status = 409
			}
			c.patch(id, `[{"op":"replace","path":"displayName","value":"changed"},{"op":"replace","path":"active","value":false},`+bad.op+`]`).want(status, bad.scimType)
			if after := c.do("GET", "/Users/"+id, "").text; after != before {
				t.Fatalf("after %s: %s", bad.op, after)
			}
		}
	})
}

// The next request with a credential of somebody who was shut out is refused.
func TestCredentialsEnd(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		for name, out := range map[string]func(id string){
			"patch": func(id string) { c.patch(id, `[{"op":"Replace","path":"active","value":"False"}]`).want(200, "") },
			"put": func(id string) {
				c.do("PUT", "/Users/"+id, `{"userName":"put@acme.test","active":false}`).want(200, "")
			},
			"delete": func(id string) { c.do("DELETE", "/Users/"+id, "").want(204, "") },
		} {
			m := c.add(name+"@acme.test", models.RoleMember)
			_, key, err := h.credentials.CreateAPIKey(h.operator(), credential.NewAPIKey{
				TeamID: c.team.ID, MembershipID: m.ID, Name: "ci", Scopes: []models.Scope{models.ScopeTeamRead},
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.credentials.Authenticate(t.Context(), key); err != nil {
				t.Fatalf("%s: before: %v", name, err)
			}
			out(string(m.ID))
			if _, err := h.credentials.Authenticate(t.Context(), key); err == nil {
				t.Errorf("%s: the key still works", name)
			}
		}
	})
}

// The people who are the way in when the IdP is down are not the IdP's to touch.
func TestBreakGlass(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		boss := string(c.add("boss@acme.test", models.RoleAdmin).ID)
		c.add("deputy@acme.test", models.RoleAdmin)
		before := c.do("GET", "/Users/"+boss, "").want(200, "")
		for _, a := range []answer{
			c.do("DELETE", "/Users/"+boss, "").want(403, ""),
			c.patch(boss, `[{"op":"replace","value":{"active":false}}]`).want(403, ""),
			c.patch(boss, `[{"op":"replace","value":{"displayName":"x","userName":"x"}}]`).want(403, ""),
			c.do("PUT", "/Users/"+boss, `{"userName":"boss@acme.test","active":false}`).want(403, ""),
		} {
			if detail, _ := a.at("detail").(string); !strings.HasPrefix(detail, "BREAK_GLASS: ") {
				t.Errorf("detail is %q", detail)
			}
		}
		c.do("PUT", "/Users/"+boss, before.text).want(200, "")
		if after := c.do("GET", "/Users/"+boss, ""); after.text != before.text {
			t.Errorf("changed to %s", after.text)
		}
	})
}

func TestProjection(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		id := c.do("POST", "/Users", `{"userName":"ada","externalId":"1","displayName":"Ada","name":{"givenName":"A","familyName":"K"},"emails":[{"value":"ada@acme.test"}]}`).want(201, "").id()
		for _, x := range []struct{ query, want string }{
			{"attributes=userName", `{"id":"ID","schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada"}`},
			{"attributes=USERNAME,,%20name.familyName", `{"id":"ID","name":{"familyName":"K"},"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada"}`},
			{"attributes=emails.value&attributes=urn:ietf:params:scim:schemas:core:2.0:User:active",
				`{"active":true,"emails":[{"value":"ada@acme.test"}],"id":"ID","schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}`},
			{"attributes=nickName", `{"id":"ID","schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}`},
			{"excludedAttributes=id,schemas,meta,emails,active,members,name.givenName,name.familyName,externalId",
				`{"displayName":"Ada","id":"ID","schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada"}`},
		} {
			want := strings.ReplaceAll(x.want, "ID", id)
			if got := strings.TrimSpace(c.do("GET", "/Users/"+id+"?"+x.query, "").want(200, "").text); got != want {
				t.Errorf("%s\n got %s\nwant %s", x.query, got, want)
			}
			if got := c.do("GET", "/Users?"+x.query, "").want(200, "").text; !strings.Contains(got, want) {
				t.Errorf("in the list, %s: %s", x.query, got)
			}
		}
	})
}
