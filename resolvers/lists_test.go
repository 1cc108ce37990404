package resolvers

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/models"
	"rollcall/roster"
)

const listQuery = `query($first: Int, $after: String, $last: Int, $before: String, $filter: MembershipFilter, $order: MembershipOrder) {
	team(slug: "acme") { memberships(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $order) {
		totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { userName underSso } } } }`

// names are the members of a page, without their domain.
func (r reply) names() string {
	var out []string
	for i := range r.at("team.memberships.nodes").([]any) {
		out = append(out, strings.TrimSuffix(r.str(fmt.Sprintf("team.memberships.nodes.%d.userName", i)), "@acme.test"))
	}
	return strings.Join(out, " ")
}

// alter writes columns of a member as time or another door would have.
func (d *desk) alter(t *testing.T, m roster.Member, columns map[string]any) {
	t.Helper()
	if err := d.db.Read(t.Context()).Model(&models.Membership{}).Where("id = ?", m.ID).Updates(columns).Error; err != nil {
		t.Fatal(err)
	}
}

func TestMembersByFilter(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		jit := d.add(t, d.acme.team, "Zoë", models.RoleMember)
		d.alter(t, jit, map[string]any{"source": "JIT", "last_seen_at": d.clock.Now()})
		scim := d.add(t, d.acme.team, "anna_%", models.RoleMember)
		d.alter(t, scim, map[string]any{"source": "SCIM", "scim_managed": true})
		taken := d.add(t, d.acme.team, "mark", models.RoleViewer)
		if err := d.db.Read(t.Context()).Model(&models.User{}).Where("id = ?", taken.UserID).Update("managed_by_team_id", d.acme.team.ID).Error; err != nil {
			t.Fatal(err)
		}
		if _, err := d.Roster.Deactivate(operator(t), d.acme.viewer.ID, ""); err != nil {
			t.Fatal(err)
		}
		d.alter(t, d.acme.admin, map[string]any{"last_seen_at": d.clock.Now().Add(-40 * 24 * time.Hour)})
		moment := d.clock.Now().Add(-30 * 24 * time.Hour).Format(time.RFC3339)
		for _, c := range []struct {
			filter map[string]any
			want   string
		}{
			{nil, "ada mel vic Zoë anna_% mark"},
			{map[string]any{}, "ada mel vic Zoë anna_% mark"},
			{map[string]any{"roles": []string{"ADMIN", "VIEWER"}}, "ada vic mark"},
			{map[string]any{"roles": []string{}}, ""},
			{map[string]any{"sources": []string{"JIT", "SCIM"}}, "Zoë anna_%"},
			{map[string]any{"status": "DEACTIVATED"}, "vic"},
			{map[string]any{"underSso": true}, "Zoë anna_% mark"},
			{map[string]any{"underSso": false}, "ada mel vic"},
			{map[string]any{"underSso": false, "status": "ACTIVE", "roles": []string{"MEMBER"}}, "mel"},
			{map[string]any{"notSeenSince": moment}, "ada mel vic anna_% mark"},
			{map[string]any{"userNameStartsWith": "M"}, "mel mark"},
			{map[string]any{"userNameStartsWith": "zOË"}, "Zoë"},
			{map[string]any{"userNameStartsWith": "anna_%"}, "anna_%"},
			{map[string]any{"userNameStartsWith": "a%"}, ""},
			{map[string]any{"userNameStartsWith": "  "}, "ada mel vic Zoë anna_% mark"},
		} {
			got := d.must(t, as(t, d.acme.admin), listQuery, "first", 50, "filter", c.filter)
			if got.names() != c.want {
				t.Errorf("%v: %s, not %s", c.filter, got.names(), c.want)
			}
			got.want("team.memberships.totalCount", len(strings.Fields(c.want)))
		}
		got := d.must(t, as(t, d.acme.admin), listQuery, "filter", map[string]any{"userNameStartsWith": "z"})
		got.want("team.memberships.nodes.0.underSso", true)
		if got := d.ask(t, as(t, d.acme.admin), listQuery, "filter", map[string]any{"roles": strings.Fields(strings.Repeat("ADMIN ", 21))}); got.code() != "BAD_USER_INPUT" {
			t.Errorf("21 roles: %s", got.text)
		}
	})
}

