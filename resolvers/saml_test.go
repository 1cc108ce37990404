package resolvers

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/internal/idptest"
	"rollcall/models"
	"rollcall/saml"
	"rollcall/sso/fetch"
)

// The finer points of an identity provider: as they are made, changed and cleared.
func TestProviderOptions(t *testing.T) {
	const fields = `identityProvider { ssoBinding sloBinding sloResponseUrl signAuthnRequests forceAuthn requestedAuthnContext { classes comparison } nameIdFormat
		loginHintParameter allowSha1Until allowCbc requireEncryption allowInclusiveC14n mfaRule { required attributes values classes } preset { name } revision } userErrors { code field message }`
	eachDesk(t, func(t *testing.T, d *desk) {
		admin := as(t, d.acme.admin)
		made := d.must(t, admin, `mutation($t: ID!, $pem: String!) { createIdentityProvider(input: {teamId: $t, entityId: "urn:x", ssoUrl: "https://x.test/sso", sloUrl: "https://x.test/slo", certificates: [$pem],
			vendor: ENTRA, ssoBinding: POST, sloResponseUrl: "https://x.test/slo/back", signAuthnRequests: true, requestedAuthnContext: {classes: ["urn:a"]}, allowSha1Until: "2026-03-10T00:00:00Z",
			mfaRule: {required: true, attributes: ["amr"], values: ["mfa"]}}) { `+strings.Replace(fields, "identityProvider {", "identityProvider { id", 1)+` } }`,
			"t", d.acme.team.GlobalID(), "pem", nextPEM(t, d))
		id := made.str("createIdentityProvider.identityProvider.id")
		for path, want := range map[string]any{
			"ssoBinding": "POST", "sloBinding": "REDIRECT", "sloResponseUrl": "https://x.test/slo/back", "signAuthnRequests": true, "forceAuthn": false,
			"requestedAuthnContext": "map[classes:[urn:a] comparison:EXACT]", "nameIdFormat": nil, "allowSha1Until": "2026-03-10T00:00:00Z",
			"mfaRule": "map[attributes:[amr] classes:[] required:true values:[mfa]]", "preset.name": "Microsoft Entra ID", "loginHintParameter": "login_hint",
		} {
			made.want("createIdentityProvider.identityProvider."+path, want)
		}
		// Whoever asks for signed requests has a key from then on.
		d.must(t, admin, `{ team(slug: "acme") { ssoSettings { serviceProvider { logoutUrl keys { state } } } } }`).
			want("team.ssoSettings.serviceProvider", fmt.Sprintf("map[keys:[map[state:CURRENT]] logoutUrl:%s/saml/acme/logout]", baseURL))

		send := func(in map[string]any) reply {
			in["identityProviderId"] = id
			return d.ask(t, admin, `mutation($in: UpdateIdentityProviderInput!) { updateIdentityProvider(input: $in) { `+fields+` } }`, "in", in)
		}
		got := send(map[string]any{
			"sloResponseUrl": nil, "nameIdFormat": "urn:f", "loginHintParameter": nil, "allowSha1Until": nil, "requestedAuthnContext": nil, "mfaRule": nil,
			"allowCbc": true, "requireEncryption": true, "allowInclusiveC14n": true, "forceAuthn": true, "sloBinding": "POST", "signAuthnRequests": false,
		})
		got.want("updateIdentityProvider.identityProvider", "map[allowCbc:true allowInclusiveC14n:true allowSha1Until:<nil> forceAuthn:true loginHintParameter:<nil> "+
			"mfaRule:map[attributes:[] classes:[] required:false values:[]] nameIdFormat:urn:f preset:map[name:Microsoft Entra ID] requestedAuthnContext:<nil> "+
			"requireEncryption:true revision:2 signAuthnRequests:false sloBinding:POST sloResponseUrl:<nil> ssoBinding:POST]")
		if got := send(map[string]any{"vendor": "OTHER", "requestedAuthnContext": map[string]any{"classes": []string{"b"}, "comparison": "MINIMUM"}}); got.at("updateIdentityProvider.identityProvider.preset") != nil {
			t.Errorf("a preset of OTHER: %s", got.text)
		} else {
			got.want("updateIdentityProvider.identityProvider.requestedAuthnContext.comparison", "MINIMUM")
		}
		for want, in := range map[string]map[string]any{
			"REQUIRED ssoBinding": {"ssoBinding": nil}, "REQUIRED allowCbc": {"allowCbc": nil},
			"REQUIRED requestedAuthnContext.classes": {"requestedAuthnContext": map[string]any{"classes": []string{}}},
			"INVALID requestedAuthnContext.classes":  {"requestedAuthnContext": map[string]any{"classes": []string{""}}},
			"INVALID mfaRule.values":                 {"mfaRule": map[string]any{"attributes": []string{"a"}, "values": []string{""}}},
			"INVALID mfaRule":                        {"mfaRule": map[string]any{"attributes": []string{"a"}}},
			"INVALID allowSha1Until":                 {"allowSha1Until": "2027-01-01T00:00:00Z"},
			"INVALID loginHintParameter":             {"loginHintParameter": "SAMLRequest"},
			"INVALID nameIdFormat":                   {"nameIdFormat": saml.FormatTransient},
			"INVALID sloResponseUrl":                 {"sloResponseUrl": "ftp://x.test/"},
		} {
			if got := send(in); got.userError() != want {
				t.Errorf("%v: %s, not %s", in, got.text, want)
			}
		}
	})
}

