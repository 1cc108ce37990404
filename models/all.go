package models

// All has one value of every row, for the test that compares rows and schema.
var All = []any{
	Installation{}, Team{}, User{}, Membership{}, ExternalIdentity{}, Tombstone{},
	SsoSettings{}, IdentityProvider{}, Certificate{}, LoginRequest{}, SeenAssertion{}, LoginAttempt{},
	LogoutRequest{}, ServiceProviderKey{},
	Session{}, APIKey{}, ScimToken{}, AuditEvent{},
	ScimProfile{}, ScimValue{}, ScimCounter{}, ScimBlock{}, ScimNameBlock{}, Group{}, GroupMember{}, GroupRoleMapping{},
	ProvisioningSettings{}, ScimCall{},
	Password{}, SecondFactor{}, BackupCode{}, SigninStep{}, GuessCounter{}, PasswordAsk{}, OneTimeLink{}, RecoveryCode{},
	Invitation{}, Domain{}, SsoUpgrade{}, RoleRule{}, LoginTest{}, IdentityConflict{}, MemberClaims{},
	Notice{}, Mail{}, NotificationSettings{}, MetadataSource{}, StagedCertificate{},
}
