package sso

import (
	"context"
	"slices"

	"rollcall/models"
)

// Fact is something that a message says of itself and that two of them are
// compared by.
type Fact string

// Facts, in the order in which changes are told.
const (
	FactIssuer         Fact = "ISSUER"
	FactDestination    Fact = "DESTINATION"
	FactAudience       Fact = "AUDIENCE"
	FactNameIDFormat   Fact = "NAME_ID_FORMAT"
	FactAttributes     Fact = "ATTRIBUTES"
	FactAlgorithms     Fact = "ALGORITHMS"
	FactSigned         Fact = "SIGNED"
	FactCertificate    Fact = "CERTIFICATE"
	FactContextClasses Fact = "CONTEXT_CLASSES"
	FactEncryption     Fact = "ENCRYPTION"
)

// Change is what is otherwise about one fact: values that were there before
// only, and such as are there now only.
type Change struct {
	Fact        Fact
	Before, Now []string
}

// facts are what two messages are compared by. A reader that returns false does
// not know, and what is unknown is not compared.
var facts = []struct {
	fact Fact
	read func(models.AttemptMessage) (values []string, known bool)
}{
	{FactIssuer, one(func(m models.AttemptMessage) string { return m.Issuer })},
	{FactDestination, one(func(m models.AttemptMessage) string { return m.Destination })},
	{FactAudience, func(m models.AttemptMessage) ([]string, bool) { return m.Audiences, len(m.Audiences) > 0 }},
	{FactNameIDFormat, one(func(m models.AttemptMessage) string { return m.NameIDFormat })},
	{FactAttributes, func(m models.AttemptMessage) ([]string, bool) {
		var names []string
		for _, a := range m.Attributes {
			names = append(names, a.Name)
		}
		return names, true
	}},
	{FactAlgorithms, func(m models.AttemptMessage) ([]string, bool) { return m.Algorithms, true }},
	{FactSigned, signedParts},
	{FactCertificate, certificatesOf},
	{FactContextClasses, func(m models.AttemptMessage) ([]string, bool) { return m.ContextClasses, true }},
	{FactEncryption, one(func(m models.AttemptMessage) string { return m.Encryption })},
}

func one(read func(models.AttemptMessage) string) func(models.AttemptMessage) ([]string, bool) {
	return func(m models.AttemptMessage) ([]string, bool) {
		if v := read(m); v != "" {
			return []string{v}, true
		}
		return nil, true
	}
}

// signedParts of records that were made before Signed was are those whose
// signature was good, which is all there is about a sign-in that succeeded.
func signedParts(m models.AttemptMessage) ([]string, bool) {
	if len(m.Signed) > 0 {
		return m.Signed, true
	}
	var parts []string
	if m.SignedResponse {
		parts = append(parts, "response")
	}
	if m.SignedAssertion {
		parts = append(parts, "assertion")
	}
	return parts, len(m.Algorithms) == 0 || len(parts) > 0
}

func certificatesOf(m models.AttemptMessage) ([]string, bool) {
	if m.MatchedFingerprint != "" {
		return []string{m.MatchedFingerprint}, true
	}
	return m.ShownFingerprints, len(m.ShownFingerprints) > 0
}

// compared compares a message with an earlier one.
func compared(before, now models.AttemptMessage) []Change {
	out := []Change{}
	for _, f := range facts {
		was, knownThen := f.read(before)
		is, knownNow := f.read(now)
		if !knownThen || !knownNow {
			continue
		}
		c := Change{f.fact, without(was, is), without(is, was)}
		if len(c.Before)+len(c.Now) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// without returns the values of list that other does not have.
func without(list, other []string) []string {
	out := []string{}
	for _, v := range list {
		if !slices.Contains(other, v) {
			out = append(out, v)
		}
	}
	return out
}

// unread is a message of which nothing is known: it was refused before it was
// taken apart, or could not be decrypted. Compared with any other it would
// seem that everything changed.
func unread(m models.AttemptMessage) bool { return m.AssertionHash == "" }

// ChangesByAttempt compares sign-ins and test logins, each with the last one before it that the
// same identity provider of the team was let in with. Those that there is
// nothing to compare with are left out, and so are those of teams whose
// attempts the caller may not see. It asks the database twice, however many
// attempts there are.
func (s *Service) ChangesByAttempt(ctx context.Context, ids []models.ID) (map[models.ID][]Change, error) {
	out := make(map[models.ID][]Change, len(ids))
	q, ok := s.ofVisibleTeams(ctx)
	if !ok {
		return out, nil
	}
	// The index on (team, code, id) leads to the newest success: its code is "".
	var pairs []struct {
		ID      models.ID
		Message models.AttemptMessage `gorm:"serializer:json"`
		Earlier *models.ID
	}
	earlier := s.DB.Read(ctx).Table("login_attempts AS e").Select("e.id").
		Where("e.team_id = login_attempts.team_id AND e.code = '' AND e.id < login_attempts.id").
		Where("e.identity_provider_id = login_attempts.identity_provider_id AND e.outcome = ? AND e.kind = ?", models.AttemptSucceeded, models.AttemptSignIn).
		Order("e.id DESC").Limit(1)
	err := q.Model(&models.LoginAttempt{}).Select("id, message, (?) AS earlier", earlier).
		Where("id IN ? AND kind IN ?", ids, []models.AttemptKind{models.AttemptSignIn, models.AttemptTest}).Find(&pairs).Error
	if err != nil {
		return out, err
	}
	var wanted []models.ID
	for _, p := range pairs {
		if p.Earlier != nil && !unread(p.Message) && !slices.Contains(wanted, *p.Earlier) {
			wanted = append(wanted, *p.Earlier)
		}
	}
	if len(wanted) == 0 {
		return out, nil
	}
	var rows []models.LoginAttempt
	if err := s.DB.Read(ctx).Select("id", "message").Where("id IN ?", wanted).Find(&rows).Error; err != nil {
		return out, err
	}
	messages := make(map[models.ID]models.AttemptMessage, len(rows))
	for _, r := range rows {
		messages[r.ID] = r.Message
	}
	for _, p := range pairs {
		if p.Earlier == nil || unread(p.Message) {
			continue
		}
		if before, found := messages[*p.Earlier]; found {
			out[p.ID] = compared(before, p.Message)
		}
	}
	return out, nil
}
