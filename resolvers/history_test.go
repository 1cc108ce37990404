package resolvers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/internal/housetest"
	"rollcall/models"
)

const eventsQuery = `query($first: Int, $after: String, $last: Int, $filter: AuditEventFilter, $direction: OrderDirection) { team(slug: "acme") {
	auditEvents(first: $first, after: $after, last: $last, filter: $filter, direction: $direction) { totalCount pageInfo { hasNextPage endCursor }
	nodes { id at action actorKind actorLabel ip requestId targetId targetLabel team { slug } details { name value } changes { field before after }
	  actor { __typename ... on User { email } ... on ApiKey { name } ... on ScimToken { name } }
	  target { __typename id } } } } }`

func (r reply) actions() string {
	var out []string
	for i := range r.at("team.auditEvents.nodes").([]any) {
		out = append(out, r.str(fmt.Sprintf("team.auditEvents.nodes.%d.action", i)))
	}
	return strings.Join(out, " ")
}

// story lets a few things happen on acme, a minute apart.
func (d *desk) story(t *testing.T) (start time.Time) {
	t.Helper()
	start = d.clock.Advance(time.Minute)
	d.must(t, as(t, d.acme.admin), `mutation($m: ID!) { updateMembership(input: {membershipId: $m, role: VIEWER}) { membership { role } userErrors { code } } }`, "m", d.acme.member.GlobalID())
	d.clock.Advance(time.Minute)
	d.must(t, as(t, d.acme.admin), `mutation($t: ID!) { updateSsoSettings(input: {teamId: $t, sessionHours: 10}) { ssoSettings { revision } userErrors { code } } }`, "t", d.acme.team.GlobalID())
	d.clock.Advance(time.Minute)
	d.must(t, operator(t), fmt.Sprintf(opCreateScimToken, d.acme.team.GlobalID()))
	d.clock.Advance(time.Minute)
	d.must(t, as(t, d.acme.admin), fmt.Sprintf(opRemove, d.acme.member.GlobalID()))
	return start
}