// Every order can be read page by page from both ends, and every page comes
// back when one turns around.
func TestPagesInBothDirections(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		for _, name := range []string{"Bo", "ce-x", "ce", "bob", "Äb"} {
			d.add(t, d.acme.team, name, models.RoleMember)
		}
		orders := map[string]string{
			"JOINED_AT ASC":  "ada mel vic Bo ce-x ce bob Äb",
			"JOINED_AT DESC": "Äb bob ce ce-x Bo vic mel ada",
			// By the bytes of the folded name: '-' and '@' come before letters.
			"USER_NAME ASC":  "ada Bo bob ce-x ce mel vic Äb",
			"USER_NAME DESC": "Äb vic mel ce ce-x bob Bo ada",
		}
		for name, want := range orders {
			field, direction, _ := strings.Cut(name, " ")
			order := map[string]any{"field": field, "direction": direction}
			var forth, back []string
			var cursor any
			for {
				got := d.must(t, as(t, d.acme.admin), listQuery, "first", 3, "after", cursor, "order", order)
				forth = append(forth, got.names())
				got.want("team.memberships.pageInfo.hasPreviousPage", cursor != nil)
				if got.at("team.memberships.pageInfo.hasNextPage") == false {
					break
				}
				cursor = got.at("team.memberships.pageInfo.endCursor")
			}
			if all := strings.Join(forth, " "); all != want || len(forth) != 3 {
				t.Errorf("%s forth: %q", name, forth)
			}
			cursor = nil
			for {
				got := d.must(t, as(t, d.acme.admin), listQuery, "last", 3, "before", cursor, "order", order)
				back = append([]string{got.names()}, back...)
				got.want("team.memberships.pageInfo.hasNextPage", cursor != nil)
				if got.at("team.memberships.pageInfo.hasPreviousPage") == false {
					break
				}
				cursor = got.at("team.memberships.pageInfo.startCursor")
			}
			if all := strings.Join(back, " "); all != want || len(back) != 3 {
				t.Errorf("%s back: %q", name, back)
			}
		}
	})
}

// A cursor is good for its own filter and order only, and stays good while
// others join and leave.
func TestCursorsAreBound(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		admin := as(t, d.acme.admin)
		byName := map[string]any{"field": "USER_NAME"}
		cursor := d.must(t, admin, listQuery, "first", 1, "order", byName).str("team.memberships.pageInfo.endCursor")
		for name, variables := range map[string][]any{
			"another filter":    {"after", cursor, "order", byName, "filter", map[string]any{"status": "ACTIVE"}},
			"another order":     {"after", cursor},
			"another direction": {"after", cursor, "order", map[string]any{"field": "USER_NAME", "direction": "DESC"}},
			"first and last":    {"first", 1, "last", 1},
		} {
			if got := d.ask(t, admin, listQuery, variables...); got.code() != "BAD_USER_INPUT" {
				t.Errorf("%s: %s", name, got.text)
			}
		}
		d.add(t, d.acme.team, "abe", models.RoleMember) // before the cursor: not seen
		d.add(t, d.acme.team, "ben", models.RoleMember) // after it: seen
		if _, err := d.Roster.Remove(operator(t), d.acme.member.ID); err != nil {
			t.Fatal(err)
		}
		if got := d.must(t, admin, listQuery, "after", cursor, "order", byName); got.names() != "ben vic" {
			t.Errorf("after the cursor come %s", got.names())
		}
	})
}

