package resolvers

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso/fetch"
)

// upload sends a document with a file in the variable input.file.
func (d *desk) upload(t *testing.T, ctx context.Context, document string, input map[string]any, content []byte) reply {
	t.Helper()
	input["file"] = nil
	operations, err := json.Marshal(map[string]any{"query": document, "variables": map[string]any{"input": input}})
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	_ = w.WriteField("operations", string(operations))
	_ = w.WriteField("map", `{"f":["variables.input.file"]}`)
	file, err := w.CreateFormFile("f", "metadata.xml")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.Write(content)
	_ = w.Close()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Accept", "application/graphql-response+json")
	r.Header.Set("X-Rollcall-Request", "1")
	return d.answer(t, r)
}

const (
	uploadMetadata    = `mutation($input: ImportMetadataInput!) { importMetadata(input: $input) { created identityProvider { id entityId } userErrors { code field message } } }`
	lookIntoMetadata  = `mutation($input: PreviewMetadataInput!) { previewMetadata(input: $input) { preview { entityId identityProvider { id } } userErrors { code field message } } }`
	uploadCertificate = `mutation($input: AddCertificateInput!) { addCertificate(input: $input) { certificate { fingerprintSha256 source } userErrors { code field message } } }`
)

// Metadata and certificates come as text or as a file; what is wrong with a file
// is said of the file, and nothing of it is repeated.
func TestFiles(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		admin, team := as(t, d.acme.admin), d.acme.team.GlobalID()
		of := func(more ...any) map[string]any {
			in := map[string]any{"teamId": team}
			for i := 0; i < len(more); i += 2 {
				in[more[i].(string)] = more[i+1]
			}
			return in
		}
		if got := d.upload(t, admin, lookIntoMetadata, of(), d.idp.Metadata()); got.str("previewMetadata.preview.entityId") != d.idp.EntityID {
			t.Errorf("a look: %s", got.text)
		}
		got := d.upload(t, admin, uploadMetadata, of(), d.idp.Metadata())
		got.want("importMetadata.created", true)
		provider := got.str("importMetadata.identityProvider.id")

		block, _ := pem.Decode([]byte(nextPEM(t, d)))
		next := block.Bytes
		cert := d.upload(t, admin, uploadCertificate, map[string]any{"identityProviderId": provider}, next)
		if len(cert.str("addCertificate.certificate.fingerprintSha256")) != 64 {
			t.Errorf("DER: %s", cert.text)
		}
		for want, c := range map[string]reply{
			"CERTIFICATE_DUPLICATE file": d.upload(t, admin, uploadCertificate, map[string]any{"identityProviderId": provider}, []byte(pemOf(next))),
			"CERTIFICATE_UNUSABLE file":  d.upload(t, admin, uploadCertificate, map[string]any{"identityProviderId": provider}, []byte("rck_swordfish\x00\xff")),
			"INVALID file":               d.upload(t, admin, uploadCertificate, map[string]any{"identityProviderId": provider, "certificate": pemOf(next)}, next),
			"METADATA_INVALID file":      d.upload(t, admin, uploadMetadata, of(), []byte("<rck_swordfish")),
			"INVALID url":                d.upload(t, admin, uploadMetadata, of("xml", "<x/>"), d.idp.Metadata()),
			"REQUIRED certificate":       d.ask(t, admin, uploadCertificate, "input", map[string]any{"identityProviderId": provider}),
			"REQUIRED xml":               d.ask(t, admin, lookIntoMetadata, "input", of()),
			"NOT_FOUND teamId":           d.upload(t, as(t, d.globex.admin), lookIntoMetadata, of(), d.idp.Metadata()),
		} {
			if c.userError() != want || strings.Contains(c.text, "swordfish") {
				t.Errorf("%s, not %s: %s", c.userError(), want, c.text)
			}
		}
		if got := d.upload(t, as(t, d.acme.member), lookIntoMetadata, of(), d.idp.Metadata()); got.code() != "FORBIDDEN" {
			t.Errorf("a member: %s", got.text)
		}
	})
}

