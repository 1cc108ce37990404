package resolvers

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"rollcall/access"
	"rollcall/credential"
	"rollcall/domain"
	"rollcall/internal/housetest"
	"rollcall/internal/idptest"
	"rollcall/invite"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// estate is one object of every type, all of team acme and of its member mel.
type estate struct {
	nodes map[string]string // type to id
	team  string
	cert  string
	// unwanted is a second certificate that waits for an admin's word.
	unwanted string
	// settled is a second conflict, which is to be dismissed.
	settled string
}

func (d *desk) estate(t *testing.T) estate {
	t.Helper()
	ctx, acme, mel := housetest.AsOperator(t.Context()), d.acme.team, d.acme.member
	idp, err := d.SSO.CreateIdentityProvider(ctx, sso.NewIdentityProvider{
		TeamID: acme.ID, EntityID: d.idp.EntityID, SsoURL: d.idp.SSOURL, Certificates: []string{d.idp.CertificatePEM()},
	})
	if err != nil {
		t.Fatal(err)
	}
	certs, err := d.SSO.CertificatesByProvider(ctx, []models.ID{idp.ID})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := d.SSO.Settings(ctx, acme.ID)
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := d.Credentials.CreateAPIKey(ctx, credential.NewAPIKey{TeamID: acme.ID, MembershipID: mel.ID, Name: "k", Scopes: []models.Scope{models.ScopeTeamRead}})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := d.Credentials.CreateScimToken(ctx, credential.NewScimToken{TeamID: acme.ID, Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	group, err := d.Roster.CreateGroup(housetest.AsScim(t.Context(), acme.ID), acme.ID, roster.NewGroup{DisplayName: "Ops"})
	if err != nil {
		t.Fatal(err)
	}
	mapping, err := d.Roster.SetGroupRoleMapping(ctx, group.ID, models.RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	provisioning, err := d.Roster.ProvisioningSettings(ctx, acme.ID)
	if err != nil {
		t.Fatal(err)
	}
	call := models.ScimCall{ID: models.ID("01900000-0000-7000-8000-0000000000ca"), TeamID: acme.ID, At: d.clock.Now(), Method: "GET", Resource: "/Users", Status: 200, Quirks: []string{}}
	if err := d.Roster.RecordScimCalls(ctx, []models.ScimCall{call}); err != nil {
		t.Fatal(err)
	}
	session, _ := d.session(t, mel)
	// The address of the metadata, and a certificate that waits behind it.
	imported, err := d.SSO.ImportMetadataURL(ctx, acme.ID, "https://idp.acme.test/metadata.xml")
	if err != nil || imported.IdentityProvider.ID != idp.ID {
		t.Fatalf("%v, %v", imported.IdentityProvider, err)
	}
	waiting := d.staged(t, imported.IdentityProvider)
	own, err := d.SSO.RotateServiceProviderKey(ctx, acme.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.SSO.RotateServiceProviderKey(ctx, acme.ID); err != nil {
		t.Fatal(err)
	}
	owned, err := d.Domains.Add(ctx, acme.ID, "acme.test")
	if err != nil {
		t.Fatal(err)
	}
	guests, err := d.Invitations.Create(ctx, acme.ID, []invite.New{{Email: "guest@example.com", Role: models.RoleMember}})
	if err != nil {
		t.Fatal(err)
	}
	proof := domain.ChallengeOf(owned)
	d.dns = zone{proof.Name + ".": {proof.Value}}
	test, err := d.SSO.StartLoginTest(ctx, acme.ID, &idp.ID)
	if err != nil {
		t.Fatal(err)
	}
	conflicts, upgrade := d.joining(t, idp)
	return estate{settled: conflicts[1].GlobalID(), team: acme.GlobalID(), unwanted: waiting[1].GlobalID(), cert: certs[idp.ID][0].GlobalID(), nodes: map[string]string{
		"Team": acme.GlobalID(), "User": mel.User.GlobalID(), "Membership": mel.GlobalID(), "ExternalIdentity": d.link(t, mel).GlobalID(),
		"SsoSettings": settings.GlobalID(), "IdentityProvider": idp.GlobalID(), "Certificate": certs[idp.ID][0].GlobalID(),
		"Session": session.GlobalID(), "ApiKey": key.GlobalID(), "ScimToken": token.GlobalID(),
		"AuditEvent": d.event(t, acme.ID).GlobalID(), "LoginAttempt": d.attempt(t, acme, mel, idp.ID, certs[idp.ID][0].ID).GlobalID(),
		"Group": group.GlobalID(), "GroupRoleMapping": mapping.GlobalID(), "ProvisioningSettings": provisioning.GlobalID(), "ScimCall": call.GlobalID(),
		"ServiceProviderKey": own.GlobalID(), "StagedCertificate": waiting[0].GlobalID(), "Domain": owned.GlobalID(), "Invitation": guests[0].GlobalID(), "Mail": d.mail(t, acme, mel, models.MailFailed).GlobalID(),
		"LoginTest":        test.GlobalID(),
		"IdentityConflict": conflicts[0].GlobalID(), "SsoUpgrade": upgrade.GlobalID(),
	}}
}

// enforceable has acme's admin ready for the day when the identity provider is
// down, and a test login passed, past the domain.
func (d *desk) enforceable(t *testing.T) {
	t.Helper()
	now, user := d.clock.Now(), d.acme.admin.UserID
	factor := models.SecondFactor{ID: user, UserID: user, Kind: models.FactorPasskey, Name: "key", SealedSecret: []byte{}, CredentialID: []byte{1}, CreatedAt: now, ConfirmedAt: &now}
	if err := d.db.Read(t.Context()).Create(&factor).Error; err != nil {
		t.Fatal(err)
	}
	if err := d.db.Read(t.Context()).Model(&models.SsoSettings{}).Where("team_id = ?", d.acme.team.ID).Update("tested_at", now).Error; err != nil {
		t.Fatal(err)
	}
}

// joining is what sign-ins left at acme: two conflicts about the viewer, who gave
// their account into the team's care, and an invitation of the member's.
func (d *desk) joining(t *testing.T, idp models.IdentityProvider) ([]models.IdentityConflict, models.SsoUpgrade) {
	t.Helper()
	now := d.clock.Now()
	conflict := models.IdentityConflict{
		ID: "01900000-0000-7000-8000-0000000000c1", TeamID: d.acme.team.ID, MembershipID: d.acme.viewer.ID, IdentityProviderID: idp.ID,
		Kind: models.ConflictNameID, Issuer: idp.EntityID, NameID: "viewer-1", Times: 1, FirstAt: now, LastAt: now, Resolution: models.ConflictOpen,
	}
	other := conflict
	other.ID, other.NameID = "01900000-0000-7000-8000-0000000000c2", "viewer-2"
	before := now.AddDate(0, 0, -2)
	upgrade := models.SsoUpgrade{
		ID: "01900000-0000-7000-8000-0000000000c3", TeamID: d.acme.team.ID, UserID: d.acme.member.UserID, State: models.UpgradeInvited,
		InvitedAt: &before, CreatedAt: before, UpdatedAt: before,
	}
	err := errors.Join(d.db.Read(t.Context()).Create(&conflict).Error, d.db.Read(t.Context()).Create(&other).Error, d.db.Read(t.Context()).Create(&upgrade).Error,
		d.db.Read(t.Context()).Model(&models.Membership{}).Where("id = ?", d.acme.viewer.ID).Update("sso_linked_at", now).Error)
	if err != nil {
		t.Fatal(err)
	}
	return []models.IdentityConflict{conflict, other}, upgrade
}

var allScopes = models.Scopes

// Who sees which type of acme's objects by its id. Whoever is not named in a
// row sees null, the same null as for an id that does not exist.
func TestNodesByCaller(t *testing.T) {
	everybody := []string{"operator", "admin", "member", "viewer", "key", "admin key"}
	sees := map[string][]string{
		"Team":             everybody,
		"User":             everybody,
		"Membership":       everybody,
		"ExternalIdentity": everybody,
		"SsoSettings":      {"operator", "admin", "admin key"},
		"IdentityProvider": {"operator", "admin", "admin key"},
		"Certificate":      {"operator", "admin", "admin key"},
		"ScimToken":        {"operator", "admin", "admin key"},
		"Session":          {"operator", "admin", "admin key", "member", "key"}, // mel's own
		"AuditEvent":       {"operator", "admin", "admin key"},
		"LoginAttempt":     {"operator", "admin", "admin key"},
		"ApiKey":           {"operator", "admin", "admin key", "member", "key"}, // mel's own
		"Group":            everybody,
		"GroupRoleMapping": {"operator", "admin", "admin key"},
		"ScimCall":         {"operator", "admin", "admin key"},

		"IdentityConflict":     {"operator", "admin", "admin key"},
		"SsoUpgrade":           {"operator", "admin", "admin key"},
		"ProvisioningSettings": {"operator", "admin", "admin key"},
		"ServiceProviderKey":   {"operator", "admin", "admin key"},
		"StagedCertificate":    {"operator", "admin", "admin key"},
		"Mail":                 {"operator", "admin", "admin key"},
		"Domain":               {"operator", "admin", "admin key"},
		"Invitation":           {"operator", "admin", "admin key"},
		"LoginTest":            {"operator", "admin", "admin key"},
	}
	eachDesk(t, func(t *testing.T, d *desk) {
		e := d.estate(t)
		callers := map[string]context.Context{
			"operator": operator(t), "admin": as(t, d.acme.admin), "member": as(t, d.acme.member), "viewer": as(t, d.acme.viewer),
			"key": withKey(t, d.acme.member, allScopes...), "admin key": withKey(t, d.acme.admin, allScopes...),
			"key without scopes": withKey(t, d.acme.admin), "other admin": as(t, d.globex.admin), "other key": withKey(t, d.globex.admin, allScopes...),
			"other member": as(t, d.globex.member), "other viewer": as(t, d.globex.viewer),
		}
		for typ, id := range e.nodes {
			for name, ctx := range callers {
				want := false
				for _, who := range sees[typ] {
					want = want || who == name
				}
				got := d.ask(t, ctx, `query($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id, "team_x"]) { id } }`, "id", id)
				if len(got.errors) > 0 || got.status != 200 {
					t.Errorf("%s asks for %s: %s", name, typ, got.text)
					continue
				}
				node, _ := got.at("node").(map[string]any)
				if seen := node != nil; seen != want {
					t.Errorf("%s sees %s: %v", name, typ, seen)
				} else if want && (node["__typename"] != typ || node["id"] != id) {
					t.Errorf("%s asks for %s: %s", name, typ, got.text)
				}
				if both := got.at("nodes.0") != nil; both != want || got.at("nodes.1") != nil {
					t.Errorf("nodes differs from node: %s", got.text)
				}
			}
		}
		d.must(t, operator(t), `{ node(id: "team_x") { id } }`).want("node", nil)
		d.must(t, operator(t), fmt.Sprintf(`{ node(id: %q) { id } }`, "evt"+e.team[4:])).want("node", nil)
		if got := d.ask(t, operator(t), `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, "ids", strings.Split(strings.Repeat("x", 21), "")); got.code() != "BAD_USER_INPUT" {
			t.Errorf("21 ids: %s", got.text)
		}
	})
}

// mutations are all of them, aimed at acme.
func (e estate) mutations(t *testing.T, d *desk) map[string]string {
	next, err := idptest.NewECDSA("https://x.test", "https://x.test/sso", d.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	of := func(format string, args ...any) string { return fmt.Sprintf(format, args...) }
	return map[string]string{
		"createTeam":                 opCreateTeam,
		"addDomain":                  of(`mutation { addDomain(input: {teamId: %q, name: "example.com"}) { domain { id } userErrors { code field message } } }`, e.team),
		"verifyDomain":               of(`mutation { verifyDomain(input: {domainId: %q}) { domain { id } userErrors { code field message } } }`, e.nodes["Domain"]),
		"removeDomain":               of(`mutation { removeDomain(input: {domainId: %q}) { deletedDomainId userErrors { code field message } } }`, e.nodes["Domain"]),
		"createInvitations":          of(`mutation { createInvitations(input: {teamId: %q, invitations: [{email: "new@example.com"}]}) { invitations { id } userErrors { code field message } } }`, e.team),
		"resendInvitation":           of(`mutation { resendInvitation(input: {invitationId: %q}) { invitation { id } userErrors { code field message } } }`, e.nodes["Invitation"]),
		"revokeInvitation":           of(`mutation { revokeInvitation(input: {invitationId: %q}) { invitation { id } userErrors { code field message } } }`, e.nodes["Invitation"]),
		"updateSsoSettings":          of(opUpdateSettings, e.team),
		"createIdentityProvider":     of(opCreateProvider, e.team, next.CertificatePEM()),
		"importMetadata":             of(opImportMetadata, e.team, next.Metadata()),
		"addCertificate":             of(opAddCertificate, e.nodes["IdentityProvider"], next.CertificatePEM()),
		"removeCertificate":          of(opRemoveCertificate, e.cert),
		"enableSso":                  of(opEnableSso, e.team),
		"createMembership":           of(`mutation { createMembership(input: {teamId: %q, kind: INTEGRATION, name: "Deploy bot"}) { membership { id } userErrors { code field message } } }`, e.team),
		"updateMembership":           of(`mutation { updateMembership(input: {membershipId: %q, role: ADMIN}) { membership { id } userErrors { code field message } } }`, e.nodes["Membership"]),
		"deactivateMembership":       of(opDeactivate, e.nodes["Membership"]),
		"sendPasswordReset":          of(opSendPasswordReset, d.acme.admin.GlobalID()),
		"reactivateMembership":       of(`mutation { reactivateMembership(input: {membershipId: %q}) { membership { id } userErrors { code field message } } }`, e.nodes["Membership"]),
		"removeMembership":           of(opRemove, e.nodes["Membership"]),
		"createApiKey":               of(opCreateKey, e.team, d.acme.admin.GlobalID()),
		"revokeApiKey":               of(`mutation { revokeApiKey(input: {apiKeyId: %q}) { apiKey { id } userErrors { code field message } } }`, e.nodes["ApiKey"]),
		"createScimToken":            of(opCreateScimToken, e.team),
		"updateTeam":                 of(`mutation { updateTeam(input: {teamId: %q, name: "Acme!"}) { team { name } userErrors { code field message } } }`, e.team),
		"deleteTeam":                 of(`mutation { deleteTeam(input: {teamId: %q, confirmSlug: "acme"}) { deletedTeamId userErrors { code field message } } }`, e.team),
		"allowReturn":                of(`mutation { allowReturn(input: {teamId: %q, email: "mel@acme.test"}) { team { id } userErrors { code field message } } }`, e.team),
		"unlinkExternalIdentity":     of(`mutation { unlinkExternalIdentity(input: {externalIdentityId: %q}) { deletedExternalIdentityId userErrors { code field message } } }`, e.nodes["ExternalIdentity"]),
		"revokeMemberSessions":       of(`mutation { revokeMemberSessions(input: {membershipId: %q}) { endedSessions userErrors { code field message } } }`, d.acme.admin.GlobalID()),
		"revokeSession":              of(`mutation { revokeSession(input: {sessionId: %q}) { session { id } userErrors { code field message } } }`, e.nodes["Session"]),
		"updateApiKey":               of(`mutation { updateApiKey(input: {apiKeyId: %q, name: "n"}) { apiKey { id } userErrors { code field message } } }`, e.nodes["ApiKey"]),
		"rotateApiKey":               of(`mutation { rotateApiKey(input: {apiKeyId: %q}) { apiKey { id } userErrors { code field message } } }`, e.nodes["ApiKey"]),
		"disableSso":                 of(`mutation { disableSso(input: {teamId: %q}) { ssoSettings { id } userErrors { code field message } } }`, e.team),
		"deleteSsoSettings":          of(`mutation { deleteSsoSettings(input: {teamId: %q}) { ssoSettings { id } userErrors { code field message } } }`, e.team),
		"updateIdentityProvider":     of(`mutation { updateIdentityProvider(input: {identityProviderId: %q, vendor: OKTA}) { identityProvider { id } userErrors { code field message } } }`, e.nodes["IdentityProvider"]),
		"deleteIdentityProvider":     of(`mutation { deleteIdentityProvider(input: {identityProviderId: %q}) { deletedIdentityProviderId userErrors { code field message } } }`, e.nodes["IdentityProvider"]),
		"previewMetadata":            of(`mutation($x: String!) { previewMetadata(input: {teamId: %q, xml: $x}) { preview { entityId } userErrors { code field message } } }`, e.team),
		"revokeScimToken":            of(`mutation { revokeScimToken(input: {scimTokenId: %q}) { scimToken { id } userErrors { code field message } } }`, e.nodes["ScimToken"]),
		"rotateScimToken":            of(`mutation { rotateScimToken(input: {scimTokenId: %q}) { scimToken { id } userErrors { code field message } } }`, e.nodes["ScimToken"]),
		"setGroupRoleMapping":        of(`mutation { setGroupRoleMapping(input: {groupId: %q, role: ADMIN}) { groupRoleMapping { id } userErrors { code field message } } }`, e.nodes["Group"]),
		"removeGroupRoleMapping":     of(`mutation { removeGroupRoleMapping(input: {groupId: %q}) { group { id } userErrors { code field message } } }`, e.nodes["Group"]),
		"rotateServiceProviderKey":   of(`mutation { rotateServiceProviderKey(input: {teamId: %q}) { serviceProviderKey { id } userErrors { code field message } } }`, e.team),
		"retireServiceProviderKey":   of(`mutation { retireServiceProviderKey(input: {serviceProviderKeyId: %q}) { deletedServiceProviderKeyId userErrors { code field message } } }`, e.nodes["ServiceProviderKey"]),
		"refreshMetadata":            of(`mutation { refreshMetadata(input: {identityProviderId: %q}) { identityProvider { id } userErrors { code field message } } }`, e.nodes["IdentityProvider"]),
		"forgetMetadataUrl":          of(`mutation { forgetMetadataUrl(input: {identityProviderId: %q}) { identityProvider { id } userErrors { code field message } } }`, e.nodes["IdentityProvider"]),
		"acceptCertificate":          of(`mutation { acceptCertificate(input: {stagedCertificateId: %q}) { certificate { id } userErrors { code field message } } }`, e.nodes["StagedCertificate"]),
		"dismissCertificate":         of(`mutation { dismissCertificate(input: {stagedCertificateId: %q}) { dismissedCertificateId userErrors { code field message } } }`, e.unwanted),
		"updateNotificationSettings": of(`mutation { updateNotificationSettings(input: {teamId: %q, language: "ja"}) { notificationSettings { language } userErrors { code field message } } }`, e.team),
		"startLoginTest":             of(`mutation { startLoginTest(input: {teamId: %q}) { loginTest { id state url } userErrors { code field message } } }`, e.team),
		"regenerateRecoveryCodes":    of(`mutation { regenerateRecoveryCodes(input: {teamId: %q}) { codes userErrors { code field message } } }`, e.team),
		"enforceSso":                 of(`mutation { enforceSso(input: {teamId: %q}) { ssoSettings { state } endedSessions userErrors { code field message } } }`, e.team),
		"relaxSso":                   of(`mutation { relaxSso(input: {teamId: %q}) { ssoSettings { state } userErrors { code field message } } }`, e.team),
		"allowSsoBypass":             of(`mutation { allowSsoBypass(input: {membershipId: %q}) { membership { id } userErrors { code field message } } }`, e.nodes["Membership"]),
		"disallowSsoBypass":          of(`mutation { disallowSsoBypass(input: {membershipId: %q}) { membership { id } userErrors { code field message } } }`, e.nodes["Membership"]),
		"setRoleRules":               of(`mutation { setRoleRules(input: {teamId: %q, rules: [{kind: GROUP, attribute: "groups", value: "ops", role: ADMIN}]}) { ssoSettings { roleRules { position value } } userErrors { code field message } } }`, e.team),
		"previewRoleRules":           of(`mutation { previewRoleRules(input: {teamId: %q, rules: [{kind: ATTRIBUTE, attribute: "department", value: "Legal", role: VIEWER}]}) { preview { unknownCount changes { from to count } effects { membership { id user { email } } role roleSource } pageInfo { hasNextPage } } userErrors { code field message } } }`, e.team),
		"relinkExternalIdentity":     of(`mutation { relinkExternalIdentity(input: {identityConflictId: %q}) { identityConflict { resolution } membership { externalIdentity { nameId } } endedSessions userErrors { code field message } } }`, e.nodes["IdentityConflict"]),
		"dismissIdentityConflict":    of(`mutation { dismissIdentityConflict(input: {identityConflictId: %q}) { identityConflict { resolution resolvedBy } userErrors { code field message } } }`, e.settled),
		"inviteToSso":                of(`mutation { inviteToSso(input: {membershipIds: [%q]}) { memberships { upgrade { state invitedAt } } userErrors { code field message } } }`, d.acme.admin.GlobalID()),
		"remindToSso":                of(`mutation { remindToSso(input: {membershipIds: [%q]}) { memberships { upgrade { state remindedAt } } userErrors { code field message } } }`, e.nodes["Membership"]),
		"announceSso":                of(`mutation { announceSso(input: {teamId: %q}) { people userErrors { code field message } } }`, e.team),
		"updateProvisioningSettings": of(`mutation { updateProvisioningSettings(input: {teamId: %q, dryRun: true}) { provisioningSettings { id } userErrors { code field message } } }`, e.team),
	}
}

// Nobody but acme's admins and the operator changes anything of acme: members
// and viewers are forbidden it, keys without the scope too, and to everybody
// else acme's objects do not exist. Nothing is written, and no audit event.
func TestMutationsByOthers(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		e := d.estate(t)
		mutations := e.mutations(t, d)
		for _, f := range contractMutations() {
			// What changes the caller and nobody else has a test of its own.
			// So has what a link in a mail is enough for.
			if mutations[f] == "" && f != "updateViewer" && f != "acceptInvitation" {
				t.Fatalf("%s is not tested", f)
			}
		}
		var before, after int64
		events := func() (n int64) {
			if err := d.db.Read(t.Context()).Model(&models.AuditEvent{}).Count(&n).Error; err != nil {
				t.Fatal(err)
			}
			return n
		}
		before = events()
		for caller, c := range map[string]struct {
			ctx   context.Context
			other bool // of another team: acme is unknown to them
		}{
			"other admin":        {as(t, d.globex.admin), true},
			"other member":       {as(t, d.globex.member), true},
			"other viewer":       {as(t, d.globex.viewer), true},
			"other admin's key":  {withKey(t, d.globex.admin, allScopes...), true},
			"member":             {as(t, d.acme.member), false},
			"viewer":             {as(t, d.acme.viewer), false},
			"key without scopes": {withKey(t, d.acme.admin), false},
			"reading key":        {withKey(t, d.acme.admin, models.ScopeTeamRead, models.ScopeMembershipRead, models.ScopeSsoRead, models.ScopeAuditRead), false},
		} {
			for name, document := range mutations {
				if own := map[string]bool{"revokeApiKey": true, "updateApiKey": true, "rotateApiKey": true, "revokeSession": true}; own[name] && caller == "member" {
					continue // they are mel's own
				}
				var variables []any
				if name == "previewMetadata" {
					variables = []any{"x", string(d.idp.Metadata())}
				}
				got := d.ask(t, c.ctx, document, variables...)
				switch {
				case name == "createTeam" || !c.other:
					if got.code() != "FORBIDDEN" || got.data != nil {
						t.Errorf("%s, %s: %d %s", caller, name, got.status, got.text)
					}
				case !strings.HasPrefix(got.userError(), "NOT_FOUND ") || len(got.errors) > 0:
					t.Errorf("%s, %s: %d %s", caller, name, got.status, got.text)
				}
			}
			if after = events(); after != before {
				t.Fatalf("%s left %d audit events", caller, after-before)
			}
		}
		// The operator may do each of them; in an order in which they can work.
		for _, name := range []string{"createTeam", "updateTeam", "updateSsoSettings", "retireServiceProviderKey", "rotateServiceProviderKey",
			"refreshMetadata", "acceptCertificate", "dismissCertificate", "updateNotificationSettings", "forgetMetadataUrl", "createIdentityProvider", "addCertificate", "removeCertificate", "importMetadata",
			"startLoginTest", "enableSso", "regenerateRecoveryCodes", "allowSsoBypass", "disallowSsoBypass", "enforceSso", "relaxSso", "announceSso", "inviteToSso", "remindToSso", "setRoleRules", "previewRoleRules", "relinkExternalIdentity", "dismissIdentityConflict", "disableSso", "updateIdentityProvider", "deleteIdentityProvider", "previewMetadata", "deleteSsoSettings",
			"createMembership", "updateMembership", "revokeMemberSessions", "revokeSession", "createApiKey", "updateApiKey", "rotateApiKey", "revokeApiKey",
			"sendPasswordReset", "unlinkExternalIdentity", "deactivateMembership", "reactivateMembership", "createScimToken",
			"addDomain", "verifyDomain", "removeDomain", "createInvitations", "resendInvitation", "revokeInvitation",
			"rotateScimToken", "revokeScimToken", "setGroupRoleMapping", "removeGroupRoleMapping", "updateProvisioningSettings", "removeMembership", "allowReturn", "deleteTeam"} {
			var variables []any
			if name == "previewMetadata" {
				variables = []any{"x", string(d.idp.Metadata())}
			}
			if name == "enforceSso" {
				d.enforceable(t)
			}
			d.must(t, operator(t), mutations[name], variables...)
			delete(mutations, name)
		}
		for name := range mutations {
			t.Errorf("%s is not tried by the operator", name)
		}
	})
}

// Lists, look-ups and fields show other teams nothing either.
func TestReadsOfOthers(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.estate(t)
		for name, ctx := range map[string]context.Context{"other admin": as(t, d.globex.admin), "other key": withKey(t, d.globex.admin, allScopes...)} {
			got := d.must(t, ctx, `{ team(slug: "acme") { id } nowhere: team(slug: "nowhere") { id } teams { totalCount nodes { slug } } }`)
			got.want("team", nil)
			got.want("nowhere", nil)
			got.want("teams.totalCount", 1)
			got.want("teams.nodes", "[map[slug:globex]]")
			if strings.Contains(got.text, "acme") {
				t.Errorf("%s sees %s", name, got.text)
			}
		}
		d.must(t, operator(t), `{ teams { totalCount nodes { slug } } }`).want("teams.nodes", "[map[slug:acme] map[slug:globex]]")

		fields := `{ team(slug: "acme") { slug ssoSettings { state } scimTokens { name } viewerPermissions { readSso writeMemberships writeOwnApiKeys } } }`
		for name, ctx := range map[string]context.Context{"member": as(t, d.acme.member), "viewer": as(t, d.acme.viewer)} {
			got := d.must(t, ctx, fields)
			if got.at("team.ssoSettings") != nil || got.at("team.scimTokens") != nil {
				t.Errorf("%s sees %s", name, got.text)
			}
			got.want("team.viewerPermissions", "map[readSso:false writeMemberships:false writeOwnApiKeys:true]")
		}
		got := d.must(t, as(t, d.acme.admin), fields)
		got.want("team.ssoSettings.state", "DRAFT")
		got.want("team.scimTokens.0.name", "s")
		got.want("team.viewerPermissions", "map[readSso:true writeMemberships:true writeOwnApiKeys:true]")

		// A key without the scope is told which one it lacks; without TEAM_READ it
		// learns nothing of which teams there are.
		key := withKey(t, d.acme.admin, models.ScopeTeamRead)
		got = d.ask(t, key, fields)
		if got.code() != "FORBIDDEN" || !strings.Contains(got.text, "SSO_READ") || got.at("team.ssoSettings") != nil || got.str("team.slug") != "acme" {
			t.Errorf("a key without SSO_READ: %s", got.text)
		}
		if got = d.ask(t, key, `{ team(slug: "acme") { memberships { nodes { id } } } }`); got.code() != "FORBIDDEN" || got.at("team") != nil {
			t.Errorf("a key without MEMBERSHIP_READ: %s", got.text)
		}
		var answers []string
		for _, slug := range []string{"acme", "globex", "nowhere"} {
			answers = append(answers, d.ask(t, withKey(t, d.acme.admin, models.ScopeSsoRead), fmt.Sprintf(`{ team(slug: %q) { id } }`, slug)).text)
		}
		if answers[0] != answers[1] || answers[1] != answers[2] || !strings.Contains(answers[0], "TEAM_READ") {
			t.Errorf("a key without TEAM_READ is told %q", answers)
		}
	})
}

// A session or key that the door does not know of: nobody is behind the request.
func TestNobody(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		e := d.estate(t)
		d.must(t, request(t), `{ viewer { kind } }`).want("viewer", nil)
		for _, document := range []string{opTeam, fmt.Sprintf(`{ node(id: %q) { id } }`, e.team), fmt.Sprintf(opRemove, e.nodes["Membership"]), `{ teams { totalCount } }`} {
			if got := d.ask(t, request(t), document); got.status != 401 || got.code() != "UNAUTHENTICATED" || got.data != nil {
				t.Errorf("%s: %d %s", document, got.status, got.text)
			}
		}
		if got := d.ask(t, housetest.AsScim(request(t), d.acme.team.ID), opTeam); got.status != 403 || got.data != nil {
			t.Errorf("a SCIM token: %d %s", got.status, got.text)
		}
	})
}

func TestViewerPermissionsNameEveryField(t *testing.T) {
	admin := access.Actor{Kind: access.Person, TeamID: "t", MembershipID: "m", Role: models.RoleAdmin}
	all, none := permissions(admin, "t"), permissions(admin, "other")
	v, n := reflect.ValueOf(*all), reflect.ValueOf(*none)
	named := map[string]bool{}
	for _, c := range permissionChecks(access.With(t.Context(), admin), "t") {
		named[c.Permission] = c.Allowed
		if c.Allowed != (c.Code == nil) || c.Allowed != (c.Message == nil) {
			t.Errorf("%+v", c)
		}
	}
	fields := 0
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type.Kind() != reflect.Bool {
			continue
		}
		fields++
		name := strings.Split(f.Tag.Get("json"), ",")[0]
		if want := name != "manageTeam"; v.Field(i).Bool() != want || named[name] != want {
			t.Errorf("an admin has %s: %v, %v", name, v.Field(i).Bool(), named[name])
		}
		if n.Field(i).Bool() {
			t.Errorf("an admin of another team has %s", name)
		}
	}
	if fields != len(named) {
		t.Errorf("%d permissions and %d checks", fields, len(named))
	}
}