func TestHistory(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		start := d.story(t)
		admin := as(t, d.acme.admin)
		got := d.must(t, admin, eventsQuery, "first", 4)
		if got.actions() != "membership.removed scim_token.created sso.settings_changed membership.role_changed" {
			t.Fatalf("newest first: %s", got.actions())
		}
		got.want("team.auditEvents.totalCount", 8)
		removed := got.at("team.auditEvents.nodes.0").(map[string]any)
		for field, want := range map[string]any{
			"actorKind": "PERSON", "actorLabel": "ada@acme.test", "ip": "192.0.2.1", "requestId": "req-1", "target": nil,
			"targetId": d.acme.member.GlobalID(), "targetLabel": "mel@acme.test", "actor": "map[__typename:User email:ada@acme.test]", "team": "map[slug:acme]",
		} {
			if fmt.Sprint(removed[field]) != fmt.Sprint(want) {
				t.Errorf("removed: %s is %v, not %v", field, removed[field], want)
			}
		}
		got.want("team.auditEvents.nodes.1.actorKind", "OPERATOR")
		got.want("team.auditEvents.nodes.1.target.__typename", "ScimToken")
		got.want("team.auditEvents.nodes.2.changes", "[map[after:10 before:24 field:sessionHours]]")
		got.want("team.auditEvents.nodes.2.details", "[]")
		got.want("team.auditEvents.nodes.2.target.__typename", "SsoSettings")
		got.want("team.auditEvents.nodes.3.changes", "[map[after:VIEWER before:MEMBER field:role]]")

		second := got.str("team.auditEvents.nodes.1.at")
		for _, c := range []struct {
			filter map[string]any
			want   string
		}{
			{map[string]any{"actions": []string{"membership.removed", "scim_token."}}, "membership.removed scim_token.created"},
			{map[string]any{"actions": []string{"membership."}, "since": start.Format(time.RFC3339)}, "membership.removed membership.role_changed"},
			{map[string]any{"actions": []string{}}, ""},
			{map[string]any{"since": second}, "membership.removed scim_token.created"},
			{map[string]any{"since": start.Format(time.RFC3339), "until": second}, "sso.settings_changed membership.role_changed"},
			{map[string]any{"actorId": d.acme.admin.User.GlobalID()}, "membership.removed sso.settings_changed membership.role_changed"},
			{map[string]any{"targetId": d.acme.member.GlobalID()}, "membership.removed membership.role_changed membership.provisioned"},
		} {
			got := d.must(t, admin, eventsQuery, "filter", c.filter)
			if got.actions() != c.want {
				t.Errorf("%v: %s", c.filter, got.actions())
			}
			got.want("team.auditEvents.totalCount", len(strings.Fields(c.want)))
		}
		if got := d.must(t, admin, eventsQuery, "direction", "ASC", "first", 1); got.actions() != "team.created" {
			t.Errorf("oldest first: %s", got.actions())
		}
		if got := d.must(t, admin, eventsQuery, "last", 1); got.actions() != "team.created" {
			t.Errorf("the last of the newest first: %s", got.actions())
		}
		var all []string
		var cursor any
		for {
			got := d.must(t, admin, eventsQuery, "first", 3, "after", cursor)
			all = append(all, strings.Fields(got.actions())...)
			if got.at("team.auditEvents.pageInfo.hasNextPage") == false {
				break
			}
			cursor = got.at("team.auditEvents.pageInfo.endCursor")
		}
		if len(all) != 8 || all[7] != "team.created" {
			t.Errorf("page by page: %v", all)
		}
		for name, filter := range map[string]map[string]any{"no id": {"actorId": "ada"}, "many": {"actions": strings.Fields(strings.Repeat("x ", 21))}} {
			if got := d.ask(t, admin, eventsQuery, "filter", filter); got.code() != "BAD_USER_INPUT" {
				t.Errorf("%s: %s", name, got.text)
			}
		}
		for name, ctx := range map[string]reply{"member": d.must(t, as(t, d.acme.viewer), eventsQuery)} {
			if ctx.at("team.auditEvents") != nil {
				t.Errorf("%s reads the history: %s", name, ctx.text)
			}
		}
		if got := d.ask(t, withKey(t, d.acme.admin, models.ScopeTeamRead), eventsQuery); got.code() != "FORBIDDEN" || !strings.Contains(got.text, "AUDIT_READ") {
			t.Errorf("a key without AUDIT_READ: %s", got.text)
		}
	})
}

