package resolvers

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/access"
	"rollcall/internal/idptest"
	"rollcall/models"
)

// The operations of the published interface, word for word but for the ids and
// documents that a client puts in. Scripts are written against these texts.
const (
	opCreateTeam        = `mutation { createTeam(input: {slug: "initech", name: "Initech", plan: ENTERPRISE}) { team { id slug } userErrors { code field message } } }`
	opImportMetadata    = `mutation { importMetadata(input: {teamId: %q, xml: %q}) { identityProvider { id entityId certificates { id } } userErrors { code field message } } }`
	opCreateProvider    = `mutation { createIdentityProvider(input: {teamId: %q, entityId: "https://second.test", ssoUrl: "https://second.test/sso", certificates: [%q], vendor: OKTA}) { identityProvider { id } userErrors { code field message } } }`
	opAddCertificate    = `mutation { addCertificate(input: {identityProviderId: %q, certificate: %q}) { certificate { id fingerprintSha256 notBefore notAfter state } userErrors { code field message } } }`
	opRemoveCertificate = `mutation { removeCertificate(input: {certificateId: %q}) { deletedCertificateId userErrors { code field message } } }`
	opUpdateSettings    = `mutation { updateSsoSettings(input: {teamId: %q, defaultRole: MEMBER, idpInitiatedEnabled: true}) { ssoSettings { state revision } userErrors { code field message } } }`
	opEnableSso         = `mutation { enableSso(input: {teamId: %q, skipLoginTest: true}) { ssoSettings { state loginUrl } userErrors { code field message } } }`
	opCreateScimToken   = `mutation { createScimToken(input: {teamId: %q, name: "okta"}) { scimToken { id prefix } secret baseUrl userErrors { code field message } } }`
	opCreateKey         = `mutation { createApiKey(input: {teamId: %q, membershipId: %q, name: "ci", scopes: [TEAM_READ]}) { apiKey { id prefix expiresAt } secret userErrors { code field message } } }`
	opDeactivate        = `mutation { deactivateMembership(input: {membershipId: %q}) { membership { status } userErrors { code field message } } }`
	opSendPasswordReset = `mutation { sendPasswordReset(input: {membershipId: %q}) { membership { id } userErrors { code field message } } }`
	opRemove            = `mutation { removeMembership(input: {membershipId: %q}) { deletedMembershipId userErrors { code field message } } }`
	opViewer            = `query { viewer { user { id email } session { team { slug } nameId } } }`
	opTeam              = `query { team(slug: "acme") { id plan memberships(first: 50) { totalCount pageInfo { hasNextPage endCursor }
          nodes { id role status source roleSource user { id email name } externalIdentity { nameId } } }
        ssoSettings { state defaultRole loginUrl serviceProvider { entityId acsUrl loginUrl metadataUrl }
          identityProviders { id entityId ssoUrl certificates { id fingerprintSha256 notAfter state lastUsedAt } } } } }`
)

