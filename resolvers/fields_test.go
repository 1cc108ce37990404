package resolvers

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/access"
	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/internal/idptest"
	"rollcall/models"
)

// nextPEM is one more certificate.
func nextPEM(t *testing.T, d *desk) string {
	t.Helper()
	next, err := idptest.NewECDSA("https://next.test", "https://next.test/sso", d.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return next.CertificatePEM()
}

// contractMutations are the names of all mutations.
func contractMutations() (names []string) {
	for _, f := range graph.NewExecutableSchema(graph.Config{}).Schema().Mutation.Fields {
		if !strings.HasPrefix(f.Name, "__") {
			names = append(names, f.Name)
		}
	}
	return names
}

func TestViewerByKind(t *testing.T) {
	const document = `{ viewer { kind user { email } membership { role } session { nameId isCurrent user { email } } apiKey { name operator team { slug } user { email } } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		row, _, err := d.Credentials.CreateOperatorKey(operator(t), "ops")
		if err != nil {
			t.Fatal(err)
		}
		actor := access.From(operator(t))
		actor.CredentialID = row.ID
		got := d.must(t, access.With(request(t), actor), document)
		got.want("viewer", "map[apiKey:map[name:ops operator:true team:<nil> user:<nil>] kind:OPERATOR membership:<nil> session:<nil> user:<nil>]")

		session, secret := d.session(t, d.acme.member)
		person, err := d.Credentials.AuthenticateSession(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		got = d.must(t, access.With(request(t), person), document)
		got.want("viewer", "map[apiKey:<nil> kind:PERSON membership:map[role:MEMBER] session:map[isCurrent:true nameId:mel@acme.test user:map[email:mel@acme.test]] user:map[email:mel@acme.test]]")
		d.must(t, as(t, d.acme.admin), `query($s: ID!) { node(id: $s) { ... on Session { isCurrent } } }`, "s", session.GlobalID()).want("node.isCurrent", false)

		// A key with no scope at all still learns whose it is.
		key := d.must(t, as(t, d.acme.admin), fmt.Sprintf(opCreateKey, d.acme.team.GlobalID(), d.acme.member.GlobalID()))
		who, err := d.Credentials.Authenticate(t.Context(), key.str("createApiKey.secret"))
		if err != nil {
			t.Fatal(err)
		}
		who.Scopes = nil
		got = d.must(t, access.With(request(t), who), document)
		got.want("viewer.kind", "API_KEY")
		got.want("viewer.user.email", "mel@acme.test")
		got.want("viewer.membership", nil)
		got.want("viewer.apiKey", "map[name:ci operator:false team:<nil> user:map[email:mel@acme.test]]")
	})
}

func TestFieldsOfCertificates(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		e := d.estate(t)
		document := `query($c: ID!) { node(id: $c) { ... on Certificate { daysLeft state pem subject keyAlgorithm keyBits source addedBy createdAt notAfter } } }`
		got := d.must(t, as(t, d.acme.admin), document, "c", e.cert)
		got.want("node.keyAlgorithm", "ECDSA")
		got.want("node.keyBits", 256)
		got.want("node.source", "UPLOAD")
		got.want("node.addedBy", "operator key")
		block, _ := pem.Decode([]byte(got.str("node.pem")))
		if block == nil {
			t.Fatalf("no PEM: %s", got.text)
		}
		if cert, err := x509.ParseCertificate(block.Bytes); err != nil || !cert.Equal(d.idp.Certificate) {
			t.Errorf("the PEM is another certificate: %v", err)
		}
		end := d.idp.Certificate.NotAfter
		for _, c := range []struct {
			at    time.Time
			days  int
			state string
		}{
			{end.Add(-48 * time.Hour), 2, "ACTIVE"}, {end.Add(-48*time.Hour + time.Second), 1, "ACTIVE"},
			{end, 0, "ACTIVE"}, {end.Add(time.Second), -1, "EXPIRED"}, {d.idp.Certificate.NotBefore.Add(-time.Second), 365, "NOT_YET_VALID"},
		} {
			d.clock.Set(c.at)
			got := d.must(t, as(t, d.acme.admin), document, "c", e.cert)
			got.want("node.daysLeft", c.days)
			got.want("node.state", c.state)
		}
	})
}

// Texts that nobody gave are null, not empty.
func TestAbsentTexts(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.estate(t)
		got := d.must(t, as(t, d.acme.admin), `{ team(slug: "acme") { ssoSettings { enabledBy enabledAt identityProviders { sloUrl attributeMapping { email firstName lastName displayName } } }
			memberships { nodes { user { name givenName familyName } deactivatedReason externalIdentity { nameIdFormat } } } } }`)
		got.want("team.ssoSettings.enabledBy", nil)
		got.want("team.ssoSettings.identityProviders.0.sloUrl", nil)
		got.want("team.ssoSettings.identityProviders.0.attributeMapping", "map[displayName:[] email:[] firstName:[] lastName:[]]")
		got.want("team.memberships.nodes.0.user", "map[familyName:<nil> givenName:<nil> name:ada]")
		got.want("team.memberships.nodes.0.deactivatedReason", nil)
		got.want("team.memberships.nodes.1.externalIdentity", "map[nameIdFormat:<nil>]")
	})
}

func TestProviderByHand(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		got := d.must(t, as(t, d.acme.admin), `mutation($t: ID!, $pem: String!) { createIdentityProvider(input: {teamId: $t, entityId: "urn:x", ssoUrl: "https://x.test/sso", sloUrl: "https://x.test/slo",
			certificates: [$pem], vendor: ADFS, wantResponseSigned: true, wantAssertionsSigned: false, attributeMapping: {email: ["mail", "upn"], displayName: null}}) {
			identityProvider { sloUrl vendor wantResponseSigned wantAssertionsSigned attributeMapping { email displayName } team { slug } certificates { fingerprintSha256 } } userErrors { code field } } }`,
			"t", d.acme.team.GlobalID(), "pem", nextPEM(t, d))
		got.want("createIdentityProvider.identityProvider.vendor", "ADFS")
		got.want("createIdentityProvider.identityProvider.sloUrl", "https://x.test/slo")
		got.want("createIdentityProvider.identityProvider.wantResponseSigned", true)
		got.want("createIdentityProvider.identityProvider.attributeMapping", "map[displayName:[] email:[mail upn]]")
		got.want("createIdentityProvider.identityProvider.team.slug", "acme")
		if certs := got.at("createIdentityProvider.identityProvider.certificates").([]any); len(certs) != 1 {
			t.Errorf("%d certificates", len(certs))
		}
		again := d.must(t, as(t, d.acme.admin), `mutation($t: ID!, $x: String!) { importMetadata(input: {teamId: $t, xml: $x}) { created ignored identityProvider { id } userErrors { code } } }`,
			"t", d.acme.team.GlobalID(), "x", string(d.idp.Metadata()))
		again.want("importMetadata.created", true)
		again = d.must(t, as(t, d.acme.admin), `mutation($t: ID!, $x: String!, $i: ID!) {
			importMetadata(input: {teamId: $t, xml: $x}) { created ignored identityProvider { id } userErrors { code } }
			updateSsoSettings(input: {teamId: $t, jitEnabled: false, sessionHours: 8, sessionIdleMinutes: 60, defaultIdentityProviderId: $i}) {
			  ssoSettings { jitEnabled sessionHours sessionIdleMinutes defaultIdentityProvider { id } } userErrors { code } } }`,
			"t", d.acme.team.GlobalID(), "x", string(d.idp.Metadata()), "i", again.str("importMetadata.identityProvider.id"))
		again.want("importMetadata.created", false)
		again.want("updateSsoSettings.ssoSettings.sessionHours", 8)
		again.want("updateSsoSettings.ssoSettings.defaultIdentityProvider.id", again.at("importMetadata.identityProvider.id"))
	})
}

// Secrets appear in the payloads that create them and nowhere else: not in any
// field of any object, not in the log, not in audit events.
func TestSecretsAppearOnce(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.estate(t)
		admin, team := as(t, d.acme.admin), d.acme.team.GlobalID()
		_, cookie := d.session(t, d.acme.member)
		key := d.must(t, admin, fmt.Sprintf(opCreateKey, team, d.acme.member.GlobalID()))
		token := d.must(t, admin, fmt.Sprintf(opCreateScimToken, team))
		secrets := []string{cookie, key.str("createApiKey.secret"), token.str("createScimToken.secret")}
		if strings.Count(key.text, secrets[1]) != 1 || strings.Count(token.text, secrets[2]) != 1 {
			t.Error("a secret appears more than once in its payload")
		}
		var seen strings.Builder
		for typ, ids := range d.everyID(t) {
			for _, id := range ids {
				seen.WriteString(d.must(t, operator(t), everyField(typ), "id", id).text)
			}
		}
		var events []models.AuditEvent
		if err := d.db.Read(t.Context()).Find(&events).Error; err != nil {
			t.Fatal(err)
		}
		history, err := json.Marshal(events)
		if err != nil {
			t.Fatal(err)
		}
		for i, secret := range secrets {
			if strings.Contains(seen.String(), secret) || strings.Contains(string(history), secret) {
				t.Errorf("secret %d is shown later", i)
			}
		}
		d.heard.MustNotHold(t, secrets...)
		if !strings.Contains(seen.String(), key.str("createApiKey.apiKey.prefix")) {
			t.Error("the walk did not come to the key")
		}
	})
}

// everyID is the global id of every row, by type.
func (d *desk) everyID(t *testing.T) map[string][]string {
	t.Helper()
	ids := map[string][]string{}
	rowsOf[models.Team](t, d, "Team", ids)
	rowsOf[models.User](t, d, "User", ids)
	rowsOf[models.Membership](t, d, "Membership", ids)
	rowsOf[models.ExternalIdentity](t, d, "ExternalIdentity", ids)
	rowsOf[models.SsoSettings](t, d, "SsoSettings", ids)
	rowsOf[models.IdentityProvider](t, d, "IdentityProvider", ids)
	rowsOf[models.Certificate](t, d, "Certificate", ids)
	rowsOf[models.Session](t, d, "Session", ids)
	rowsOf[models.APIKey](t, d, "ApiKey", ids)
	rowsOf[models.ScimToken](t, d, "ScimToken", ids)
	rowsOf[models.ServiceProviderKey](t, d, "ServiceProviderKey", ids)
	rowsOf[models.StagedCertificate](t, d, "StagedCertificate", ids)
	rowsOf[models.Mail](t, d, "Mail", ids)
	return ids
}

// everyField asks a node of one type for every scalar that it has.
func everyField(typ string) string {
	contract := graph.NewExecutableSchema(graph.Config{}).Schema()
	var fields []string
	for _, f := range contract.Types[typ].Fields {
		if def := contract.Types[f.Type.Name()]; def.IsLeafType() && !strings.HasPrefix(f.Name, "__") {
			fields = append(fields, f.Name)
		}
	}
	return fmt.Sprintf("query($id: ID!) { node(id: $id) { ... on %s { %s } } }", typ, strings.Join(fields, " "))
}

// rowsOf is every row of a table.
func rowsOf[T model.Node](t *testing.T, d *desk, typ string, into map[string][]string) {
	t.Helper()
	var rows []T
	if err := d.db.Read(t.Context()).Find(&rows).Error; err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		into[typ] = append(into[typ], r.GlobalID())
	}
}