// A look at the metadata behind an address fetches it once and stores nothing,
// and nobody has a host called who may not.
func TestPreviewOfAnAddress(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		calls := 0
		answer := fetch.Document{Body: d.idp.Metadata()}
		var failure error
		d.host = func() (fetch.Document, error) { calls++; return answer, failure }
		in := map[string]any{"teamId": d.acme.team.GlobalID(), "url": "https://idp.acme.test/metadata"}
		got := d.must(t, as(t, d.acme.admin), lookIntoMetadata, "input", in)
		got.want("previewMetadata.preview.entityId", d.idp.EntityID)
		got.want("previewMetadata.preview.identityProvider", nil)
		if calls != 1 {
			t.Errorf("%d calls", calls)
		}
		for who, ctx := range map[string]context.Context{
			"a member": as(t, d.acme.member), "another admin": as(t, d.globex.admin), "a key": withKey(t, d.acme.admin, models.ScopeSsoRead),
		} {
			if got := d.ask(t, ctx, lookIntoMetadata, "input", in); calls != 1 || got.code() == "" && got.userError() == "" {
				t.Errorf("%s: %d calls, %s", who, calls, got.text)
			}
		}
		answer.Body = []byte("<html>rck_swordfish")
		if got := d.ask(t, as(t, d.acme.admin), lookIntoMetadata, "input", in); got.userError() != "METADATA_INVALID url" || strings.Contains(got.text, "swordfish") {
			t.Errorf("a page: %s", got.text)
		}
		failure = &fetch.Error{Reason: "it is at a private address"}
		if got := d.ask(t, as(t, d.acme.admin), lookIntoMetadata, "input", in); got.userError() != "METADATA_UNREACHABLE url" {
			t.Errorf("a private address: %s", got.text)
		}
		d.must(t, as(t, d.acme.admin), `query($t: ID!) { node(id: $t) { ... on Team { ssoSettings { identityProviders { id } } } } }`, "t", in["teamId"]).want("node.ssoSettings.identityProviders", "[]")
	})
}