// The main job, from an empty team to a removed member, by these operations.
func TestPublishedOperations(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		made := d.must(t, operator(t), opCreateTeam)
		made.want("createTeam.team.slug", "initech")
		if id := made.str("createTeam.team.id"); !strings.HasPrefix(id, "team_") {
			t.Errorf("the id of a team is %s", id)
		}

		acme, admin := d.acme.team.GlobalID(), as(t, d.acme.admin)
		imported := d.must(t, admin, fmt.Sprintf(opImportMetadata, acme, d.idp.Metadata()))
		imported.want("importMetadata.identityProvider.entityId", d.idp.EntityID)
		first := imported.str("importMetadata.identityProvider.id")
		oldCert := imported.str("importMetadata.identityProvider.certificates.0.id")

		next, err := idptest.NewECDSA("https://next.test", "https://next.test/sso", d.clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		d.must(t, admin, fmt.Sprintf(opCreateProvider, acme, next.CertificatePEM()))
		added := d.must(t, admin, fmt.Sprintf(opAddCertificate, first, next.CertificatePEM()))
		added.want("addCertificate.certificate.state", "ACTIVE")
		added.want("addCertificate.certificate.notBefore", next.Certificate.NotBefore.UTC().Format("2006-01-02T15:04:05Z"))
		d.must(t, admin, fmt.Sprintf(opRemoveCertificate, oldCert)).want("removeCertificate.deletedCertificateId", oldCert)
		d.must(t, admin, fmt.Sprintf(opUpdateSettings, acme)).want("updateSsoSettings.ssoSettings.state", "DRAFT")
		enabled := d.must(t, operator(t), fmt.Sprintf(opEnableSso, acme))
		enabled.want("enableSso.ssoSettings.state", "ENABLED")
		enabled.want("enableSso.ssoSettings.loginUrl", baseURL+"/saml/acme/init")

		token := d.must(t, admin, fmt.Sprintf(opCreateScimToken, acme))
		token.want("createScimToken.baseUrl", baseURL+"/scim/acme/v2")
		if _, err := d.Credentials.AuthenticateScim(t.Context(), token.str("createScimToken.secret")); err != nil {
			t.Errorf("the new SCIM token: %v", err)
		}
		mel := d.acme.member.GlobalID()
		key := d.must(t, admin, fmt.Sprintf(opCreateKey, acme, mel))
		secret := key.str("createApiKey.secret")
		actor, err := d.Credentials.Authenticate(t.Context(), secret)
		if err != nil {
			t.Fatalf("the new key: %v", err)
		}

		page := d.must(t, admin, opTeam)
		page.want("team.memberships.totalCount", 3)
		page.want("team.memberships.nodes.1.user.email", "mel@acme.test")
		page.want("team.memberships.nodes.1.externalIdentity", nil)
		page.want("team.ssoSettings.serviceProvider.acsUrl", baseURL+"/saml/acme/finalize")
		page.want("team.ssoSettings.identityProviders.0.certificates.0.lastUsedAt", nil)

		session, _ := d.session(t, d.acme.member)
		person := access.From(as(t, d.acme.member))
		person.CredentialID = session.ID
		seen := d.must(t, access.With(request(t), person), opViewer)
		seen.want("viewer.user.email", "mel@acme.test")
		seen.want("viewer.session.team.slug", "acme")
		seen.want("viewer.session.nameId", "mel@acme.test")
		byKey := d.must(t, access.With(request(t), actor), opViewer)
		byKey.want("viewer.user.email", "mel@acme.test")
		byKey.want("viewer.session", nil)

		d.must(t, admin, fmt.Sprintf(opDeactivate, mel)).want("deactivateMembership.membership.status", "DEACTIVATED")
		if _, err := d.Credentials.Authenticate(t.Context(), secret); err == nil {
			t.Error("the key of a deactivated member works")
		}
		d.must(t, admin, fmt.Sprintf(opRemove, mel)).want("removeMembership.deletedMembershipId", mel)
		d.must(t, admin, opTeam).want("team.memberships.totalCount", 2)

		d.heard.MustNotHold(t, secret, token.str("createScimToken.secret"))
	})
}

