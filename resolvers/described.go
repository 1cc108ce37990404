package resolvers

import (
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// What others say of members and certificates, as the schema has it.

// userEmails are a member's addresses; key is the folded one of the account.
func userEmails(rows []roster.Email, key string) []*model.UserEmail {
	out := make([]*model.UserEmail, len(rows))
	for i, e := range rows {
		out[i] = &model.UserEmail{Email: e.Address, Type: some(e.Type), Primary: e.Primary, OfAccount: models.Fold(e.Address) == key}
	}
	return out
}

// maxShownValues is how many values of one attribute are shown. There may be
// thousands of groups.
const maxShownValues = 20

func externalAttributes(rows []roster.Attribute) []*model.ExternalAttribute {
	out := make([]*model.ExternalAttribute, len(rows))
	for i, a := range rows {
		out[i] = &model.ExternalAttribute{Name: a.Name, Values: a.Values[:min(len(a.Values), maxShownValues)], ValueCount: len(a.Values)}
	}
	return out
}

func certificateNotices(rows []sso.CertificateNotice) []*model.CertificateNotice {
	out := make([]*model.CertificateNotice, len(rows))
	for i, n := range rows {
		out[i] = &model.CertificateNotice{DaysBefore: n.DaysBefore, DueAt: n.DueAt, AnnouncedAt: n.AnnouncedAt}
	}
	return out
}