// The operator reads what belongs to no team, and of teams that are gone.
func TestHistoryOfTheInstallation(t *testing.T) {
	const document = `query($t: ID) { auditEvents(teamId: $t, first: 2) { nodes { action team { slug } target { id } targetLabel details { name value } } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		if _, _, err := d.Credentials.CreateOperatorKey(operator(t), "ops"); err != nil {
			t.Fatal(err)
		}
		d.must(t, operator(t), document).want("auditEvents.nodes.0.action", "api_key.created")
		d.must(t, operator(t), fmt.Sprintf(`mutation { deleteTeam(input: {teamId: %q, confirmSlug: "acme"}) { deletedTeamId endedMemberships userErrors { code } } }`, d.acme.team.GlobalID()))
		got := d.must(t, operator(t), document, "t", d.acme.team.GlobalID())
		got.want("auditEvents.nodes.0.action", "team.deleted")
		got.want("auditEvents.nodes.0.team", nil)
		got.want("auditEvents.nodes.0.target", nil)
		got.want("auditEvents.nodes.0.targetLabel", "acme")
		d.must(t, operator(t), document, "t", "team_x").want("auditEvents", nil)
		for name, ctx := range map[string]reply{"admin": d.must(t, as(t, d.globex.admin), document), "key": d.must(t, withKey(t, d.globex.admin, allScopes...), document)} {
			if ctx.at("auditEvents") != nil {
				t.Errorf("%s reads the installation's history: %s", name, ctx.text)
			}
		}
	})
}

func TestLoginAttempts(t *testing.T) {
	const document = `query($f: LoginAttemptFilter) { team(slug: "acme") { loginAttempts(filter: $f) { totalCount nodes { id outcome code explanation advice idpInitiated nameIdMasked ip requestId team { slug }
		identityProvider { entityId } certificate { state } membership { user { email } } checks { name status expected actual trusted } } } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		e := d.estate(t)
		got := d.must(t, as(t, d.acme.admin), document)
		got.want("team.loginAttempts.totalCount", 1)
		got.want("team.loginAttempts.nodes.0.id", e.nodes["LoginAttempt"])
		got.want("team.loginAttempts.nodes.0.outcome", "REFUSED")
		got.want("team.loginAttempts.nodes.0.explanation", "The assertion is not meant for this team.")
		got.want("team.loginAttempts.nodes.0.identityProvider.entityId", d.idp.EntityID)
		got.want("team.loginAttempts.nodes.0.certificate.state", "ACTIVE")
		got.want("team.loginAttempts.nodes.0.membership.user.email", "mel@acme.test")
		got.want("team.loginAttempts.nodes.0.checks.0", "map[actual:https://b expected:https://a name:audience status:fail trusted:true]")
		got.want("team.loginAttempts.nodes.0.checks.1", "map[actual:<nil> expected:<nil> name:time status:skipped trusted:false]")
		now := d.clock.Now().Format(time.RFC3339)
		for _, c := range []struct {
			filter map[string]any
			n      int
		}{
			{map[string]any{"outcome": "REFUSED", "code": "audience_mismatch", "since": now}, 1}, {map[string]any{"outcome": "SUCCEEDED"}, 0},
			{map[string]any{"code": "x"}, 0}, {map[string]any{"until": now}, 0},
			{map[string]any{"kind": "SIGN_IN"}, 1}, {map[string]any{"kind": "LOGOUT"}, 0}, {map[string]any{"identityProviderId": e.nodes["IdentityProvider"]}, 1},
		} {
			d.must(t, as(t, d.acme.admin), document, "f", c.filter).want("team.loginAttempts.totalCount", c.n)
		}
		d.must(t, as(t, d.acme.member), document).want("team.loginAttempts", nil)
		d.must(t, as(t, d.globex.admin), document).want("team", nil)

		// What it points at may be gone.
		d.must(t, operator(t), fmt.Sprintf(opRemove, d.acme.member.GlobalID()))
		d.must(t, operator(t), fmt.Sprintf(`mutation { deleteIdentityProvider(input: {identityProviderId: %q}) { deletedIdentityProviderId userErrors { code } } }`, e.nodes["IdentityProvider"]))
		got = d.must(t, as(t, d.acme.admin), document)
		for _, field := range []string{"identityProvider", "certificate", "membership"} {
			got.want("team.loginAttempts.nodes.0."+field, nil)
		}
	})
}

// A provisioning client is an actor of its own.
func TestActorScim(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		token := d.must(t, operator(t), fmt.Sprintf(opCreateScimToken, d.acme.team.GlobalID()))
		who, err := d.Credentials.AuthenticateScim(t.Context(), token.str("createScimToken.secret"))
		if err != nil {
			t.Fatal(err)
		}
		scim := housetest.AsScim(request(t), d.acme.team.ID)
		if _, err := d.Roster.Deactivate(actAs(scim, who), d.acme.viewer.ID, ""); err != nil {
			t.Fatal(err)
		}
		got := d.must(t, as(t, d.acme.admin), eventsQuery, "first", 1)
		got.want("team.auditEvents.nodes.0.actorKind", "SCIM_TOKEN")
		got.want("team.auditEvents.nodes.0.actor.__typename", "ScimToken")
		got.want("team.auditEvents.nodes.0.target.__typename", "Membership")
	})
}