// The rest of the mutations, and what their payloads bring along.
func TestOtherMutations(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		admin, mel := as(t, d.acme.admin), d.acme.member.GlobalID()
		robot := d.must(t, admin, `mutation($t: ID!) { createMembership(input: {teamId: $t, kind: INTEGRATION, name: "Deploy bot", clientMutationId: "c0"}) {
			membership { id role source status underSso user { kind name origin } } userErrors { code } clientMutationId } }`, "t", d.acme.team.GlobalID())
		robot.want("createMembership.membership.user", "map[kind:INTEGRATION name:Deploy bot origin:DIRECT]")
		robot.want("createMembership.membership.role", "MEMBER")
		robot.want("createMembership.clientMutationId", "c0")
		refused := d.ask(t, admin, `mutation($t: ID!) { createMembership(input: {teamId: $t, email: "x@elsewhere.test"}) { membership { id } userErrors { code field } } }`, "t", d.acme.team.GlobalID())
		if got := refused.userError(); got != "DOMAIN_UNVERIFIED email" {
			t.Errorf("an address elsewhere: %s", refused.text)
		}
		d.must(t, admin, `mutation($t: ID!, $m: ID!) { createApiKey(input: {teamId: $t, membershipId: $m, name: "ci", scopes: [TEAM_READ]}) { apiKey { expiresAt } userErrors { code } } }`,
			"t", d.acme.team.GlobalID(), "m", robot.str("createMembership.membership.id")).want("createApiKey.apiKey.expiresAt", nil)

		got := d.must(t, admin, `mutation($m: ID!) { updateMembership(input: {membershipId: $m, role: VIEWER, revision: 1, clientMutationId: "c1"}) {
			membership { role roleSource revision team { slug } user { email } } userErrors { code } clientMutationId } }`, "m", mel)
		got.want("updateMembership.membership.role", "VIEWER")
		got.want("updateMembership.membership.roleSource", "MANUAL")
		got.want("updateMembership.membership.revision", 2)
		got.want("updateMembership.membership.team.slug", "acme")
		got.want("updateMembership.clientMutationId", "c1")

		d.session(t, d.acme.member)
		got = d.must(t, admin, `mutation($m: ID!) { deactivateMembership(input: {membershipId: $m, reason: "left"}) {
			membership { status deactivatedReason deactivatedAt lastSeenAt } userErrors { code } } }`, "m", mel)
		got.want("deactivateMembership.membership.deactivatedReason", "left")
		got.want("deactivateMembership.membership.deactivatedAt", "2026-03-02T09:00:00Z")
		got = d.must(t, admin, `mutation($m: ID!) { reactivateMembership(input: {membershipId: $m}) { membership { status deactivatedReason deactivatedAt } userErrors { code } } }`, "m", mel)
		got.want("reactivateMembership.membership.status", "ACTIVE")
		got.want("reactivateMembership.membership.deactivatedReason", nil)

		d.session(t, d.acme.member)
		key := d.must(t, admin, `mutation($t: ID!, $m: ID!) { createApiKey(input: {teamId: $t, membershipId: $m, name: "a", scopes: [TEAM_READ, MEMBERSHIP_READ]}) {
			apiKey { id scopes operator createdBy user { email } team { slug } revokedAt } userErrors { code } } }`, "t", d.acme.team.GlobalID(), "m", mel)
		key.want("createApiKey.apiKey.scopes", "[TEAM_READ MEMBERSHIP_READ]")
		key.want("createApiKey.apiKey.user.email", "mel@acme.test")
		key.want("createApiKey.apiKey.createdBy", "ada@acme.test")
		d.must(t, admin, `mutation($t: ID!, $m: ID!) { createApiKey(input: {teamId: $t, membershipId: $m, name: "b", scopes: [TEAM_READ]}) { apiKey { id } userErrors { code } } }`,
			"t", d.acme.team.GlobalID(), "m", mel)
		revoked := d.must(t, admin, `mutation($k: ID!) { revokeApiKey(input: {apiKeyId: $k}) { apiKey { revokedAt } userErrors { code } } }`, "k", key.str("createApiKey.apiKey.id"))
		revoked.want("revokeApiKey.apiKey.revokedAt", "2026-03-02T09:00:00Z")

		token := d.must(t, admin, `mutation($t: ID!) { createScimToken(input: {teamId: $t, name: "x", expiresAt: "2026-04-01T02:00:00+02:00"}) {
			scimToken { id expiresAt team { slug } } userErrors { code } } }`, "t", d.acme.team.GlobalID())
		token.want("createScimToken.scimToken.expiresAt", "2026-04-01T00:00:00Z")
		d.must(t, admin, `{ team(slug: "acme") { scimTokens { id name lastUsedAt } } }`).want("team.scimTokens.0.name", "x")
		d.must(t, admin, `mutation($s: ID!) { revokeScimToken(input: {scimTokenId: $s}) { scimToken { revokedAt } userErrors { code } } }`, "s", token.str("createScimToken.scimToken.id"))
		d.must(t, admin, `{ team(slug: "acme") { scimTokens { id } } }`).want("team.scimTokens", "[]")

		d.provisioning(t, admin)

		gone := d.must(t, admin, `mutation($m: ID!) { removeMembership(input: {membershipId: $m}) { deletedMembershipId endedSessions endedApiKeys team { slug } userErrors { code } } }`, "m", mel)
		gone.want("removeMembership.endedSessions", 1)
		gone.want("removeMembership.endedApiKeys", 1)
		gone.want("removeMembership.team.slug", "acme")
	})
}

