package resolvers

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/internal/housetest"
	"rollcall/models"
)

func actAs(ctx context.Context, a access.Actor) context.Context { return access.With(ctx, a) }

func TestUpdateTeam(t *testing.T) {
	const document = `mutation($in: UpdateTeamInput!) { updateTeam(input: $in) { team { name plan revision } userErrors { code field message } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		team := d.acme.team.GlobalID()
		got := d.must(t, as(t, d.acme.admin), document, "in", map[string]any{"teamId": team, "name": " Acme Inc. ", "revision": 1})
		got.want("updateTeam.team", "map[name:Acme Inc. plan:ENTERPRISE revision:2]")
		got = d.must(t, as(t, d.acme.admin), document, "in", map[string]any{"teamId": team, "name": "Acme Inc."})
		got.want("updateTeam.team.revision", 2)
		for _, c := range []struct {
			in   map[string]any
			want string
		}{
			{map[string]any{"name": "x", "revision": 1}, "STALE_REVISION revision"},
			{map[string]any{"name": " "}, "REQUIRED name"},
			{map[string]any{"name": nil}, "REQUIRED name"},
			{map[string]any{"name": strings.Repeat("é", 101)}, "INVALID name"},
		} {
			c.in["teamId"] = team
			if got := d.ask(t, as(t, d.acme.admin), document, "in", c.in); got.userError() != c.want {
				t.Errorf("%v: %s", c.in, got.text)
			}
		}
		if got := d.ask(t, as(t, d.acme.admin), document, "in", map[string]any{"teamId": team, "plan": "FREE"}); got.code() != "FORBIDDEN" {
			t.Errorf("an admin changes the plan: %s", got.text)
		}
		d.must(t, operator(t), document, "in", map[string]any{"teamId": team, "plan": "FREE"}).want("updateTeam.team.plan", "FREE")
		d.must(t, as(t, d.acme.admin), eventsQuery, "first", 1).want("team.auditEvents.nodes.0.changes", "[map[after:FREE before:ENTERPRISE field:plan]]")
	})
}

// A team that is deleted takes its credentials and its own people with it, and
// leaves others' alone.
func TestDeleteTeam(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		_, cookie := d.session(t, d.acme.member)
		key := d.must(t, operator(t), fmt.Sprintf(opCreateKey, d.acme.team.GlobalID(), d.acme.member.GlobalID()))
		token := d.must(t, operator(t), fmt.Sprintf(opCreateScimToken, d.acme.team.GlobalID()))
		// mel's account is the team's; vic's is the team's too, but globex has him as well.
		managed := []models.ID{d.acme.member.UserID, d.acme.viewer.UserID}
		if err := d.db.Read(t.Context()).Model(&models.User{}).Where("id IN ?", managed).Update("managed_by_team_id", d.acme.team.ID).Error; err != nil {
			t.Fatal(err)
		}
		if err := d.db.Read(t.Context()).Model(&models.Membership{}).Where("id = ?", d.globex.viewer.ID).Update("user_id", d.acme.viewer.UserID).Error; err != nil {
			t.Fatal(err)
		}
		of := func(slug string) string {
			return fmt.Sprintf(`mutation { deleteTeam(input: {teamId: %q, confirmSlug: %q}) { deletedTeamId endedMemberships endedSessions endedApiKeys endedScimTokens userErrors { code field } } }`, d.acme.team.GlobalID(), slug)
		}
		if got := d.ask(t, operator(t), of("globex")); got.userError() != "INVALID confirmSlug" {
			t.Fatalf("another slug: %s", got.text)
		}
		d.must(t, operator(t), of("acme")).want("deleteTeam", fmt.Sprintf("map[deletedTeamId:%s endedApiKeys:1 endedMemberships:3 endedScimTokens:1 endedSessions:1 userErrors:[]]", d.acme.team.GlobalID()))
		if _, err := d.Credentials.AuthenticateSession(t.Context(), cookie); err == nil {
			t.Error("the session lives on")
		}
		if _, err := d.Credentials.Authenticate(t.Context(), key.str("createApiKey.secret")); err == nil {
			t.Error("the API key lives on")
		}
		if _, err := d.Credentials.AuthenticateScim(t.Context(), token.str("createScimToken.secret")); err == nil {
			t.Error("the SCIM token lives on")
		}
		for id, there := range map[models.ID]bool{d.acme.admin.UserID: true, d.acme.member.UserID: false, d.acme.viewer.UserID: true} {
			var rows []models.User
			if err := d.db.Read(t.Context()).Where("id = ?", id).Find(&rows).Error; err != nil || (len(rows) == 1) != there {
				t.Errorf("user %s: %v, %v", id, rows, err)
			} else if there && rows[0].ManagedByTeamID != nil {
				t.Errorf("user %s is managed by a team that is gone", id)
			}
		}
		if got := d.ask(t, operator(t), of("acme")); got.userError() != "NOT_FOUND teamId" {
			t.Errorf("twice: %s", got.text)
		}
	})
}

// A key that is rotated works on beside its successor until the overlap is over.
func TestRotateAPIKey(t *testing.T) {
	const document = `mutation($in: RotateApiKeyInput!) { rotateApiKey(input: $in) { apiKey { id name scopes prefix } secret previousApiKey { id expiresAt } userErrors { code field } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		made := d.must(t, operator(t), fmt.Sprintf(opCreateKey, d.acme.team.GlobalID(), d.acme.member.GlobalID()))
		old, id := made.str("createApiKey.secret"), made.str("createApiKey.apiKey.id")
		got := d.must(t, as(t, d.acme.member), document, "in", map[string]any{"apiKeyId": id, "overlapMinutes": 30})
		fresh := got.str("rotateApiKey.secret")
		works := func(secret string) bool {
			_, err := d.Credentials.Authenticate(t.Context(), secret)
			return err == nil
		}
		if !works(old) || !works(fresh) || !strings.HasPrefix(fresh, got.str("rotateApiKey.apiKey.prefix")) {
			t.Error("one of the two does not work")
		}
		d.clock.Advance(30 * time.Minute)
		if works(old) || !works(fresh) {
			t.Error("the overlap is over, and the old key works or the new one does not")
		}
		for _, c := range []struct {
			in   map[string]any
			want string
		}{
			{map[string]any{"apiKeyId": id}, "CONFLICT apiKeyId"},
			{map[string]any{"apiKeyId": got.str("rotateApiKey.apiKey.id"), "overlapMinutes": 10081}, "INVALID overlapMinutes"},
			{map[string]any{"apiKeyId": got.str("rotateApiKey.apiKey.id"), "overlapMinutes": -1}, "INVALID overlapMinutes"},
			{map[string]any{"apiKeyId": got.str("rotateApiKey.apiKey.id"), "overlapMinutes": 1 << 31}, "INVALID overlapMinutes"},
			{map[string]any{"apiKeyId": got.str("rotateApiKey.apiKey.id"), "expiresAt": "2020-01-01T00:00:00Z"}, "INVALID expiresAt"},
			{map[string]any{"apiKeyId": "key_x"}, "NOT_FOUND apiKeyId"},
		} {
			if again := d.ask(t, as(t, d.acme.member), document, "in", c.in); again.userError() != c.want {
				t.Errorf("%v: %s, not %s", c.in, again.text, c.want)
			}
		}
		// A key cannot make one with scopes that it lacks.
		if got := d.ask(t, withKey(t, d.acme.member, models.ScopeKeyWrite), document, "in", map[string]any{"apiKeyId": got.str("rotateApiKey.apiKey.id")}); got.code() != "FORBIDDEN" {
			t.Errorf("a key widens itself: %s", got.text)
		}
		// The operator's own keys too.
		ops, secret, err := d.Credentials.CreateOperatorKey(operator(t), "ops")
		if err != nil {
			t.Fatal(err)
		}
		got = d.must(t, operator(t), document, "in", map[string]any{"apiKeyId": ops.GlobalID(), "overlapMinutes": 0})
		if works(secret) || !works(got.str("rotateApiKey.secret")) {
			t.Error("the operator's key")
		}
	})
}

