package scim_test

import (
	"net/url"
	"testing"

	"rollcall/models"
	"rollcall/roster"
)

// signedIn is somebody as a first sign-in by single sign-on leaves them.
func (c client) signedIn(nameID, email string) roster.Member {
	c.h.t.Helper()
	m := c.add(email, models.RoleMember)
	id, err := models.NewID()
	if err != nil {
		c.h.t.Fatal(err)
	}
	for _, x := range []struct {
		statement string
		args      []any
	}{
		{"UPDATE users SET origin = 'SSO', managed_by_team_id = ? WHERE id = ?", []any{c.team.ID, m.UserID}},
		{"UPDATE memberships SET source = 'JIT' WHERE id = ?", []any{m.ID}},
		{"INSERT INTO external_identities (id, team_id, membership_id, issuer, name_id, name_id_format, created_at, last_login_at) VALUES (?, ?, ?, 'https://idp.test', ?, '', ?, ?)",
			[]any{id, c.team.ID, m.ID, nameID, c.h.clock.Now(), c.h.clock.Now()}},
	} {
		if err := c.h.db.Read(c.h.t.Context()).Exec(x.statement, x.args...).Error; err != nil {
			c.h.t.Fatal(err)
		}
	}
	return m
}

// by looks somebody up.
func (c client) by(filter string) answer {
	c.h.t.Helper()
	return c.do("GET", "/Users?filter="+url.QueryEscape(filter)+"&startIndex=1&count=100", "").want(200, "")
}

// taken checks that a member is the client's now, and the only one.
func (c client) taken(m roster.Member) {
	c.h.t.Helper()
	c.do("GET", "/Users", "").want(200, "").has(1, "totalResults").has(string(m.ID), "Resources", 0, "id")
	rows, _, _, err := c.h.roster.ScimMembers(c.h.operator(), c.team.ID, roster.ScimQuery{Start: 1, Limit: 2})
	if err != nil || len(rows) != 1 || rows[0].UserID != m.UserID {
		c.h.t.Errorf("members %+v, %v", rows, err)
	}
	row, err := c.h.roster.Membership(c.h.operator(), m.ID)
	if err != nil || !row.ScimManaged || row.Source != models.SourceJit {
		c.h.t.Errorf("the member is %+v, %v", row, err)
	}
}

