package resolvers

import (
	"context"
	"testing"

	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
)

// provisioning runs what admins do about SCIM.
func (d *desk) provisioning(t *testing.T, admin context.Context) {
	t.Helper()
	scim := housetest.AsScim(t.Context(), d.acme.team.ID)
	bob, err := d.Roster.ProvisionScim(scim, d.acme.team.ID, roster.ScimUser{UserName: "bob", Email: "bob@scim.test", Active: true})
	if err != nil {
		t.Fatal(err)
	}
	group, err := d.Roster.CreateGroup(scim, d.acme.team.ID, roster.NewGroup{DisplayName: "Ops", Members: []roster.GroupRef{{ID: bob.ID}}})
	if err != nil {
		t.Fatal(err)
	}
	team := d.acme.team.GlobalID()
	set := d.must(t, admin, `mutation($t: ID!) { updateProvisioningSettings(input: {teamId: $t, dryRun: true, revision: 1}) {
		provisioningSettings { dryRun scimEnabled revision baseUrl callsLastDay errorRate lastCallAt team { slug } } userErrors { code } } }`, "t", team)
	set.want("updateProvisioningSettings.provisioningSettings.dryRun", true)
	set.want("updateProvisioningSettings.provisioningSettings.revision", 2)
	set.want("updateProvisioningSettings.provisioningSettings.baseUrl", baseURL+"/scim/acme/v2")
	set.want("updateProvisioningSettings.provisioningSettings.lastCallAt", nil)
	stale := d.ask(t, admin, `mutation($t: ID!) { updateProvisioningSettings(input: {teamId: $t, dryRun: false, revision: 1}) { userErrors { code field } } }`, "t", team)
	stale.want("updateProvisioningSettings.userErrors.0.code", "STALE_REVISION")

	mapped := d.must(t, admin, `mutation($g: ID!) { setGroupRoleMapping(input: {groupId: $g, role: VIEWER}) { groupRoleMapping { role group { displayName memberCount } } userErrors { code } } }`, "g", group.GlobalID())
	mapped.want("setGroupRoleMapping.groupRoleMapping.group.displayName", "Ops")
	mapped.want("setGroupRoleMapping.groupRoleMapping.group.memberCount", 1)
	if m, err := d.Roster.Membership(admin, bob.ID); err != nil || m.Role != models.RoleViewer || m.RoleSource != models.RoleByGroup {
		t.Errorf("bob is %s by %s, error %v", m.Role, m.RoleSource, err)
	}
	if err := d.Roster.RecordScimCalls(admin, []models.ScimCall{
		{ID: "01900000-0000-7000-8000-0000000000c1", TeamID: d.acme.team.ID, At: d.clock.Now(), Method: "GET", Resource: "/Users", Status: 200, Quirks: []string{}},
		{ID: "01900000-0000-7000-8000-0000000000c2", TeamID: d.acme.team.ID, At: d.clock.Now(), Method: "POST", Resource: "/Users", Status: 409, ScimType: "uniqueness", Body: "{}", Quirks: []string{"string boolean"}},
	}); err != nil {
		t.Fatal(err)
	}
	page := d.must(t, admin, `{ team(slug: "acme") { provisioningSettings { errorRate callsLastDay lastCallAt } groups { totalCount nodes { displayName externalId team { slug } } } groupRoleMappings { role group { displayName } }
		scimCalls(first: 1) { totalCount pageInfo { hasNextPage } nodes { method status scimType requestBody quirks durationUs dryRun userAgent detail } } } }`)
	page.want("team.provisioningSettings.errorRate", "0.5")
	page.want("team.provisioningSettings.callsLastDay", 2)
	page.want("team.groups.totalCount", 1)
	page.want("team.groupRoleMappings.0.group.displayName", "Ops")
	page.want("team.scimCalls.totalCount", 2)
	page.want("team.scimCalls.pageInfo.hasNextPage", true)
	page.want("team.scimCalls.nodes.0.scimType", "uniqueness")
	page.want("team.scimCalls.nodes.0.quirks", "[string boolean]")
	page.want("team.scimCalls.nodes.0.detail", nil)
	d.must(t, admin, `mutation($g: ID!) { removeGroupRoleMapping(input: {groupId: $g}) { group { displayName } userErrors { code } } }`, "g", group.GlobalID()).
		want("removeGroupRoleMapping.group.displayName", "Ops")
	old := d.must(t, admin, `mutation($t: ID!) { createScimToken(input: {teamId: $t, name: "old"}) { scimToken { id } userErrors { code } } }`, "t", team).str("createScimToken.scimToken.id")
	turned := d.must(t, admin, `mutation($s: ID!) { rotateScimToken(input: {scimTokenId: $s, overlapHours: 48}) { scimToken { id name } secret previous { id expiresAt } userErrors { code } } }`, "s", old)
	turned.want("rotateScimToken.scimToken.name", "old")
	turned.want("rotateScimToken.previous.expiresAt", "2026-03-04T09:00:00Z")
	if _, err := d.Credentials.AuthenticateScim(t.Context(), turned.str("rotateScimToken.secret")); err != nil {
		t.Error(err)
	}
	d.ask(t, admin, `mutation($s: ID!) { rotateScimToken(input: {scimTokenId: $s, overlapHours: 721}) { userErrors { field } } }`, "s", old).want("rotateScimToken.userErrors.0.field", "[overlapHours]")
}