func TestUpdateAPIKey(t *testing.T) {
	const document = `mutation($in: UpdateApiKeyInput!) { updateApiKey(input: $in) { apiKey { name scopes } userErrors { code field } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		made := d.must(t, operator(t), fmt.Sprintf(opCreateKey, d.acme.team.GlobalID(), d.acme.member.GlobalID()))
		id := made.str("createApiKey.apiKey.id")
		d.must(t, as(t, d.acme.member), document, "in", map[string]any{"apiKeyId": id, "name": "deploy", "scopes": []string{"MEMBERSHIP_READ"}}).
			want("updateApiKey.apiKey", "map[name:deploy scopes:[MEMBERSHIP_READ]]")
		who, err := d.Credentials.Authenticate(t.Context(), made.str("createApiKey.secret"))
		if err != nil || who.HasScope(models.ScopeTeamRead) || !who.HasScope(models.ScopeMembershipRead) {
			t.Errorf("%+v, %v", who, err)
		}
		for _, c := range []struct {
			in   map[string]any
			want string
		}{
			{map[string]any{"name": " "}, "REQUIRED name"}, {map[string]any{"scopes": []string{}}, "REQUIRED scopes"},
			{map[string]any{"scopes": nil}, "REQUIRED scopes"}, {map[string]any{"name": nil}, "REQUIRED name"},
		} {
			c.in["apiKeyId"] = id
			if got := d.ask(t, as(t, d.acme.member), document, "in", c.in); got.userError() != c.want {
				t.Errorf("%v: %s", c.in, got.text)
			}
		}
		if got := d.ask(t, withKey(t, d.acme.member, models.ScopeKeyWrite), document, "in", map[string]any{"apiKeyId": id, "scopes": []string{"AUDIT_READ"}}); got.code() != "FORBIDDEN" {
			t.Errorf("a key widens another: %s", got.text)
		}
	})
}

// An identity that is taken away takes the credentials with it and is not
// remembered as a removal.
func TestUnlink(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		x := d.link(t, d.acme.member)
		_, cookie := d.session(t, d.acme.member)
		document := fmt.Sprintf(`mutation { unlinkExternalIdentity(input: {externalIdentityId: %q}) { deletedExternalIdentityId endedSessions endedApiKeys membership { revision externalIdentity { id } } userErrors { code field } } }`, x.GlobalID())
		got := d.must(t, as(t, d.acme.admin), document)
		got.want("unlinkExternalIdentity", fmt.Sprintf("map[deletedExternalIdentityId:%s endedApiKeys:0 endedSessions:1 membership:map[externalIdentity:<nil> revision:2] userErrors:[]]", x.GlobalID()))
		if _, err := d.Credentials.AuthenticateSession(t.Context(), cookie); err == nil {
			t.Error("the session lives on")
		}
		var n int64
		if err := d.db.Read(t.Context()).Model(&models.Tombstone{}).Count(&n).Error; err != nil || n != 0 {
			t.Errorf("%d tombstones, %v", n, err)
		}
		if got := d.ask(t, as(t, d.acme.admin), document); got.userError() != "NOT_FOUND externalIdentityId" {
			t.Errorf("twice: %s", got.text)
		}
	})
}

func TestAllowReturn(t *testing.T) {
	const document = `mutation($t: ID!, $e: String!) { allowReturn(input: {teamId: $t, email: $e}) { team { slug } userErrors { code field } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		d.link(t, d.acme.member)
		d.must(t, operator(t), fmt.Sprintf(opRemove, d.acme.member.GlobalID()))
		d.must(t, operator(t), fmt.Sprintf(opRemove, d.acme.viewer.GlobalID()))
		stones := func() (n int64) {
			if err := d.db.Read(t.Context()).Model(&models.Tombstone{}).Count(&n).Error; err != nil {
				t.Fatal(err)
			}
			return n
		}
		if stones() != 3 {
			t.Fatalf("%d tombstones", stones())
		}
		d.must(t, as(t, d.acme.admin), document, "t", d.acme.team.GlobalID(), "e", " MEL@acme.test ").want("allowReturn.team.slug", "acme")
		if stones() != 1 { // vic's
			t.Errorf("%d tombstones are left", stones())
		}
		for address, want := range map[string]string{"mel@acme.test": "NOT_FOUND email", "vic@globex.test": "NOT_FOUND email", "mel": "INVALID email"} {
			if got := d.ask(t, as(t, d.acme.admin), document, "t", d.acme.team.GlobalID(), "e", address); got.userError() != want {
				t.Errorf("%s: %s", address, got.text)
			}
		}
		// Another team's removals are its own.
		if got := d.ask(t, as(t, d.globex.admin), document, "t", d.globex.team.GlobalID(), "e", "vic@acme.test"); got.userError() != "NOT_FOUND email" {
			t.Errorf("globex: %s", got.text)
		}
	})
}

