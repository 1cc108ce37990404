package resolvers

import (
	"context"
	"encoding/pem"
	"math"
	"time"

	"rollcall/access"
	"rollcall/account"
	"rollcall/fault"
	"rollcall/graph/model"
	"rollcall/jobs"
	"rollcall/models"
	"rollcall/sso"
)

// viewer is whoever is behind the request, nil for nobody.
func viewer(a access.Actor) *model.Viewer {
	switch a.Kind {
	case access.Operator:
		return &model.Viewer{Kind: model.ViewerKindOperator}
	case access.Person:
		return &model.Viewer{Kind: model.ViewerKindPerson, EmailConfirmationRequired: a.Unverified}
	case access.Key:
		return &model.Viewer{Kind: model.ViewerKindAPIKey}
	default:
		return nil
	}
}

// permissions are what the actor may do on a team.
func permissions(a access.Actor, team models.ID) *model.TeamPermissions {
	return &model.TeamPermissions{
		ReadMemberships:  a.Can(access.MembersRead, team),
		WriteMemberships: a.Can(access.MembersWrite, team),
		ReadSso:          a.Can(access.SsoRead, team),
		WriteSso:         a.Can(access.SsoWrite, team),
		WriteOwnAPIKeys:  a.MembershipID != "" && a.Can(access.KeysOwn, team),
		WriteAPIKeys:     a.Can(access.KeysWrite, team),
		WriteScimTokens:  a.Can(access.TokensRW, team),
		ReadAudit:        a.Can(access.AuditRead, team),
		UpdateTeam:       a.Can(access.TeamWrite, team),
		ManageTeam:       a.Can(access.TeamsCreate, ""),
		TeamID:           team,
	}
}

// permissionChecks are the fields of TeamPermissions with the reason of each
// that the caller lacks: what a verb would answer.
func permissionChecks(ctx context.Context, team models.ID) []*model.PermissionCheck {
	own := access.Require(ctx, access.KeysOwn, team)
	if own == nil && access.From(ctx).MembershipID == "" {
		own = fault.New(fault.Forbidden, "An operator is no member and has no API keys of their own on the team.")
	}
	out := []*model.PermissionCheck{}
	for _, p := range []struct {
		name   string
		denied error
	}{
		{"readMemberships", access.Require(ctx, access.MembersRead, team)},
		{"writeMemberships", access.Require(ctx, access.MembersWrite, team)},
		{"readSso", access.Require(ctx, access.SsoRead, team)},
		{"writeSso", access.Require(ctx, access.SsoWrite, team)},
		{"writeOwnApiKeys", own},
		{"writeApiKeys", access.Require(ctx, access.KeysWrite, team)},
		{"writeScimTokens", access.Require(ctx, access.TokensRW, team)},
		{"readAudit", access.Require(ctx, access.AuditRead, team)},
		{"updateTeam", access.Require(ctx, access.TeamWrite, team)},
		{"manageTeam", access.Require(ctx, access.TeamsCreate, "")},
	} {
		check := &model.PermissionCheck{Permission: p.name, Allowed: p.denied == nil}
		if f, ok := fault.As(p.denied); ok {
			check.Code, check.Message = some(string(f.Code)), some(f.Message)
		}
		out = append(out, check)
	}
	return out
}

// preview is what metadata says, as the schema has it.
func preview(p sso.Preview, now time.Time) *model.MetadataPreview {
	out := &model.MetadataPreview{
		EntityID: p.IdentityProvider.EntityID, SsoURL: p.IdentityProvider.SsoURL, SloURL: some(p.IdentityProvider.SloURL),
		Vendor: p.IdentityProvider.Vendor, NameIDFormats: append([]string{}, p.NameIDFormats...), WantAuthnRequestsSigned: p.WantsSigned,
		Certificates: []*model.CertificatePreview{}, Ignored: append([]string{}, p.Ignored...),
		IdentityProvider: p.Existing, Changes: changesOf(&models.AuditEvent{Details: p.Changes}),
	}
	for _, c := range p.Certificates {
		out.Certificates = append(out.Certificates, &model.CertificatePreview{
			FingerprintSha256: c.FingerprintSha256, Subject: c.Subject, Issuer: c.Issuer, NotBefore: c.NotBefore, NotAfter: c.NotAfter,
			State: c.StateAt(now), KeyAlgorithm: c.KeyAlgorithm, KeyBits: c.KeyBits, Trusted: p.Trusted[c.FingerprintSha256],
		})
	}
	return out
}

