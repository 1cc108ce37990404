package jobs

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"rollcall/mail"
	"rollcall/models"
)

// deliverJob hands one mail over, and cancels it instead when its cause is gone
// or its recipient has not the office any more for which it was written. A kill
// between the handing over and the note of it sends the mail again, under the
// same Message-ID.
func (s *Service) deliverJob(ctx context.Context, job *river.Job[deliverArgs]) error {
	l, err := s.letterToSend(ctx, job.Args.Mail)
	if err != nil || l == nil {
		return err
	}
	m, n := l.mail, l.notice
	kind, facts := s.message(n, l.parts, l.team)
	if n.LinkID != nil {
		if facts.Link, err = s.link(ctx, *n.LinkID); err != nil {
			return err
		}
		if facts.Link == "" { // between the look and now
			return s.settle(ctx, m.ID, map[string]any{"state": models.MailCancelled})
		}
	}
	content, err := mail.Render(kind, mail.Language(m.Language), facts)
	if err != nil { // written by a newer version, which will find it again
		return err
	}
	err = s.Sender.Send(ctx, mail.Message{
		ID: string(m.ID) + "@" + s.domain, From: s.From, To: m.Recipient,
		Subject: content.Subject, Text: content.Text, HTML: content.HTML,
	})
	switch {
	case err == nil:
		return s.settle(ctx, m.ID, map[string]any{"state": models.MailSent, "sent_at": s.now(), "attempts": job.Attempt, "last_error": ""})
	case ctx.Err() != nil && job.Attempt < job.MaxAttempts:
		return err // a stop, or the time was up: nothing was learned about the mail
	case mail.Permanent(err) || job.Attempt >= job.MaxAttempts:
		s.Log.WarnContext(ctx, "a mail cannot be delivered", "mail", m.GlobalID(), "kind", n.Kind, "reason", reason(err))
		if settled := s.settle(ctx, m.ID, map[string]any{"state": models.MailFailed, "attempts": job.Attempt, "last_error": reason(err)}); settled != nil {
			return settled
		}
		return river.JobCancel(errors.New(reason(err)))
	default:
		if noted := s.settle(ctx, m.ID, map[string]any{"attempts": job.Attempt, "last_error": reason(err)}); noted != nil {
			return noted
		}
		return errors.New(reason(err))
	}
}

// link is the address of the one-time link that a mail carries, "" when it
// cannot be used any more. It is made for the mail and kept nowhere.
func (s *Service) link(ctx context.Context, id models.ID) (string, error) {
	var row models.OneTimeLink
	err := s.DB.Read(ctx).Where("id = ?", id).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && s.Credentials.LinkOpen(row) != nil {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return s.Credentials.LinkURL(s.BaseURL, row)
}

// reason is why a mail was not taken, without addresses.
func reason(err error) string {
	var e *mail.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return "the mail could not be handed over"
}

// settle writes down what became of a mail that is still to be sent.
func (s *Service) settle(ctx context.Context, id models.ID, values map[string]any) error {
	return s.DB.InTx(context.WithoutCancel(ctx), func(tx *gorm.DB) error {
		return tx.Model(&models.Mail{}).Where("id = ? AND state = ?", id, models.MailQueued).Updates(values).Error
	})
}

// letter is a mail with what it says.
type letter struct {
	mail   models.Mail
	notice models.Notice
	parts  []models.Notice // of the notice, that still matter; itself when it has none
	team   models.Team
}

// letterToSend reads a mail with its notice and team; nil when there is nothing
// to send any more.
func (s *Service) letterToSend(ctx context.Context, id models.ID) (*letter, error) {
	var found *letter
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		var l letter
		found = nil
		switch err := tx.Where("id = ?", id).Take(&l.mail).Error; {
		case errors.Is(err, gorm.ErrRecordNotFound):
			return nil
		case err != nil || l.mail.State != models.MailQueued:
			return err
		}
		if err := tx.Where("id = ?", l.mail.NoticeID).Take(&l.notice).Error; err != nil {
			return err
		}
		if err := tx.Where("id = ?", l.mail.TeamID).Take(&l.team).Error; err != nil {
			return err
		}
		var err error
		if l.parts, err = s.SSO.WorthTelling(tx, l.notice); err != nil {
			return err
		}
		entitled, err := entitled(tx, l.mail, l.notice)
		if err != nil {
			return err
		}
		if len(l.parts) > 0 && entitled {
			found = &l
			return nil
		}
		return tx.Model(&models.Mail{}).Where("id = ?", id).Update("state", models.MailCancelled).Error
	})
	return found, err
}

// entitled reports whether the recipient is still somebody to tell this.
func entitled(tx *gorm.DB, m models.Mail, n models.Notice) (bool, error) {
	if m.MembershipID == nil {
		return true, nil
	}
	var member models.Membership
	err := tx.Where("id = ?", *m.MembershipID).Take(&member).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return false, nil
	case err != nil || member.Status != models.StatusActive:
		return false, err
	case n.MembershipID != nil && *n.MembershipID == member.ID, n.Facts["audience"] != "":
		return true, nil
	default:
		return member.Role == models.RoleAdmin, nil
	}
}

// message is what is said of what still matters of a notice.
func (s *Service) message(n models.Notice, parts []models.Notice, team models.Team) (mail.Kind, mail.Facts) {
	if len(parts) == 1 {
		return mail.Kind(parts[0].Kind), s.facts(parts[0], team)
	}
	out := s.facts(n, team)
	for _, p := range parts {
		f := s.facts(p, team)
		f.Ended = mail.Kind(p.Kind) == mail.CertExpired
		out.Several, out.Ended = append(out.Several, f), out.Ended || f.Ended
	}
	out.Days = out.Several[0].Days
	return mail.Kind(n.Kind), out
}

// facts turns what was taken down into what the templates show.
func (s *Service) facts(n models.Notice, team models.Team) mail.Facts {
	f := n.Facts
	number := func(name string) int {
		v, err := strconv.Atoi(f[name])
		if err != nil {
			return 0
		}
		return v
	}
	out := mail.Facts{
		Team: team.Name, TeamURL: s.BaseURL + "/saml/" + team.Slug, At: f["at"], Actor: f["actor"],
		Provider: f["provider"], ProviderID: f["providerId"], Subject: f["subject"], Fingerprint: f["fingerprint"],
		NotBefore: f["notBefore"], NotAfter: f["notAfter"], CertID: f["certificateId"],
		Early: number("early"), EarlyDay: f["earlyDay"], Covered: f["covered"] != "", Trusted: f["trusted"] != "", Reason: f["reason"],
		Problem: f["problem"], Since: f["since"], Failures: number("failures"),
		Name: f["name"], Prefix: f["prefix"], ExpiresAt: f["expiresAt"],
		Email: f["email"], Role: f["role"], Calls: number("calls"), People: number("people"), Day: f["day"], Left: number("left"),
	}
	if end, err := time.Parse(time.RFC3339, f["notAfter"]); err == nil {
		out.Days = max(0, int(math.Ceil(end.Sub(s.now()).Hours()/24)))
	}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if what, ok := strings.CutPrefix(name, "change."); ok {
			out.Changes = append(out.Changes, what+": "+f[name])
		}
		if strings.HasPrefix(name, "line.") {
			out.Changes = append(out.Changes, f[name])
		}
	}
	return out
}