// Single sign-on off, its provider gone, its settings back at their beginning.
func TestEndOfSso(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		e := d.estate(t)
		admin, team, idp := as(t, d.acme.admin), d.acme.team.GlobalID(), e.nodes["IdentityProvider"]
		off := fmt.Sprintf(`mutation($r: String) { disableSso(input: {teamId: %q, reason: $r}) { ssoSettings { state disabledReason disabledAt enabledBy revision } userErrors { code field } } }`, team)
		clear := fmt.Sprintf(`mutation { deleteSsoSettings(input: {teamId: %q}) { deletedIdentityProviderIds ssoSettings { id state sessionHours identityProviders { id } certificates { id } disabledAt } userErrors { code field } } }`, team)
		remove := fmt.Sprintf(`mutation { deleteIdentityProvider(input: {identityProviderId: %q}) { deletedIdentityProviderId endedSessions ssoSettings { defaultIdentityProvider { id } identityProviders { id } } userErrors { code field } } }`, idp)
		if got := d.ask(t, admin, off); got.userError() != "CONFLICT teamId" {
			t.Errorf("off in draft: %s", got.text)
		}
		d.must(t, operator(t), fmt.Sprintf(opEnableSso, team))
		for document, want := range map[string]string{clear: "CONFLICT teamId", remove: "CONFLICT identityProviderId"} {
			if got := d.ask(t, admin, document); got.userError() != want {
				t.Errorf("while it is on: %s", got.text)
			}
		}
		if got := d.ask(t, admin, off, "r", strings.Repeat("x", 201)); got.userError() != "INVALID reason" {
			t.Errorf("a long reason: %s", got.text)
		}
		got := d.must(t, admin, off, "r", " The IdP moves ")
		got.want("disableSso.ssoSettings.state", "DISABLED")
		got.want("disableSso.ssoSettings.disabledReason", "The IdP moves")
		got.want("disableSso.ssoSettings.enabledBy", nil)
		again := d.must(t, admin, off, "r", "another")
		again.want("disableSso.ssoSettings.disabledReason", "The IdP moves")
		d.must(t, admin, eventsQuery, "first", 1).want("team.auditEvents.nodes.0.changes", "[map[after:DISABLED before:ENABLED field:state]]")

		// A session that the provider vouched for ends with it.
		id, err := models.ParseGlobal(models.PrefixIdentityProvider, idp)
		if err != nil {
			t.Fatal(err)
		}
		_, cookie := d.session(t, d.acme.viewer)
		if err := d.db.Read(t.Context()).Model(&models.Session{}).Where("membership_id = ?", d.acme.viewer.ID).Update("identity_provider_id", id).Error; err != nil {
			t.Fatal(err)
		}
		got = d.must(t, admin, remove)
		got.want("deleteIdentityProvider.endedSessions", 1)
		got.want("deleteIdentityProvider.ssoSettings", "map[defaultIdentityProvider:<nil> identityProviders:[]]")
		if _, err := d.Credentials.AuthenticateSession(t.Context(), cookie); err == nil {
			t.Error("the session lives on")
		}
		d.must(t, admin, `mutation($t: ID!, $x: String!) { importMetadata(input: {teamId: $t, xml: $x}) { created userErrors { code } } }`, "t", team, "x", string(d.idp.Metadata()))
		got = d.must(t, admin, clear)
		got.want("deleteSsoSettings.ssoSettings", fmt.Sprintf("map[certificates:[] disabledAt:<nil> id:%s identityProviders:[] sessionHours:24 state:DRAFT]", e.nodes["SsoSettings"]))
		if ids := got.at("deleteSsoSettings.deletedIdentityProviderIds").([]any); len(ids) != 1 {
			t.Errorf("%v", ids)
		}
	})
}