func TestSettingsOfTheDoor(t *testing.T) {
	const document = `mutation($in: UpdateSsoSettingsInput!) { updateSsoSettings(input: $in) { ssoSettings { clockSkewSeconds requireMfa honourSessionEnd signMetadata encryptAssertions
		serviceProvider { keys { state } } } userErrors { code field } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		send := func(in map[string]any) reply {
			in["teamId"] = d.acme.team.GlobalID()
			return d.ask(t, as(t, d.acme.admin), document, "in", in)
		}
		send(map[string]any{}).want("updateSsoSettings.ssoSettings", "map[clockSkewSeconds:90 encryptAssertions:false honourSessionEnd:false requireMfa:false serviceProvider:map[keys:[]] signMetadata:false]")
		send(map[string]any{"clockSkewSeconds": 0, "requireMfa": true, "honourSessionEnd": true, "signMetadata": true, "encryptAssertions": true}).
			want("updateSsoSettings.ssoSettings", "map[clockSkewSeconds:0 encryptAssertions:true honourSessionEnd:true requireMfa:true serviceProvider:map[keys:[map[state:CURRENT]]] signMetadata:true]")
		if got := send(map[string]any{"clockSkewSeconds": 181}); got.userError() != "INVALID clockSkewSeconds" {
			t.Errorf("three minutes and a second: %s", got.text)
		}
	})
}

// A rollover of the team's own key. Its private part is in no answer.
func TestServiceProviderKeys(t *testing.T) {
	const (
		rotate = `mutation($t: ID!) { rotateServiceProviderKey(input: {teamId: $t}) { serviceProviderKey { id state certificate fingerprintSha256 createdBy team { slug } } serviceProvider { logoutUrl keys { id state } } userErrors { code field } } }`
		retire = `mutation($k: ID!) { retireServiceProviderKey(input: {serviceProviderKeyId: $k}) { deletedServiceProviderKeyId serviceProvider { keys { id state } } userErrors { code field } } }`
	)
	eachDesk(t, func(t *testing.T, d *desk) {
		admin, team := as(t, d.acme.admin), d.acme.team.GlobalID()
		first := d.must(t, admin, rotate, "t", team)
		first.want("rotateServiceProviderKey.serviceProviderKey.state", "CURRENT")
		first.want("rotateServiceProviderKey.serviceProviderKey.createdBy", "ada@acme.test")
		first.want("rotateServiceProviderKey.serviceProvider.logoutUrl", baseURL+"/saml/acme/logout")
		cert, err := saml.ParseCertificate(first.str("rotateServiceProviderKey.serviceProviderKey.certificate"))
		if err != nil || saml.Fingerprint(cert) != first.str("rotateServiceProviderKey.serviceProviderKey.fingerprintSha256") {
			t.Errorf("%v: %s", err, first.text)
		}
		if strings.Contains(first.text, "PRIVATE KEY") {
			t.Errorf("the private part is shown: %s", first.text)
		}
		old := first.str("rotateServiceProviderKey.serviceProviderKey.id")
		if got := d.ask(t, admin, retire, "k", old); got.userError() != "CONFLICT serviceProviderKeyId" {
			t.Errorf("the only key: %s", got.text)
		}
		second := d.must(t, admin, rotate, "t", team)
		fresh := second.str("rotateServiceProviderKey.serviceProviderKey.id")
		second.want("rotateServiceProviderKey.serviceProvider.keys", fmt.Sprintf("[map[id:%s state:CURRENT] map[id:%s state:NEXT]]", old, fresh))
		if got := d.ask(t, admin, rotate, "t", team); got.userError() != "LIMIT_REACHED teamId" {
			t.Errorf("a third key: %s", got.text)
		}
		d.must(t, admin, eventsQuery, "first", 1).want("team.auditEvents.nodes.0.target.id", fresh)
		gone := d.must(t, admin, retire, "k", old)
		gone.want("retireServiceProviderKey.deletedServiceProviderKeyId", old)
		gone.want("retireServiceProviderKey.serviceProvider.keys", fmt.Sprintf("[map[id:%s state:CURRENT]]", fresh))
		if got := d.ask(t, admin, retire, "k", old); got.userError() != "NOT_FOUND serviceProviderKeyId" {
			t.Errorf("twice: %s", got.text)
		}
	})
}

// Metadata by its address: imported, refreshed, failing, forgotten.
func TestMetadataAddress(t *testing.T) {
	const (
		load    = `mutation($in: ImportMetadataInput!) { importMetadata(input: $in) { created identityProvider { id entityId metadataSource { url failures lastError fetchedAt } } userErrors { code field } } }`
		refresh = `mutation($i: ID!) { refreshMetadata(input: {identityProviderId: $i}) { unchanged problem trustedFingerprints stagedFingerprints identityProvider { certificates { id } metadataSource { failures failingSince lastError nextAt } } userErrors { code field } } }`
		forget  = `mutation($i: ID!) { forgetMetadataUrl(input: {identityProviderId: $i}) { identityProvider { metadataSource { url } certificates { id } } userErrors { code field } } }`
		address = "https://idp.acme.test/metadata.xml"
	)
	eachDesk(t, func(t *testing.T, d *desk) {
		admin, team := as(t, d.acme.admin), d.acme.team.GlobalID()
		got := d.must(t, admin, load, "in", map[string]any{"teamId": team, "url": address})
		got.want("importMetadata.created", true)
		got.want("importMetadata.identityProvider.metadataSource", fmt.Sprintf("map[failures:0 fetchedAt:2026-03-02T09:00:00Z lastError:<nil> url:%s]", address))
		id := got.str("importMetadata.identityProvider.id")
		if got := d.ask(t, admin, refresh, "i", id); got.code() != "RATE_LIMITED" {
			t.Errorf("within a minute: %s", got.text)
		}
		d.clock.Advance(time.Minute)
		d.must(t, admin, refresh, "i", id).want("refreshMetadata.unchanged", true)

		idp := *d.idp
		next, err := saml.ParseCertificate(nextPEM(t, d))
		if err != nil {
			t.Fatal(err)
		}
		idp.Extra = []*x509.Certificate{next}
		d.host = func() (fetch.Document, error) { return fetch.Document{Body: idp.Metadata()}, nil }
		d.clock.Advance(time.Minute)
		got = d.must(t, admin, refresh, "i", id)
		if certs := got.at("refreshMetadata.identityProvider.certificates").([]any); len(certs) != 2 {
			t.Errorf("%d certificates", len(certs))
		}
		got.want("refreshMetadata.trustedFingerprints", fmt.Sprintf("[%s]", saml.Fingerprint(next)))

		d.host = func() (fetch.Document, error) {
			return fetch.Document{}, &fetch.Error{Reason: "the host did not answer in time"}
		}
		d.clock.Advance(time.Minute)
		got = d.must(t, admin, refresh, "i", id)
		got.want("refreshMetadata.problem", "the host did not answer in time")
		got.want("refreshMetadata.identityProvider.metadataSource.failures", 1)
		got.want("refreshMetadata.identityProvider.metadataSource.lastError", "the host did not answer in time")

		for want, in := range map[string]map[string]any{
			"METADATA_UNREACHABLE url": {"url": address}, "INVALID url": {"url": address, "xml": "<x/>"}, "REQUIRED xml": {},
			"METADATA_INVALID xml": {"xml": string(d.idp.Metadata()), "entityId": "urn:other"},
		} {
			in["teamId"] = team
			if got := d.ask(t, admin, load, "in", in); got.userError() != want {
				t.Errorf("%v: %s, not %s", in, got.text, want)
			}
		}
		got = d.must(t, admin, forget, "i", id)
		got.want("forgetMetadataUrl.identityProvider.metadataSource", nil)
		if certs := got.at("forgetMetadataUrl.identityProvider.certificates").([]any); len(certs) != 2 {
			t.Errorf("%d certificates are left", len(certs))
		}
		if got := d.ask(t, admin, refresh, "i", id); got.userError() != "CONFLICT identityProviderId" {
			t.Errorf("without an address: %s", got.text)
		}
	})
}

// One identity provider is chosen out of several.
func TestOneOfSeveral(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		admin, team := as(t, d.acme.admin), d.acme.team.GlobalID()
		other, err := idptest.NewECDSA("https://other.test", "https://other.test/sso", d.clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		both := `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + entity(d.idp) + entity(other) + `</EntitiesDescriptor>`
		d.host = func() (fetch.Document, error) { return fetch.Document{Body: []byte(both)}, nil }
		preview := `mutation($t: ID!, $x: String!, $e: String) { previewMetadata(input: {teamId: $t, xml: $x, entityId: $e}) { preview { entityId } userErrors { code field } } }`
		if got := d.ask(t, admin, preview, "t", team, "x", both, "e", nil); got.userError() != "METADATA_INVALID xml" {
			t.Errorf("none was chosen: %s", got.text)
		}
		d.must(t, admin, preview, "t", team, "x", both, "e", "https://other.test").want("previewMetadata.preview.entityId", "https://other.test")
		d.must(t, admin, `mutation($t: ID!) { importMetadata(input: {teamId: $t, url: "https://federation.test/all.xml", entityId: "https://other.test"}) { identityProvider { entityId } userErrors { code field message } } }`, "t", team).
			want("importMetadata.identityProvider.entityId", "https://other.test")
	})
}

