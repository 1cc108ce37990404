package resolvers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/models"
)

// What hangs on a certificate: how it is used, and what its removal would do.
func TestUseOfCertificates(t *testing.T) {
	const document = `query($c: ID!) { node(id: $c) { ... on Certificate { lastUsedAt loginsIn30Days effectiveDeadline notAfter removalImpact { level explanation } } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		e, admin := d.estate(t), as(t, d.acme.admin)
		d.must(t, admin, document, "c", e.cert).want("node.removalImpact", "map[explanation:It has never verified a sign-in. level:NONE]")
		d.must(t, operator(t), fmt.Sprintf(opEnableSso, e.team))
		d.must(t, admin, document, "c", e.cert).want("node.removalImpact.level", "BLOCKED")
		d.must(t, admin, fmt.Sprintf(opAddCertificate, e.nodes["IdentityProvider"], nextPEM(t, d)))

		id, err := models.ParseGlobal(models.PrefixCertificate, e.cert)
		if err != nil {
			t.Fatal(err)
		}
		used := d.clock.Now().Add(-4 * time.Minute)
		if err := d.db.Read(t.Context()).Model(&models.Certificate{}).Where("id = ?", id).Update("last_used_at", used).Error; err != nil {
			t.Fatal(err)
		}
		provider, err := models.ParseGlobal(models.PrefixIdentityProvider, e.nodes["IdentityProvider"])
		if err != nil {
			t.Fatal(err)
		}
		row := d.attempt(t, d.acme.team, d.acme.member, provider, id)
		if err := d.db.Read(t.Context()).Model(&models.LoginAttempt{}).Where("id = ?", row.ID).Update("outcome", models.AttemptSucceeded).Error; err != nil {
			t.Fatal(err)
		}
		got := d.must(t, admin, document, "c", e.cert)
		got.want("node.removalImpact", "map[explanation:Used 4 minutes ago: sign-ins would fail. level:BREAKS]")
		got.want("node.loginsIn30Days", 1) // the refused one is not counted
		got.want("node.effectiveDeadline", got.at("node.notAfter"))

		// AD FS signs with the next one fifteen days before the end.
		d.must(t, admin, `mutation($i: ID!) { updateIdentityProvider(input: {identityProviderId: $i, vendor: ADFS}) { identityProvider { id } userErrors { code } } }`, "i", e.nodes["IdentityProvider"])
		end := d.idp.Certificate.NotAfter.UTC()
		d.must(t, admin, document, "c", e.cert).want("node.effectiveDeadline", end.AddDate(0, 0, -15).Format(time.RFC3339))
	})
}

// Certificates that have expired are paged, the latest end in front.
func TestExpiredCertificates(t *testing.T) {
	const document = `query($i: ID!, $n: Int, $a: String) { node(id: $i) { ... on IdentityProvider { expiredCertificates(first: $n, after: $a) { totalCount pageInfo { hasNextPage endCursor }
		nodes { id state daysLeft loginsIn30Days removalImpact { level } } edges { cursor node { id } } } } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		e, admin := d.estate(t), as(t, d.acme.admin)
		idp := e.nodes["IdentityProvider"]
		d.must(t, admin, document, "i", idp).want("node.expiredCertificates.totalCount", 0)
		d.must(t, admin, fmt.Sprintf(opAddCertificate, idp, nextPEM(t, d)))
		d.clock.Advance(500 * 24 * time.Hour)
		first := d.must(t, admin, document, "i", idp, "n", 1)
		first.want("node.expiredCertificates.totalCount", 2)
		first.want("node.expiredCertificates.pageInfo.hasNextPage", true)
		first.want("node.expiredCertificates.nodes.0.state", "EXPIRED")
		first.want("node.expiredCertificates.nodes.0.removalImpact.level", "NONE")
		second := d.must(t, admin, document, "i", idp, "n", 1, "a", first.str("node.expiredCertificates.pageInfo.endCursor"))
		second.want("node.expiredCertificates.pageInfo.hasNextPage", false)
		if a, b := first.str("node.expiredCertificates.nodes.0.id"), second.str("node.expiredCertificates.nodes.0.id"); a == b || a != e.cert && b != e.cert {
			t.Errorf("the pages are %s and %s", a, b)
		}
	})
}