// An operator's look at many teams costs the same number of statements however
// many there are, and so do the credentials of many members.
func TestStatementsOfNestedLists(t *testing.T) {
	teams := `query($n: Int) { teams(first: $n) { totalCount nodes { slug ssoSettings { state loginUrl serviceProvider { logoutUrl keys { state } } identityProviders { entityId certificates { id loginsIn30Days effectiveDeadline removalImpact { explanation } } metadataSource { url } stagedCertificates { id } } certificates { id } } notificationSettings { language } scimTokens { name } viewerPermissions { readSso } } } }`
	members := `query($n: Int) { team(slug: "acme") { memberships(first: $n) { nodes { underSso user { email }
		sessions(first: 2) { nodes { id user { email } team { slug } } pageInfo { hasNextPage } } apiKeys(first: 3) { edges { cursor node { name user { email } } } } } } } }`
	history := `query($n: Int) { team(slug: "acme") { auditEvents(first: $n) { nodes { action actorLabel team { slug } actor { __typename } target { id } details { name } changes { field } } } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		counts := map[string]map[int]int64{"teams": {}, "members": {}, "history": {}}
		made := 0
		for _, n := range []int{1, 10, 100} {
			for ; made < n; made++ {
				d.busy(t, made)
			}
			counts["teams"][n] = d.statements(t, operator(t), teams, "n", n)
			counts["members"][n] = d.statements(t, as(t, d.acme.admin), members, "n", n)
			counts["history"][n] = d.statements(t, operator(t), history, "n", n)
		}
		// members: team, page, users, sessions, keys. The teams' page looks into every
		// corner of single sign-on; how many kinds of object a history points at is
		// not in our hands.
		for list, most := range map[string]int64{"teams": 18, "members": 5, "history": 8} {
			if c := counts[list]; c[10] != c[100] || c[1] > c[10] || c[100] > most {
				t.Errorf("statements for 1, 10 and 100 of %s: %v", list, c)
			}
		}
	})
}

// busy makes one more team and one more member of acme, with credentials.
func (d *desk) busy(t *testing.T, i int) {
	t.Helper()
	ctx := operator(t)
	team, err := d.Roster.CreateTeam(ctx, roster.NewTeam{Slug: fmt.Sprintf("team-%d", i), Name: "T", Plan: models.PlanEnterprise})
	if err != nil {
		t.Fatal(err)
	}
	d.must(t, ctx, fmt.Sprintf(opCreateScimToken, team.GlobalID()))
	d.must(t, ctx, fmt.Sprintf(`mutation($pem: String!) { createIdentityProvider(input: {teamId: %q, entityId: "urn:x", ssoUrl: "https://x.test/sso", certificates: [$pem]}) { identityProvider { id } userErrors { code } } }`, team.GlobalID()), "pem", d.idp.CertificatePEM())
	m := d.add(t, d.acme.team, fmt.Sprintf("busy%d", i), models.RoleMember)
	d.session(t, m)
	d.must(t, ctx, fmt.Sprintf(opCreateKey, d.acme.team.GlobalID(), m.GlobalID()))
}

// The credentials of members: one's own and, for admins, everybody's.
func TestCredentialLists(t *testing.T) {
	const document = `query($m: ID!) { node(id: $m) { ... on Membership { sessions { totalCount nodes { nameId isCurrent } } apiKeys { totalCount nodes { name scopes } } } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		for range 3 {
			d.session(t, d.acme.member)
		}
		s, _ := d.session(t, d.acme.member)
		d.must(t, operator(t), fmt.Sprintf(opCreateKey, d.acme.team.GlobalID(), d.acme.member.GlobalID()))
		for name, c := range map[string]struct {
			ctx  context.Context
			sees bool
		}{
			"mel": {as(t, d.acme.member), true}, "ada": {as(t, d.acme.admin), true}, "operator": {operator(t), true}, "vic": {as(t, d.acme.viewer), false},
		} {
			got := d.must(t, c.ctx, document, "m", d.acme.member.GlobalID())
			if !c.sees {
				got.want("node", "map[apiKeys:<nil> sessions:<nil>]")
				continue
			}
			got.want("node.sessions.totalCount", 4)
			got.want("node.apiKeys.totalCount", 1)
			if n := len(got.at("node.sessions.nodes").([]any)); n != 4 {
				t.Errorf("%s sees %d sessions", name, n)
			}
		}
		team := `{ team(slug: "acme") { sessions(first: 2) { totalCount pageInfo { hasNextPage endCursor } nodes { user { email } } } apiKeys { totalCount } } }`
		got := d.must(t, as(t, d.acme.admin), team)
		got.want("team.sessions.totalCount", 4)
		got.want("team.sessions.pageInfo.hasNextPage", true)
		got.want("team.apiKeys.totalCount", 1)
		next := d.must(t, as(t, d.acme.admin), `query($a: String) { team(slug: "acme") { sessions(first: 2, after: $a) { pageInfo { hasNextPage } nodes { id } } } }`, "a", got.at("team.sessions.pageInfo.endCursor"))
		next.want("team.sessions.pageInfo.hasNextPage", false)
		d.must(t, as(t, d.acme.viewer), team).want("team", "map[apiKeys:<nil> sessions:<nil>]")

		d.must(t, as(t, d.acme.member), `mutation($s: ID!) { revokeSession(input: {sessionId: $s}) { session { revokedAt } userErrors { code } } }`, "s", s.GlobalID())
		d.must(t, as(t, d.acme.member), document, "m", d.acme.member.GlobalID()).want("node.sessions.totalCount", 3)
		d.must(t, as(t, d.acme.admin), `mutation($m: ID!) { revokeMemberSessions(input: {membershipId: $m}) { endedSessions userErrors { code } } }`, "m", d.acme.member.GlobalID()).
			want("revokeMemberSessions.endedSessions", 3)
		d.must(t, as(t, d.acme.member), document, "m", d.acme.member.GlobalID()).want("node.sessions.totalCount", 0)
	})
}