// entity is an identity provider's metadata without what stands in front of it.
func entity(idp *idptest.IDP) string {
	_, after, found := strings.Cut(string(idp.Metadata()), "?>")
	if !found {
		return string(idp.Metadata())
	}
	return after
}

// What an attempt says of its message.
func TestAttemptInDetail(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		e := d.estate(t)
		got := d.must(t, as(t, d.acme.admin), `query($id: ID!) { node(id: $id) { ... on LoginAttempt { kind verified mfaEvidence repeated checks { name hint }
			message { issuer destination inResponseTo assertionIdSha256 nameIdFormat sessionIndex contextClasses attributes { name values } algorithms signedResponse signedAssertion signedSha1 signed audiences recipients
				encryption shownFingerprints matchedFingerprint } } } }`, "id", e.nodes["LoginAttempt"])
		got.want("node.message", "map[algorithms:[rsa-sha256] assertionIdSha256:ab12 attributes:[map[name:groups values:3]] audiences:[https://b] contextClasses:[c] destination:https://d encryption:aes256-gcm "+
			"inResponseTo:_r issuer:https://idp matchedFingerprint:ef nameIdFormat:f recipients:[https://d] sessionIndex:s shownFingerprints:[cd] signed:[response] signedAssertion:false signedResponse:true signedSha1:false]")
		got.want("node.checks", "[map[hint:Okta calls it Audience URI. name:audience] map[hint:<nil> name:time]]")
		got.want("node.kind", "SIGN_IN")
		got.want("node.mfaEvidence", "amr=mfa")
	})
}

