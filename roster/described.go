package roster

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"gorm.io/gorm"

	"rollcall/access"
	"rollcall/models"
)

// Email is an e-mail address of a member as the team's directory has it.
type Email struct {
	Address string `json:"value"`
	Type    string `json:"type"` // in the directory's words, may be empty
	Primary bool   `json:"primary"`
}

// maxEmails is how many addresses of a member are shown.
const maxEmails = 20

// EmailsByMembership is for batches: the addresses of members, the primary one
// first. Members whose directory entry the caller may not see, which is everybody
// but oneself for all but admins, are left out.
func (s *Service) EmailsByMembership(ctx context.Context, ids []models.ID) (map[models.ID][]Email, error) {
	out := map[models.ID][]Email{}
	q, ok := s.describedRows(ctx, ids)
	if !ok {
		return out, nil
	}
	var rows []models.ScimProfile
	if err := q.Find(&rows).Error; err != nil {
		return nil, err
	}
	for _, row := range rows {
		var doc struct {
			Emails []Email `json:"emails"`
		}
		// A document of which this part reads otherwise says nothing of addresses.
		_ = json.Unmarshal([]byte(row.Document), &doc)
		list := slices.DeleteFunc(doc.Emails, func(e Email) bool { return e.Address == "" })
		slices.SortStableFunc(list, func(a, b Email) int {
			switch {
			case a.Primary == b.Primary:
				return 0
			case a.Primary:
				return -1
			default:
				return 1
			}
		})
		out[row.MembershipID] = list[:min(len(list), maxEmails)]
	}
	return out, nil
}

// Attribute is what an identity provider said of a member under one name.
type Attribute struct {
	Name   string
	Values []string // sorted
}

// AttributesByMembership is for batches: what the identity provider said of
// members at their last sign-in, by name. Those whose entry the caller may not
// see are left out.
func (s *Service) AttributesByMembership(ctx context.Context, ids []models.ID) (map[models.ID][]Attribute, error) {
	out := map[models.ID][]Attribute{}
	q, ok := s.describedRows(ctx, ids)
	if !ok {
		return out, nil
	}
	var rows []models.MemberClaims
	if err := q.Find(&rows).Error; err != nil {
		return nil, err
	}
	for _, row := range rows {
		list := make([]Attribute, 0, len(row.Claims))
		for _, name := range slices.Sorted(maps.Keys(row.Claims)) {
			list = append(list, Attribute{name, row.Claims[name]})
		}
		out[row.MembershipID] = list
	}
	return out, nil
}

// describedRows are the rows of one table about members whose entries in the
// team's directory the caller may see: admins everybody's, others their own.
func (s *Service) describedRows(ctx context.Context, ids []models.ID) (*gorm.DB, bool) {
	q, a := s.DB.Read(ctx).Where("membership_id IN ?", ids), access.From(ctx)
	switch {
	case a.Can(access.SsoRead, ""):
		return q, true
	case a.Can(access.SsoRead, a.TeamID):
		return q.Where("team_id = ?", a.TeamID), true
	case a.MembershipID != "" && a.Can(access.MembersRead, a.TeamID):
		return q.Where("team_id = ? AND membership_id = ?", a.TeamID, a.MembershipID), true
	default:
		return nil, false
	}
}