// Fetched metadata brings certificates; an admin says yes to one and no to another.
func TestStagedCertificates(t *testing.T) {
	const (
		list    = `query($i: ID!) { node(id: $i) { ... on IdentityProvider { stagedCertificates { id reason subject fingerprintSha256 identityProvider { id } pem } certificates { fingerprintSha256 } } } }`
		accept  = `mutation($s: ID!) { acceptCertificate(input: {stagedCertificateId: $s}) { certificate { id fingerprintSha256 source addedBy identityProvider { stagedCertificates { id } } } userErrors { code field } } }`
		dismiss = `mutation($s: ID!) { dismissCertificate(input: {stagedCertificateId: $s}) { dismissedCertificateId userErrors { code field } } }`
	)
	eachDesk(t, func(t *testing.T, d *desk) {
		e, admin := d.estate(t), as(t, d.acme.admin)
		idp, first := e.nodes["IdentityProvider"], e.nodes["StagedCertificate"]
		got := d.must(t, admin, list, "i", idp)
		got.want("node.stagedCertificates.0.id", first)
		got.want("node.stagedCertificates.0.reason", "TEAM_SETTING")
		got.want("node.stagedCertificates.0.identityProvider.id", idp)
		got.want("node.stagedCertificates.1.id", e.unwanted)
		if !strings.HasPrefix(got.str("node.stagedCertificates.0.pem"), "-----BEGIN CERTIFICATE-----\n") {
			t.Errorf("no PEM: %s", got.text)
		}
		taken := d.must(t, admin, accept, "s", first)
		taken.want("acceptCertificate.certificate.fingerprintSha256", got.at("node.stagedCertificates.0.fingerprintSha256"))
		taken.want("acceptCertificate.certificate.source", "METADATA")
		taken.want("acceptCertificate.certificate.identityProvider.stagedCertificates", fmt.Sprintf("[map[id:%s]]", e.unwanted))
		if got := d.ask(t, admin, accept, "s", first); got.userError() != "NOT_FOUND stagedCertificateId" {
			t.Errorf("twice: %s", got.text)
		}
		d.must(t, admin, dismiss, "s", e.unwanted).want("dismissCertificate.dismissedCertificateId", e.unwanted)
		got = d.must(t, admin, list, "i", idp)
		got.want("node.stagedCertificates", "[]")
		if certs := got.at("node.certificates").([]any); len(certs) != 2 {
			t.Errorf("%d certificates", len(certs))
		}
		d.must(t, operator(t), `query($s: ID!) { node(id: $s) { id } }`, "s", e.unwanted).want("node", nil)
		if got := d.ask(t, admin, dismiss, "s", e.unwanted); got.userError() != "NOT_FOUND stagedCertificateId" {
			t.Errorf("twice: %s", got.text)
		}
	})
}