// What changed since the last success, of a page's attempts at once.
func TestChangesInAPage(t *testing.T) {
	const document = `query($n: Int) { team(slug: "acme") { loginAttempts(first: $n) { nodes { outcome sinceLastSuccess { fact before now } } } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		e := d.estate(t)
		admin := as(t, d.acme.admin)
		d.must(t, admin, document, "n", 5).want("team.loginAttempts.nodes.0.sinceLastSuccess", nil)
		provider, err := models.ParseGlobal(models.PrefixIdentityProvider, e.nodes["IdentityProvider"])
		if err != nil {
			t.Fatal(err)
		}
		add := func(outcome models.AttemptOutcome, code, issuer string) {
			id, err := models.NewID()
			if err != nil {
				t.Fatal(err)
			}
			row := models.LoginAttempt{ID: id, TeamID: d.acme.team.ID, IdentityProviderID: &provider, At: d.clock.Now(), Outcome: outcome, Code: code,
				Kind: models.AttemptSignIn, Repeated: 1, Checks: []models.AttemptCheck{}, Message: models.AttemptMessage{Issuer: issuer, AssertionHash: "ab"}}
			if err := d.db.Read(t.Context()).Create(&row).Error; err != nil {
				t.Fatal(err)
			}
		}
		add(models.AttemptSucceeded, "", "https://old")
		for range 30 {
			add(models.AttemptRefused, "issuer_mismatch", "https://new")
		}
		got := d.must(t, admin, document, "n", 31)
		got.want("team.loginAttempts.nodes.0.sinceLastSuccess", "[map[before:[https://old] fact:ISSUER now:[https://new]]]")
		got.want("team.loginAttempts.nodes.30.sinceLastSuccess", nil)
		if one, many := d.statements(t, admin, document, "n", 1), d.statements(t, admin, document, "n", 30); one != many {
			t.Errorf("a page of one takes %d statements, one of thirty %d", one, many)
		}
	})
}

func TestPresets(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		got := d.must(t, as(t, d.acme.admin), `{ identityProviderPresets { vendor name labels { acsUrl entityId confidence } metadataUrl { template supported } nameId { recommended } attributes { email }
			signs { algorithm switch } assertionWindow certificate { scope rollover effectiveDeadlineDays } mfa { advice confidence } loginHintParameter loginHintConfidence knownIssues { code text } guide sources checkedOn } }`)
		rows := got.at("identityProviderPresets").([]any)
		if len(rows) != 9 {
			t.Fatalf("%d presets", len(rows))
		}
		for i, row := range rows {
			p := row.(map[string]any)
			if guide, sources := p["guide"].([]any), p["sources"].([]any); len(guide) == 0 || len(sources) == 0 {
				t.Errorf("%s has no guide or no sources", p["vendor"])
			}
			if got.at(fmt.Sprintf("identityProviderPresets.%d.labels.acsUrl", i)) == nil {
				t.Errorf("%s has no word for the ACS URL", p["vendor"])
			}
			if p["vendor"] == string(models.VendorAdfs) {
				got.want(fmt.Sprintf("identityProviderPresets.%d.certificate", i), "map[effectiveDeadlineDays:15 rollover:AUTO scope:TENANT]")
			}
		}
	})
}
