package models

import "io"

// The GraphQL forms of the enums.

// MarshalGQL writes the value's name.
func (v Plan) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *Plan) UnmarshalGQL(in any) error {
	return readEnum(in, v, PlanFree, PlanTeam, PlanEnterprise)
}

// MarshalGQL writes the value's name.
func (v UserKind) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *UserKind) UnmarshalGQL(in any) error {
	return readEnum(in, v, KindPerson, KindIntegration)
}

// MarshalGQL writes the value's name.
func (v UserOrigin) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *UserOrigin) UnmarshalGQL(in any) error {
	return readEnum(in, v, OriginDirect, OriginSso, OriginScim)
}

// MarshalGQL writes the value's name.
func (v Role) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *Role) UnmarshalGQL(in any) error {
	return readEnum(in, v, RoleAdmin, RoleMember, RoleViewer)
}

// MarshalGQL writes the value's name.
func (v MembershipStatus) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *MembershipStatus) UnmarshalGQL(in any) error {
	return readEnum(in, v, StatusActive, StatusDeactivated)
}

// MarshalGQL writes the value's name.
func (v RoleSource) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *RoleSource) UnmarshalGQL(in any) error {
	return readEnum(in, v, RoleByDefault, RoleByHand, RoleByInvitation, RoleByGroup, RoleByAttribute)
}

// MarshalGQL writes the value's name.
func (v MembershipSource) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *MembershipSource) UnmarshalGQL(in any) error {
	return readEnum(in, v, SourceDirect, SourceInvitation, SourceJit, SourceScim)
}

// MarshalGQL writes the value's name.
func (v SsoState) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *SsoState) UnmarshalGQL(in any) error {
	return readEnum(in, v, SsoDraft, SsoEnabled, SsoEnforced, SsoDisabled)
}

// MarshalGQL writes the value's name.
func (v Vendor) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *Vendor) UnmarshalGQL(in any) error {
	return readEnum(in, v, VendorAuth0, VendorEntra, VendorGoogle, VendorOkta, VendorOnelogin, VendorPingfederate, VendorPingone, VendorSalesforce, VendorAdfs, VendorOther)
}

// MarshalGQL writes the value's name.
func (v CertificateSource) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *CertificateSource) UnmarshalGQL(in any) error {
	return readEnum(in, v, CertificateUpload, CertificateMetadata)
}

// MarshalGQL writes the value's name.
func (v CertificateState) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *CertificateState) UnmarshalGQL(in any) error {
	return readEnum(in, v, CertificateActive, CertificateNotYetValid, CertificateExpired)
}

// MarshalGQL writes the value's name.
func (v Scope) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *Scope) UnmarshalGQL(in any) error {
	return readEnum(in, v, Scopes...)
}

// MarshalGQL writes the value's name.
func (v Binding) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *Binding) UnmarshalGQL(in any) error { return readEnum(in, v, BindingRedirect, BindingPost) }

// MarshalGQL writes the value's name.
func (v Comparison) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *Comparison) UnmarshalGQL(in any) error {
	return readEnum(in, v, CompareExact, CompareMinimum, CompareMaximum, CompareBetter)
}

// MarshalGQL writes the value's name.
func (v KeyState) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *KeyState) UnmarshalGQL(in any) error { return readEnum(in, v, KeyCurrent, KeyNext) }

// MarshalGQL writes the value's name.
func (v AttemptKind) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *AttemptKind) UnmarshalGQL(in any) error {
	return readEnum(in, v, AttemptSignIn, AttemptTest, AttemptLogout)
}

// MarshalGQL writes the value's name.
func (v StagingReason) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *StagingReason) UnmarshalGQL(in any) error {
	return readEnum(in, v, StagedBySetting, StagedForRoom, StagedHostChanged)
}

// MarshalGQL writes the value's name.
func (v MailState) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *MailState) UnmarshalGQL(in any) error {
	return readEnum(in, v, MailQueued, MailSent, MailFailed, MailCancelled)
}

// MarshalGQL writes the value's name.
func (v SessionMethod) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *SessionMethod) UnmarshalGQL(in any) error {
	return readEnum(in, v, SessionSaml, SessionPassword, SessionPasskey, SessionLink, SessionRecoveryCode)
}

// MarshalGQL writes the value's name.
func (v FactorKind) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *FactorKind) UnmarshalGQL(in any) error { return readEnum(in, v, FactorTotp, FactorPasskey) }

// MarshalGQL writes the value's name.
func (v UpgradeState) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *UpgradeState) UnmarshalGQL(in any) error {
	return readEnum(in, v, UpgradeInvited, UpgradeInProgress, UpgradeDeclined, UpgradeLinked)
}

// MarshalGQL writes the value's name.
func (v RuleKind) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *RuleKind) UnmarshalGQL(in any) error {
	return readEnum(in, v, RuleGroup, RuleAttribute)
}

// MarshalGQL writes the value's name.
func (v ConflictKind) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *ConflictKind) UnmarshalGQL(in any) error {
	return readEnum(in, v, ConflictNameID, ConflictIdentity, ConflictEmailInUse, ConflictEmailNotAllowed, ConflictEmailNotManaged, ConflictEmailOtherTeams)
}

// MarshalGQL writes the value's name.
func (v Resolution) MarshalGQL(w io.Writer) { writeEnum(w, v) }

// UnmarshalGQL reads one of the value names.
func (v *Resolution) UnmarshalGQL(in any) error {
	return readEnum(in, v, ConflictOpen, ConflictRelinked, ConflictDismissed, ConflictGone)
}
