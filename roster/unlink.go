package roster

import (
	"context"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
)

// Unlinked is what taking an identity away ended.
type Unlinked struct {
	Membership models.Membership
	Receipt    credential.Receipt
}

// Unlink takes an external identity away from a member, and with it every
// session and API key that they hold on the team: whoever had the identity may
// have made them. No tombstone is left; the next sign-in with the identity is
// judged as if it were the first. Faults: NOT_FOUND, FORBIDDEN.
func (s *Service) Unlink(ctx context.Context, identity models.ID) (Unlinked, error) {
	var seen models.ExternalIdentity
	err := models.Fault(s.DB.Read(ctx).Where("id = ?", identity).Take(&seen).Error)
	if err == nil {
		err = access.Require(ctx, access.MembersWrite, seen.TeamID)
	}
	if err != nil {
		return Unlinked{}, onIdentity(err)
	}
	var out Unlinked
	err = s.change(ctx, seen.MembershipID, func(tx *gorm.DB, m *Member) error {
		now := s.now()
		gone := tx.Where("id = ?", identity).Delete(&models.ExternalIdentity{})
		if gone.Error != nil {
			return gone.Error
		}
		if gone.RowsAffected == 0 {
			return fault.New(fault.Missing, "There is no such identity.")
		}
		if err := tx.Where("membership_id = ?", m.ID).Delete(&models.MemberClaims{}).Error; err != nil {
			return err
		}
		receipt, err := s.credentials().RevokeMember(ctx, tx, m.ID, "identity unlinked", now)
		if err != nil {
			return err
		}
		if err := s.save(tx, m, map[string]any{}); err != nil {
			return err
		}
		out = Unlinked{Membership: m.Membership, Receipt: receipt}
		return audit.Record(ctx, tx, now, audit.Event{
			TeamID: m.TeamID, Action: audit.MemberUnlinked, Target: m.target(),
			Details: append([]models.AuditDetail{audit.Detail("issuer", seen.Issuer), audit.Detail("nameId", seen.NameID)}, receipt.Details()...),
		})
	})
	return out, onIdentity(err)
}

// onIdentity points NOT_FOUND at the id that the caller gave.
func onIdentity(err error) error {
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		return fault.New(fault.Missing, "There is no such identity.").On("externalIdentityId")
	}
	return err
}

// AllowReturn lifts the tombstones of everybody whom the team removed under an
// address. They may come back through the identity provider, as somebody new.
// Faults: NOT_FOUND, FORBIDDEN, INVALID.
func (s *Service) AllowReturn(ctx context.Context, team models.ID, address string) error {
	if err := access.Require(ctx, access.MembersWrite, team); err != nil {
		return err
	}
	p := Person{Email: address}
	if err := p.proper(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		if _, err := models.LockTeam(tx, team); err != nil {
			return err
		}
		gone, err := s.buried(tx, team, emailStone(p.Email))
		if err != nil {
			return err
		}
		if !gone {
			return fault.New(fault.Missing, "The team removed nobody with this address.").On("email")
		}
		b := models.NewBatch(tx)
		s.unbury(b, team, emailStone(p.Email))
		err = audit.Add(ctx, b, s.Now(), audit.Event{
			TeamID: team, Action: audit.MemberReturnAllowed, Target: audit.Target{Kind: models.PrefixTeam, ID: team, Label: p.Email},
		})
		if err != nil {
			return err
		}
		return b.Run()
	})
}