func TestNotificationSettings(t *testing.T) {
	const document = `mutation($in: UpdateNotificationSettingsInput!) { updateNotificationSettings(input: $in) { notificationSettings { extraRecipients language noticeAt60Days noticeAt14Days noticeAtEnd trustDiscovered revision updatedAt team { slug } } userErrors { code field } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		admin := as(t, d.acme.admin)
		d.must(t, admin, `{ team(slug: "acme") { notificationSettings { extraRecipients language noticeAt60Days trustDiscovered revision updatedAt } } }`).
			want("team.notificationSettings", "map[extraRecipients:[] language:en noticeAt60Days:false revision:0 trustDiscovered:true updatedAt:<nil>]")
		send := func(in map[string]any) reply {
			in["teamId"] = d.acme.team.GlobalID()
			return d.ask(t, admin, document, "in", in)
		}
		send(map[string]any{"extraRecipients": []string{"ops@acme.test"}, "language": "ja", "noticeAt60Days": true, "noticeAt14Days": true, "noticeAtEnd": true, "trustDiscovered": false, "revision": 0}).
			want("updateNotificationSettings.notificationSettings", "map[extraRecipients:[ops@acme.test] language:ja noticeAt14Days:true noticeAt60Days:true noticeAtEnd:true revision:1 team:map[slug:acme] trustDiscovered:false updatedAt:2026-03-02T09:00:00Z]")
		send(map[string]any{"extraRecipients": []string{}}).want("updateNotificationSettings.notificationSettings.extraRecipients", "[]")
		six := []string{"a@x.test", "b@x.test", "c@x.test", "d@x.test", "e@x.test", "f@x.test"}
		for want, in := range map[string]map[string]any{
			"INVALID language": {"language": "fr"}, "REQUIRED noticeAtEnd": {"noticeAtEnd": nil}, "REQUIRED extraRecipients": {"extraRecipients": nil},
			"INVALID extraRecipients": {"extraRecipients": []string{"nobody"}}, "LIMIT_REACHED extraRecipients": {"extraRecipients": six},
			"STALE_REVISION revision": {"revision": 1},
		} {
			if got := send(in); got.userError() != want {
				t.Errorf("%v: %s, not %s", in, got.text, want)
			}
		}
	})
}

func TestMails(t *testing.T) {
	const document = `query($n: Int, $a: String, $s: [MailState!]) { team(slug: "acme") { mails(first: $n, after: $a, states: $s) { totalCount pageInfo { hasNextPage endCursor }
		nodes { id kind recipient state attempts lastError language sentAt membership { user { email } } team { slug } } } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		admin := as(t, d.acme.admin)
		sent, failed := d.mail(t, d.acme.team, d.acme.admin, models.MailSent), d.mail(t, d.acme.team, d.acme.member, models.MailFailed)
		d.mail(t, d.globex.team, d.globex.admin, models.MailFailed)
		got := d.must(t, admin, document, "n", 1)
		got.want("team.mails.totalCount", 2)
		got.want("team.mails.nodes.0", fmt.Sprintf("map[attempts:2 id:%s kind:sso_enabled language:en lastError:the mail server refused it membership:map[user:map[email:mel@acme.test]] recipient:mel@acme.test sentAt:<nil> state:FAILED team:map[slug:acme]]", failed.GlobalID()))
		d.must(t, admin, document, "n", 1, "a", got.str("team.mails.pageInfo.endCursor")).want("team.mails.nodes.0.id", sent.GlobalID())
		got = d.must(t, admin, document, "s", []string{"SENT", "QUEUED", "SENT"})
		got.want("team.mails.totalCount", 1)
		got.want("team.mails.nodes.0.id", sent.GlobalID())
		for i := range 30 {
			d.mail(t, d.acme.team, d.add(t, d.acme.team, fmt.Sprintf("m%d", i), models.RoleMember), models.MailQueued)
		}
		if one, many := d.statements(t, admin, document, "n", 1), d.statements(t, admin, document, "n", 30); one != many {
			t.Errorf("a page of one takes %d statements, one of thirty %d", one, many)
		}
	})
}

func TestStateOfTheWork(t *testing.T) {
	const document = `{ system { jobs { kinds { kind waiting running retrying done failed lastRun lastError } mailsQueued mailsSent mailsFailed mailsCancelled unannounced failingMetadata } } }`
	eachDesk(t, func(t *testing.T, d *desk) {
		d.mail(t, d.acme.team, d.acme.admin, models.MailSent)
		e := d.estate(t) // with a mail that failed
		d.SSO.Announce = d.Jobs.Announce
		d.must(t, operator(t), fmt.Sprintf(opEnableSso, e.team))
		got := d.must(t, operator(t), document)
		got.want("system.jobs.kinds.0", "map[done:0 failed:0 kind:announce lastError:<nil> lastRun:<nil> retrying:0 running:0 waiting:1]")
		got.want("system.jobs.mailsSent", 1)
		got.want("system.jobs.mailsFailed", 1)
		got.want("system.jobs.unannounced", 1)
		d.must(t, as(t, d.acme.admin), document).want("system.jobs", nil)
	})
}
