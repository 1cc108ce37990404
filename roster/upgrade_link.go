package roster

import (
	"context"
	"time"

	"gorm.io/gorm"

	"rollcall/audit"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// AgreeToUpgrade answers yes with a proof, in one transaction: the identity that
// the browser came with is linked, the membership and - when it is on no other
// team - the account are the team's to manage from now on, own sessions on the
// team end, API keys live as long as those of people under single sign-on, and a
// password that opens nothing any more is dropped. It opens no session: the
// assertion may be hours old, so the person goes through the identity provider
// once more. Faults: request_unknown, request_expired, UNAUTHENTICATED for a
// wrong proof or none, SECOND_FACTOR_REQUIRED, NOT_FOUND, LINK_USED and
// LINK_EXPIRED for the link, BREAK_GLASS, user_deactivated, user_removed,
// jit_disabled, domain_not_allowed, sso_not_enabled, account_conflict.
func (s *Service) AgreeToUpgrade(ctx context.Context, t UpgradeTicket, seen string, p UpgradeProof) (models.Team, string, error) {
	row, err := s.asked(s.DB.Read(ctx), t)
	if err != nil {
		return models.Team{}, "", err
	}
	how, err := s.prove(ctx, row, p)
	if err != nil {
		return models.Team{}, "", err
	}
	var team models.Team
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		// Team, membership, account, question: the room's order.
		if team, err = models.LockTeam(tx, row.TeamID); err != nil {
			return err
		}
		m, err := s.upgradable(tx, team, row)
		if err != nil {
			return err
		}
		if m.User, err = models.LockUser(tx, row.UserID); err != nil {
			return err
		}
		row, err := s.lockAsked(tx, t, seen)
		if err != nil {
			return err
		}
		settings, err := stillProvided(tx, row)
		if err != nil {
			return err
		}
		if how == "link" {
			link, err := s.credentials().SpendLink(tx, models.LinkUpgrade, p.Token)
			if err == nil {
				err = about(link, row)
			}
			if err != nil {
				return err
			}
		}
		return s.linkOwn(s.owner(ctx, row), tx, row, settings, m, how)
	})
	return team, row.ReturnTo, err
}

// upgradable locks the member whom a question is about; of somebody who is not
// on the team only the account is known.
func (s *Service) upgradable(tx *gorm.DB, team models.Team, row models.SsoUpgrade) (Member, error) {
	var rows []models.Membership
	err := tx.Select("id").Where("team_id = ? AND user_id = ?", team.ID, row.UserID).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return Member{}, err
	}
	m, err := lockMember(tx, rows[0].ID)
	switch {
	case fault.Is(err, fault.Missing):
		return Member{}, models.ErrAgain
	case err != nil:
		return Member{}, err
	case m.Status != models.StatusActive:
		return Member{}, deactivated()
	case !m.Direct(m.User):
		return Member{}, loginConflict("The member is under single sign-on already.")
	case m.Role == models.RoleAdmin:
		return m, staysOpen(tx, m)
	}
	return m, nil
}

// stillProvided looks again at what the kept assertion was judged by: single
// sign-on may have been switched off since, or the identity provider deleted.
func stillProvided(tx *gorm.DB, row models.SsoUpgrade) (models.SsoSettings, error) {
	settings, err := sso.SettingsIn(tx, row.TeamID)
	if err != nil {
		return settings, err
	}
	var n int64
	if row.IdentityProviderID != nil {
		err = tx.Model(&models.IdentityProvider{}).Where("id = ? AND team_id = ? AND entity_id = ?", *row.IdentityProviderID, row.TeamID, row.Issuer).Count(&n).Error
	}
	if err == nil && (n == 0 || !settings.State.On()) {
		err = fault.New(fault.SsoNotEnabled, "Single sign-on is off for the team, or the identity provider is gone.")
	}
	return settings, err
}