// loginChecks are the checks of an attempt, as the schema has them.
func loginChecks(rows []models.AttemptCheck) []*model.LoginCheck {
	out := make([]*model.LoginCheck, 0, len(rows))
	for _, c := range rows {
		out = append(out, &model.LoginCheck{Name: c.Name, Status: c.Status, Expected: some(c.Expected), Actual: some(c.Actual), Trusted: c.Trusted, Hint: some(c.Hint)})
	}
	return out
}

// loginMessage is what a message said of itself, as the schema has it.
func loginMessage(m models.AttemptMessage) *model.LoginMessage {
	out := &model.LoginMessage{
		Issuer: some(m.Issuer), Destination: some(m.Destination), InResponseTo: some(m.InResponseTo), AssertionIDSha256: some(m.AssertionHash),
		NameIDFormat: some(m.NameIDFormat), SessionIndex: some(m.SessionIndex), ContextClasses: list(m.ContextClasses),
		Attributes: []*model.LoginAttribute{}, Algorithms: list(m.Algorithms), SignedResponse: m.SignedResponse, SignedAssertion: m.SignedAssertion,
		SignedSha1: m.SignedSha1, Signed: list(m.Signed), Audiences: list(m.Audiences), Recipients: list(m.Recipients), Encryption: some(m.Encryption), ShownFingerprints: list(m.ShownFingerprints), MatchedFingerprint: some(m.MatchedFingerprint),
		Status: list(m.Status), EmailMasked: some(m.EmailMasked), NotBefore: m.NotBefore, NotOnOrAfter: m.NotOnOrAfter,
		ConfirmableUntil: m.ConfirmableUntil, AuthnInstant: m.AuthnInstant, SessionNotOnOrAfter: m.SessionUntil,
		IssueInstant: m.IssueInstant, ClockOffsetSeconds: m.ClockOffsetSeconds, RequestAgeSeconds: m.RequestAgeSeconds,
	}
	for _, a := range m.Attributes {
		out.Attributes = append(out.Attributes, &model.LoginAttribute{Name: a.Name, Values: a.Values})
	}
	return out
}

// loginChanges is what two messages differ in, as the schema has it.
func loginChanges(changes []sso.Change) []*model.LoginChange {
	out := make([]*model.LoginChange, len(changes))
	for i, c := range changes {
		out[i] = &model.LoginChange{Fact: model.LoginFact(c.Fact), Before: c.Before, Now: c.Now}
	}
	return out
}

// jobsInfo is how the durable work is doing, as the schema has it.
func jobsInfo(s jobs.Status) *model.JobsInfo {
	out := &model.JobsInfo{
		Kinds: []*model.JobKindInfo{}, Unannounced: int(s.Unannounced), Untold: int(s.Untold), UntoldTeams: append([]string{}, s.UntoldTeams...), FailingMetadata: int(s.Failing),
		MailsQueued: int(s.Mails[models.MailQueued]), MailsSent: int(s.Mails[models.MailSent]),
		MailsFailed: int(s.Mails[models.MailFailed]), MailsCancelled: int(s.Mails[models.MailCancelled]),
	}
	for _, k := range s.Kinds {
		out.Kinds = append(out.Kinds, &model.JobKindInfo{
			Kind: k.Kind, Waiting: int(k.Waiting), Running: int(k.Running), Retrying: int(k.Retrying), Done: int(k.Done), Failed: int(k.Failed),
			LastRun: k.LastRun, LastError: some(k.LastError),
		})
	}
	return out
}

// pemOf writes a certificate.
func pemOf(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// daysBetween counts whole days, negative ones when the end is over.
func daysBetween(now, end time.Time) int {
	return int(math.Floor(end.Sub(now).Hours() / 24))
}

// mapping is the input's attribute mapping, nil when there is none.
func mapping(in *model.AttributeMappingInput) *models.AttributeMapping {
	if in == nil {
		return nil
	}
	return &models.AttributeMapping{
		Email: in.Email.Value(), FirstName: in.FirstName.Value(),
		LastName: in.LastName.Value(), DisplayName: in.DisplayName.Value(),
	}
}

// ownLogin shows how far somebody's own way in is set up.
func ownLogin(f account.Facts) *model.OwnLogin {
	kinds := f.Factors
	if kinds == nil {
		kinds = []models.FactorKind{}
	}
	return &model.OwnLogin{Ready: f.Ready(), SecondFactors: kinds, BackupCodesLeft: f.Backup}
}