// What an admin can mend comes as a user error with the place of the mistake.
func TestUserErrors(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		team, ada, mel := d.acme.team.GlobalID(), d.acme.admin.GlobalID(), d.acme.member.GlobalID()
		free, err := models.NewID()
		if err != nil {
			t.Fatal(err)
		}
		nobody := models.Global(models.PrefixMembership, free)
		for _, c := range []struct{ document, want string }{
			{`mutation { createTeam(input: {slug: "acme", name: "Again", plan: TEAM}) { team { id } userErrors { code field message } } }`, "TAKEN slug"},
			{`mutation { createTeam(input: {slug: "A_b", name: "x", plan: TEAM}) { team { id } userErrors { code field message } } }`, "INVALID slug"},
			{`mutation { createTeam(input: {slug: "abc", name: "  ", plan: TEAM}) { team { id } userErrors { code field message } } }`, "REQUIRED name"},
			{fmt.Sprintf(opRemove, nobody), "NOT_FOUND membershipId"},
			{fmt.Sprintf(opRemove, "mem_x"), "NOT_FOUND membershipId"},
			{fmt.Sprintf(opRemove, team), "NOT_FOUND membershipId"},
			{fmt.Sprintf(opRemove, string(d.acme.member.ID)), "NOT_FOUND membershipId"},
			{fmt.Sprintf(opRemove, ada), "LAST_ADMIN"},
			{fmt.Sprintf(opDeactivate, ada), "LAST_ADMIN"},
			{fmt.Sprintf(`mutation { updateMembership(input: {membershipId: %q, role: MEMBER}) { membership { id } userErrors { code field message } } }`, ada), "LAST_ADMIN"},
			{fmt.Sprintf(`mutation { updateMembership(input: {membershipId: %q, role: ADMIN, revision: 7}) { membership { id } userErrors { code field message } } }`, mel), "STALE_REVISION revision"},
			{fmt.Sprintf(`mutation { updateSsoSettings(input: {teamId: %q, defaultRole: null}) { ssoSettings { id } userErrors { code field message } } }`, team), "REQUIRED defaultRole"},
			{fmt.Sprintf(`mutation { updateSsoSettings(input: {teamId: %q, sessionHours: 0}) { ssoSettings { id } userErrors { code field message } } }`, team), "INVALID sessionHours"},
			{fmt.Sprintf(`mutation { updateSsoSettings(input: {teamId: %q, defaultIdentityProviderId: %q}) { ssoSettings { id } userErrors { code field message } } }`, team, team), "NOT_FOUND defaultIdentityProviderId"},
			{`mutation { updateSsoSettings(input: {teamId: "x", sessionHours: null}) { ssoSettings { id } userErrors { code field message } } }`, "NOT_FOUND teamId"},
			{fmt.Sprintf(opEnableSso, team), "SSO_INCOMPLETE"},
			{fmt.Sprintf(opImportMetadata, team, "<x/>"), "METADATA_INVALID xml"},
			{fmt.Sprintf(opCreateProvider, team, "nonsense"), "CERTIFICATE_UNUSABLE certificates.0"},
			{fmt.Sprintf(opCreateKey, team, nobody), "NOT_FOUND membershipId"},
			{fmt.Sprintf(opCreateKey, "team_x", mel), "NOT_FOUND teamId"},
			{fmt.Sprintf(`mutation { createApiKey(input: {teamId: %q, membershipId: %q, name: "x", scopes: []}) { apiKey { id } secret userErrors { code field message } } }`, team, mel), "REQUIRED scopes"},
			{fmt.Sprintf(`mutation { createApiKey(input: {teamId: %q, membershipId: %q, name: "x", scopes: [TEAM_READ], expiresAt: "2020-01-01T00:00:00Z"}) { apiKey { id } secret userErrors { code field message } } }`, team, mel), "INVALID expiresAt"},
		} {
			got := d.ask(t, operator(t), c.document)
			if got.userError() != c.want || len(got.errors) > 0 || got.status != 200 {
				t.Errorf("%.120s\nis answered %d %s, not %s", c.document, got.status, got.text, c.want)
			}
			for _, payload := range got.data {
				for name, v := range payload.(map[string]any) {
					if name != "userErrors" && v != nil {
						t.Errorf("%.120s: %s is %v beside a user error", c.document, name, v)
					}
				}
			}
		}
		// Nothing of it was done.
		d.must(t, operator(t), opTeam).want("team.memberships.totalCount", 3)
		d.must(t, operator(t), `{ teams { totalCount } }`).want("teams.totalCount", 2)
	})
}