// What the directory and the identity provider say of a member is for admins and
// for the member.
func TestDirectoryOfAMember(t *testing.T) {
	const document = `query($m: ID!) { node(id: $m) { ... on Membership { emails { email type primary ofAccount } externalAttributes { name values valueCount } ssoBypass deactivatedBy user { managedBy { slug } } } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		profile := roster.Profile{Document: `{"emails":[{"value":"g@home.test","type":"home"},{"value":"","type":"x"},{"value":"Grace@acme.test","primary":true,"type":"work"}]}`}
		m, err := d.Roster.ProvisionScim(housetest.AsScim(request(t), d.acme.team.ID), d.acme.team.ID, roster.ScimUser{UserName: "grace@acme.test", Email: "grace@acme.test", Active: true, Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		groups := make([]string, 30)
		for i := range groups {
			groups[i] = fmt.Sprintf("g%02d", i)
		}
		claims := models.MemberClaims{MembershipID: m.ID, TeamID: m.TeamID, Claims: map[string][]string{"groups": groups, "department": {"Tools"}}, Digest: []byte("x"), UpdatedAt: d.clock.Now()}
		if err := d.db.Read(t.Context()).Create(&claims).Error; err != nil {
			t.Fatal(err)
		}
		for who, ctx := range map[string]context.Context{"admin": as(t, d.acme.admin), "self": as(t, m), "operator": operator(t), "reading key": withKey(t, d.acme.admin, models.ScopeMembershipRead, models.ScopeSsoRead, models.ScopeTeamRead)} {
			got := d.must(t, ctx, document, "m", m.GlobalID())
			got.want("node.emails", "[map[email:Grace@acme.test ofAccount:true primary:true type:work] map[email:g@home.test ofAccount:false primary:false type:home]]")
			got.want("node.externalAttributes.0", "map[name:department valueCount:1 values:[Tools]]")
			got.want("node.externalAttributes.1.valueCount", 30)
			if n := len(got.at("node.externalAttributes.1.values").([]any)); n != maxShownValues {
				t.Errorf("%s: %d values are shown", who, n)
			}
			got.want("node.user.managedBy.slug", "acme")
		}
		for who, ctx := range map[string]context.Context{"member": as(t, d.acme.member), "viewer's key": withKey(t, d.acme.viewer, models.ScopeMembershipRead, models.ScopeTeamRead), "key that reads members": withKey(t, d.acme.admin, models.ScopeMembershipRead, models.ScopeTeamRead)} {
			got := d.must(t, ctx, document, "m", m.GlobalID())
			if got.at("node.emails") != nil || got.at("node.externalAttributes") != nil {
				t.Errorf("%s sees %s", who, got.text)
			}
		}
		d.must(t, as(t, d.globex.admin), document, "m", m.GlobalID()).want("node", nil)
	})
}

// The notices of a certificate's end, with those that were sent.
func TestNoticesOfACertificate(t *testing.T) {
	const document = `query($c: ID!) { node(id: $c) { ... on Certificate { notices { daysBefore dueAt announcedAt } } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		e, admin := d.estate(t), as(t, d.acme.admin)
		got := d.must(t, admin, document, "c", e.cert)
		end := d.idp.Certificate.NotAfter.UTC()
		for i, days := range []int{30, 7, 1} {
			got.want(fmt.Sprintf("node.notices.%d", i), map[string]any{"daysBefore": days, "dueAt": end.Add(-time.Duration(days) * 24 * time.Hour).Format(time.RFC3339), "announcedAt": nil})
		}
		d.must(t, operator(t), fmt.Sprintf(opEnableSso, e.team))
		d.SSO.Announce = d.Jobs.Announce
		d.clock.Advance(end.Sub(d.clock.Now()) - 29*24*time.Hour)
		if n, err := d.SSO.AnnounceExpiring(t.Context()); err != nil || n == 0 {
			t.Fatal(n, err)
		}
		got = d.must(t, admin, document, "c", e.cert)
		got.want("node.notices.0.announcedAt", d.clock.Now().Format(time.RFC3339Nano))
		got.want("node.notices.1.announcedAt", nil)
	})
}

// A search leads from page to page, and says what it cannot do.
func TestSearchOfMembers(t *testing.T) {
	const document = `query($s: String, $a: String, $n: Int = 1, $o: MembershipOrder) { team(slug: "acme") { memberships(first: $n, after: $a, filter: {search: $s}, orderBy: $o) {
		totalCount pageInfo { hasNextPage endCursor } nodes { user { name } } } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		admin := as(t, d.acme.admin)
		first := d.must(t, admin, document, "s", "M")
		first.want("team.memberships", map[string]any{"totalCount": 1, "nodes": "[map[user:map[name:mel]]]", "pageInfo": first.at("team.memberships.pageInfo")})
		first.want("team.memberships.pageInfo.hasNextPage", false)
		d.add(t, d.acme.team, "max", models.RoleMember)
		first = d.must(t, admin, document, "s", "m")
		first.want("team.memberships.nodes.0.user.name", "max")
		cursor := first.str("team.memberships.pageInfo.endCursor")
		d.must(t, admin, document, "s", "m", "a", cursor).want("team.memberships.nodes.0.user.name", "mel")
		for what, got := range map[string]reply{
			"another search's cursor": d.ask(t, admin, document, "s", "v", "a", cursor),
			"nothing to search for":   d.ask(t, admin, document, "s", ""),
			"a space":                 d.ask(t, admin, document, "s", " "),
			"an order":                d.ask(t, admin, document, "s", "m", "o", map[string]any{"field": "USER_NAME"}),
			"a long text":             d.ask(t, admin, document, "s", strings.Repeat("m", 300)),
		} {
			if got.code() != "BAD_USER_INPUT" {
				t.Errorf("%s: %s", what, got.text)
			}
		}
	})
}