// linkOwn does it to a locked account.
func (s *Service) linkOwn(ctx context.Context, tx *gorm.DB, row models.SsoUpgrade, settings models.SsoSettings, m Member, how string) error {
	now, u := s.now(), m.User
	switch {
	case u.ManagedByTeamID != nil:
		return loginConflict("An identity provider manages the account by now.")
	case !sameButForCase(u.Email, row.Email):
		return fault.New(fault.RequestUnknown, "The account has another address by now.")
	}
	var err error
	if m.ID == "" {
		if m, err = s.joinOwn(ctx, tx, row, settings, u); err != nil {
			return err
		}
	}
	m.SsoLinkedAt = &now
	if err := s.save(tx, &m, map[string]any{"sso_linked_at": now}); err != nil {
		return err
	}
	l := identity{m.TeamID, m.ID, row.Issuer, row.NameID, row.NameIDFormat}
	if made, err := l.insert(tx, now); err != nil || !made {
		if err == nil {
			err = loginConflict("Another member has this identity.")
		}
		return err
	}
	receipt, err := s.credentials().UnderSso(tx, m.ID, now.Add(time.Duration(settings.APIKeyHours)*time.Hour))
	if err != nil {
		return err
	}
	dropped, err := s.takeCare(tx, &m, how, now)
	if err != nil {
		return err
	}
	if err := s.answered(tx, row, models.UpgradeLinked); err != nil {
		return err
	}
	err = s.tell(ctx, tx, models.Notice{TeamID: m.TeamID, MembershipID: &m.ID, Kind: noticeLinked, Facts: map[string]string{"email": u.Email, "provider": row.Issuer}})
	if err != nil {
		return err
	}
	return audit.Record(ctx, tx, now, audit.Event{
		TeamID: m.TeamID, Action: audit.UpgradeLinked, Target: m.target(), Details: append(linkedDetails(row, how, dropped), receiptOf(receipt)...),
	})
}

func linkedDetails(row models.SsoUpgrade, how string, dropped bool) []models.AuditDetail {
	out := []models.AuditDetail{audit.Detail("issuer", row.Issuer), audit.Detail("nameId", row.NameID), audit.Detail("proof", how)}
	if dropped {
		out = append(out, audit.Detail("password", "dropped"))
	}
	return out
}

// receiptOf says what became of credentials: keys are shortened, not ended.
func receiptOf(r credential.Receipt) []models.AuditDetail {
	return []models.AuditDetail{audit.Count("sessionsRevoked", r.Sessions), audit.Count("apiKeysShortened", r.APIKeys)}
}

// joinOwn makes a member of somebody whose account the team did not know, by
// the rules that hold for everybody who is new.
func (s *Service) joinOwn(ctx context.Context, tx *gorm.DB, row models.SsoUpgrade, settings models.SsoSettings, u models.User) (Member, error) {
	gone, err := s.buried(tx, row.TeamID, signInStones(row.Issuer, row.NameID, u.Email)...)
	switch {
	case err != nil:
		return Member{}, err
	case gone:
		return Member{}, fault.New(fault.UserRemoved, "The person was removed from this team.")
	case !settings.JitEnabled:
		return Member{}, fault.New(fault.JitDisabled, "The team takes only people who were provisioned before.")
	}
	if err := mayBring(tx, settings, u.Email, unnoted); err != nil {
		return Member{}, err
	}
	if err := free(tx, row.TeamID, u.ID, u.Email); err != nil {
		if fault.Is(err, fault.Taken) {
			err = loginConflict("Another member is called by this address.")
		}
		return Member{}, err
	}
	made, err := s.newMembership(tx, models.Membership{
		TeamID: row.TeamID, UserID: u.ID, Role: settings.DefaultRole, RoleSource: models.RoleByDefault,
		Status: models.StatusActive, Source: models.SourceJit, UserName: u.Email,
	}, nil)
	if err != nil {
		return Member{}, err
	}
	m := Member{Membership: made, User: u}
	err = s.arrive(ctx, tx, &m, Profile{})
	return m, err
}

// takeCare makes the account the team's to manage, unless it is on other teams,
// and drops a password that opens nothing any more. A password that somebody set
// before anybody had proved the mailbox goes as well: it may be a stranger's.
func (s *Service) takeCare(tx *gorm.DB, m *Member, how string, now time.Time) (dropped bool, err error) {
	var others []struct {
		models.Membership
		State models.SsoState
	}
	err = tx.Raw("SELECT m.*, s.state FROM memberships m JOIN sso_settings s ON s.team_id = m.team_id WHERE m.user_id = ? AND m.id <> ?", m.UserID, m.ID).Scan(&others).Error
	if err != nil {
		return false, err
	}
	stranger := how == "link" && m.User.VerifiedAt == nil
	if how == "link" && m.User.VerifiedAt == nil {
		m.User.VerifiedAt = &now
	}
	if len(others) == 0 {
		m.User.ManagedByTeamID = &m.TeamID
	}
	err = tx.Model(&models.User{}).Where("id = ?", m.UserID).
		Updates(map[string]any{"managed_by_team_id": m.User.ManagedByTeamID, "verified_at": m.User.VerifiedAt, "updated_at": now}).Error
	if err != nil {
		return false, err
	}
	for _, o := range others {
		if o.OwnLogin(m.User, o.State) && !stranger {
			return false, nil
		}
	}
	if err := s.credentials().RevokeLinks(tx, models.LinkSetPassword, "user_id = ?", m.UserID); err != nil || s.Accounts == nil {
		return false, err
	}
	return s.Accounts.DropPassword(tx, m.UserID)
}