func TestUpdateIdentityProvider(t *testing.T) {
	const document = `mutation($in: UpdateIdentityProviderInput!) { updateIdentityProvider(input: $in) { identityProvider { ssoUrl sloUrl vendor wantAssertionsSigned revision attributeMapping { email } } userErrors { code field } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		id := d.estate(t).nodes["IdentityProvider"]
		send := func(in map[string]any) reply {
			in["identityProviderId"] = id
			return d.ask(t, as(t, d.acme.admin), document, "in", in)
		}
		send(map[string]any{"sloUrl": "https://x.test/slo", "wantAssertionsSigned": true, "attributeMapping": map[string]any{"email": []string{"mail"}}, "revision": 1}).
			want("updateIdentityProvider.identityProvider", "map[attributeMapping:map[email:[mail]] revision:2 sloUrl:https://x.test/slo ssoUrl:https://idp.acme.test/sso vendor:OTHER wantAssertionsSigned:true]")
		send(map[string]any{"sloUrl": nil, "attributeMapping": nil}).
			want("updateIdentityProvider.identityProvider", "map[attributeMapping:map[email:[]] revision:3 sloUrl:<nil> ssoUrl:https://idp.acme.test/sso vendor:OTHER wantAssertionsSigned:true]")
		send(map[string]any{"vendor": "OTHER"}).want("updateIdentityProvider.identityProvider.revision", 3)
		for want, in := range map[string]map[string]any{
			"STALE_REVISION revision": {"vendor": "OKTA", "revision": 2}, "REQUIRED ssoUrl": {"ssoUrl": nil},
			"INVALID attributeMapping.email": {"attributeMapping": map[string]any{"email": []string{""}}}, "INVALID ssoUrl": {"ssoUrl": "ftp://x.test/"},
		} {
			if got := send(in); got.userError() != want {
				t.Errorf("%v: %s", in, got.text)
			}
		}
	})
}

func TestPreviewMetadata(t *testing.T) {
	const document = `mutation($t: ID!, $x: String!) { previewMetadata(input: {teamId: $t, xml: $x}) { preview { entityId ssoUrl sloUrl vendor nameIdFormats wantAuthnRequestsSigned ignored
		certificates { fingerprintSha256 state keyAlgorithm trusted } identityProvider { id } changes { field before after } } userErrors { code field } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		team, xml := d.acme.team.GlobalID(), string(d.idp.Metadata())
		got := d.must(t, as(t, d.acme.admin), document, "t", team, "x", xml)
		got.want("previewMetadata.preview.entityId", d.idp.EntityID)
		got.want("previewMetadata.preview.identityProvider", nil)
		got.want("previewMetadata.preview.certificates.0.trusted", false)
		var n int64
		if err := d.db.Read(t.Context()).Model(&models.IdentityProvider{}).Count(&n).Error; err != nil || n != 0 {
			t.Fatalf("the preview made %d identity providers, %v", n, err)
		}
		e := d.estate(t)
		got = d.must(t, as(t, d.acme.admin), document, "t", team, "x", strings.ReplaceAll(xml, "https://idp.acme.test/sso", "https://idp.acme.test/new"))
		got.want("previewMetadata.preview.identityProvider.id", e.nodes["IdentityProvider"])
		got.want("previewMetadata.preview.certificates.0.trusted", true)
		got.want("previewMetadata.preview.changes.0", "map[after:https://idp.acme.test/new before:https://idp.acme.test/sso field:ssoUrl]")
		if got := d.ask(t, as(t, d.acme.admin), document, "t", team, "x", "<x/>"); got.userError() != "METADATA_INVALID xml" {
			t.Errorf("no metadata: %s", got.text)
		}
	})
}

func TestSystemAndRateLimit(t *testing.T) {
	const document = `{ system { version baseUrl now database } rateLimit { limit cost remaining resetAt } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		got := d.must(t, as(t, d.acme.viewer), document)
		got.want("system.version", "test")
		got.want("system.baseUrl", baseURL)
		got.want("system.database", nil)
		got.want("rateLimit.limit", 100000)
		got.want("rateLimit.remaining", 100000-2)
		again := d.must(t, housetest.AsMember(request(t), d.acme.viewer.Membership, d.acme.viewer.User), document)
		again.want("rateLimit.remaining", 100000-4)
		d.must(t, operator(t), document).want("system.database", d.db.Dialect())
	})
}
