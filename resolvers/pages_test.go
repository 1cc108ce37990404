package resolvers

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"rollcall/models"
)

const pageQuery = `query($n: Int, $after: String) { team(slug: "acme") { memberships(first: $n, after: $after) {
	totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } } nodes { id user { email } } } } }`

// Pages lead through the whole list, once each, also when somebody joins or
// leaves on the way.
func TestPagesOfMembers(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		for i := range 4 {
			d.add(t, d.acme.team, fmt.Sprintf("m%d", i), models.RoleMember)
		}
		var seen []string
		var after any
		for page := range 4 {
			got := d.must(t, as(t, d.acme.admin), pageQuery, "n", 2, "after", after)
			nodes := got.at("team.memberships.nodes").([]any)
			for i := range nodes {
				got.want(fmt.Sprintf("team.memberships.edges.%d.node.id", i), got.at(fmt.Sprintf("team.memberships.nodes.%d.id", i)))
				seen = append(seen, strings.TrimSuffix(got.str(fmt.Sprintf("team.memberships.nodes.%d.user.email", i)), "@acme.test"))
			}
			last := page == 3
			got.want("team.memberships.pageInfo.hasNextPage", !last)
			got.want("team.memberships.pageInfo.hasPreviousPage", page > 0)
			got.want("team.memberships.pageInfo.startCursor", got.at("team.memberships.edges.0.cursor"))
			got.want("team.memberships.pageInfo.endCursor", got.at(fmt.Sprintf("team.memberships.edges.%d.cursor", len(nodes)-1)))
			after = got.str("team.memberships.pageInfo.endCursor")
			switch page {
			case 0:
				d.must(t, as(t, d.acme.admin), fmt.Sprintf(opRemove, got.str("team.memberships.nodes.1.id"))) // the one that the cursor points at
			case 1:
				d.add(t, d.acme.team, "late", models.RoleMember)
			}
		}
		if got := strings.Join(seen, " "); got != "ada mel vic m0 m1 m2 m3 late" {
			t.Errorf("the pages hold %s", got)
		}
		end := d.must(t, as(t, d.acme.admin), pageQuery, "n", 2, "after", after)
		end.want("team.memberships.nodes", "[]")
		end.want("team.memberships.pageInfo.endCursor", nil)
		end.want("team.memberships.totalCount", 7)

		for _, c := range []struct {
			n     any
			after any
		}{{0, nil}, {101, nil}, {-1, nil}, {2, "nonsense"}, {2, d.acme.admin.GlobalID()}} {
			if got := d.ask(t, as(t, d.acme.admin), pageQuery, "n", c.n, "after", c.after); got.code() != "BAD_USER_INPUT" {
				t.Errorf("first %v after %v: %s", c.n, c.after, got.text)
			}
		}
		teams := d.must(t, operator(t), `{ teams(first: 1) { pageInfo { endCursor hasNextPage } nodes { slug } } }`)
		teams.want("teams.pageInfo.hasNextPage", true)
		cursor := teams.str("teams.pageInfo.endCursor")
		d.must(t, operator(t), `query($a: String) { teams(first: 1, after: $a) { nodes { slug } } }`, "a", cursor).want("teams.nodes.0.slug", "globex")
		if got := d.ask(t, as(t, d.acme.admin), pageQuery, "n", 2, "after", cursor); got.code() != "BAD_USER_INPUT" {
			t.Errorf("a cursor of another list: %s", got.text)
		}
		if got := d.must(t, as(t, d.acme.admin), `{ team(slug: "acme") { memberships(first: null) { nodes { id } } } }`); len(got.at("team.memberships.nodes").([]any)) != 7 {
			t.Errorf("first null: %s", got.text)
		}
	})
}

// statements counts what an operation asks of the database.
func (d *desk) statements(t *testing.T, ctx context.Context, document string, variables ...any) int64 {
	t.Helper()
	ctx, n := models.CountStatements(ctx)
	d.must(t, ctx, document, variables...)
	return n.Load()
}

// A page costs the same number of statements however many members it holds,
// and the count only when it is asked for.
func TestStatementsOfAPage(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.estate(t)
		everything := `query($n: Int) { team(slug: "acme") { id memberships(first: $n) { totalCount pageInfo { endCursor }
			nodes { id team { slug } user { email } externalIdentity { nameId } } edges { node { user { name } team { id } } } }
			ssoSettings { loginUrl serviceProvider { acsUrl logoutUrl keys { id certificate } } defaultIdentityProvider { id } team { slug }
			  identityProviders { id team { slug } certificates { id identityProvider { id } loginsIn30Days effectiveDeadline removalImpact { level } } metadataSource { url } stagedCertificates { pem } preset { name } } } } }`
		counts := map[int]int64{}
		members := 3
		for _, n := range []int{1, 10, 100} {
			for ; members < n; members++ {
				d.add(t, d.acme.team, fmt.Sprintf("m%d", members), models.RoleMember)
			}
			counts[n] = d.statements(t, as(t, d.acme.admin), everything, "n", n)
		}
		// team, page with users, count, identities, settings, keys, providers, certificates, metadata sources,
		// staged certificates, two for the use of certificates and three for what hangs on them
		if counts[1] != 15 || counts[10] != 15 || counts[100] != 15 {
			t.Errorf("statements for pages of 1, 10 and 100 members: %v", counts)
		}
		for document, want := range map[string]int64{
			`{ viewer { kind } }`:             0,
			`{ team(slug: "acme") { name } }`: 1,
			`{ team(slug: "acme") { memberships(first: 50) { nodes { role } } } }`:                    2,
			`{ team(slug: "acme") { memberships(first: 50) { totalCount } } }`:                        3,
			`{ team(slug: "acme") { memberships(first: 50) { nodes { user { email } } } } }`:          2,
			`{ team(slug: "acme") { memberships(first: 50) { nodes { team { slug } } } } }`:           2,
			`{ a: team(slug: "acme") { ssoSettings { identityProviders { certificates { pem } } } }}`: 4,
		} {
			if got := d.statements(t, as(t, d.acme.admin), document); got != want {
				t.Errorf("%s takes %d statements, not %d", document, got, want)
			}
		}
	})
}

// What a later mutation of the same request reads is not what an earlier one
// remembered.
func TestMutationsSeeEachOther(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		e := d.estate(t)
		got := d.must(t, operator(t), `mutation($idp: ID!, $pem: String!, $old: ID!) {
			add: addCertificate(input: {identityProviderId: $idp, certificate: $pem}) { identityProvider { certificates { id } } userErrors { code } }
			remove: removeCertificate(input: {certificateId: $old}) { deletedCertificateId identityProvider { certificates { id } } userErrors { code } } }`,
			"idp", e.nodes["IdentityProvider"], "pem", nextPEM(t, d), "old", e.cert)
		if a, r := got.at("add.identityProvider.certificates").([]any), got.at("remove.identityProvider.certificates").([]any); len(a) != 2 || len(r) != 1 {
			t.Errorf("%d certificates after adding, %d after removing: %s", len(a), len(r), got.text)
		}
	})
}