// People sign in first, and provisioning is set up afterwards: clients look them
// up as they always do, find them and take them over.
func TestSingleSignOnFirst(t *testing.T) {
	const core = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]`
	person := func(userName, more string) string {
		return `{` + core + `,"userName":"` + userName + `","name":{"givenName":"Ada","familyName":"King"},"emails":[{"primary":true,"type":"work","value":"ada@acme.test"}],"active":true` + more + `}`
	}
	// Each provider under a NameID that is the address, and under one that is not.
	for _, nameID := range []string{"ada@acme.test", "Ada@corp.acme.test"} {
		eachHouse(t, func(t *testing.T, h *house) {
			c := h.okta()
			m := c.signedIn(nameID, "ada@acme.test")
			id := string(m.ID)
			c.by(`userName eq "`+nameID+`"`).has(1, "totalResults").has(id, "Resources", 0, "id")
			c.do("GET", "/Users/"+id, "").want(200, "")
			c.do("PUT", "/Users/"+id, person(nameID, `,"id":"`+id+`","externalId":"00u1","groups":[]`)).want(200, "").has(nameID, "userName").has("00u1", "externalId")
			c.taken(m)
			c.patch(id, `[{"op":"replace","value":{"active":false}}]`).want(200, "").has(false, "active")
			c.by(`userName eq "`+nameID+`"`).has(1, "totalResults").has(false, "Resources", 0, "active")
		})
		eachHouse(t, func(t *testing.T, h *house) {
			c := h.acme.with("User-Agent", "")
			m := c.signedIn(nameID, "ada@acme.test")
			id := string(m.ID)
			c.by(`externalId eq "0a21f0f2"`).has(0, "totalResults")
			c.by(`emails[type eq "work"].value eq "ada@acme.test"`).has(1, "totalResults").has(id, "Resources", 0, "id")
			c.by(`userName eq "`+nameID+`"`).has(1, "totalResults").has(id, "Resources", 0, "id")
			c.patch(id, `[{"op":"Add","path":"externalId","value":"0a21f0f2"},{"op":"Replace","path":"userName","value":"`+nameID+`"},{"op":"Replace","path":"active","value":"True"}]`).
				want(200, "").has("0a21f0f2", "externalId").has(true, "active")
			c.taken(m)
			c.by(`externalId eq "0a21f0f2"`).has(1, "totalResults")
		})
		eachHouse(t, func(t *testing.T, h *house) { // OneLogin, after a POST in spite of the answer
			c := h.acme.with("Accept", "application/json").with("Content-Type", "application/json")
			m := c.signedIn(nameID, "ada@acme.test")
			id := string(m.ID)
			c.do("POST", "/Users", person(nameID, "")).want(409, "uniqueness")
			c.by(`userName eq "`+nameID+`"`).has(1, "totalResults").has(id, "Resources", 0, "id")
			c.do("PUT", "/Users/"+id, person(nameID, `,"id":"`+id+`"`)).want(200, "")
			c.taken(m)
			c.do("POST", "/Users", person(nameID, "")).want(409, "uniqueness")
			c.do("DELETE", "/Users/"+id, "").want(204, "")
			c.by(`userName eq "`+nameID+`"`).has(0, "totalResults")
		})
	}
}

// A NameID is a look-up's last resort: it finds nobody who has another owner, is
// described already, or whom two providers call alike.
func TestFoundByNameID(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		m := c.signedIn("emp-7", "ada@acme.test")
		id := string(m.ID)
		for _, filter := range []string{`externalId eq "emp-7"`, `userName eq "emp-7"`, `urn:ietf:params:scim:schemas:core:2.0:User:userName eq "emp-7"`} {
			c.by(filter).has(1, "totalResults").has(id, "Resources", 0, "id")
		}
		for _, filter := range []string{`userName sw "emp-7"`, `userName ne "emp-7"`, `displayName eq "emp-7"`, `emails eq "emp-7"`, `userName eq "emp-7" and active eq false`, `userName eq "emp-8"`} {
			want := 0
			if filter == `userName ne "emp-7"` {
				want = 1
			}
			c.by(filter).has(want, "totalResults")
		}
		c.do("GET", "/Users?filter="+url.QueryEscape(`userName eq "emp-7"`)+"&count=0", "").want(200, "").has(1, "totalResults").has(nil, "Resources", 0)
		c.do("GET", "/Users?filter="+url.QueryEscape(`userName eq "emp-7"`)+"&startIndex=2", "").want(200, "").has(1, "totalResults").has(nil, "Resources", 0)
		h.globex.by(`userName eq "emp-7"`).has(0, "totalResults")
		// With another address it would be a second member for one person, whom a
		// removal of the second would not shut out.
		c.do("POST", "/Users", `{"userName":"emp-7","emails":[{"value":"ada@other.test","type":"work"}]}`).want(409, "uniqueness")
		c.do("POST", "/Users", `{"userName":"ada","externalId":"emp-7","emails":[{"value":"ada@other.test","type":"work"}]}`).want(409, "uniqueness")
		// Somebody else's account: its owner keeps it to themselves.
		direct := c.signedIn("emp-9", "eve@acme.test")
		if err := h.db.Read(t.Context()).Exec("UPDATE users SET managed_by_team_id = NULL WHERE id = ?", direct.UserID).Error; err != nil {
			t.Fatal(err)
		}
		c.by(`userName eq "emp-9"`).has(0, "totalResults")
		// Two people whom two providers call alike.
		twin := c.signedIn("emp-10", "twin@acme.test")
		other := c.signedIn("emp-11", "other@acme.test")
		if err := h.db.Read(t.Context()).Exec("UPDATE external_identities SET issuer = 'https://next.test', name_id = 'emp-10' WHERE membership_id = ?", other.ID).Error; err != nil {
			t.Fatal(err)
		}
		c.by(`userName eq "emp-10"`).has(0, "totalResults")
		c.by(`userName eq "twin@acme.test"`).has(string(twin.ID), "Resources", 0, "id")
		// Whoever the client describes is called as it says.
		c.do("PUT", "/Users/"+id, `{"userName":"ada"}`).want(200, "")
		c.by(`userName eq "emp-7"`).has(0, "totalResults")
		c.by(`userName eq "ada"`).has(1, "totalResults")
	})
}
