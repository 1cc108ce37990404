package roster

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/access"
	"rollcall/audit"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// The upgrade of an account that is somebody's own. An identity provider that
// names its address gains nothing: its word is kept, bound to the browser that
// brought it, until whoever owns the account proves that and agrees.

// upgradeLife is how long the question can be answered.
const upgradeLife = 24 * time.Hour

// UpgradeTicket is what a browser has that was asked: which question, and the
// secret that shows that it is this browser's.
type UpgradeTicket struct {
	ID        models.ID
	Secret    string
	ExpiresAt time.Time
}

// startUpgrade keeps what the assertion says for an account of somebody's own
// and answers upgrade_required. taken is the refusal when the account is nobody's
// who could be asked.
func (s *Service) startUpgrade(ctx context.Context, tx *gorm.DB, l *sso.Login, p Person, taken error, out *SignIn, now time.Time) error {
	u, found, err := userByEmail(tx, p.Email)
	switch {
	case err != nil:
		return err
	case !found || u.Kind != models.KindPerson || u.ManagedByTeamID != nil || !sameButForCase(u.Email, p.Email):
		return taken
	}
	var members []models.Membership
	err = tx.Where("team_id = ? AND (user_id = ? OR user_name_key = ?)", l.Team.ID, u.ID, u.EmailKey).Limit(2).Find(&members).Error
	switch {
	case err != nil:
		return err
	case len(members) > 1 || len(members) == 1 && (members[0].UserID != u.ID || !members[0].Direct(u)):
		return taken
	case len(members) == 0 && !l.Settings.JitEnabled:
		return fault.New(fault.JitDisabled, "The team takes only people who were provisioned before.")
	}
	if len(members) == 0 {
		if err := mayAssert(tx, l, p.Email); err != nil {
			return err
		}
	}
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return err
	}
	secret := base64.RawURLEncoding.EncodeToString(raw)
	id, err := models.NewID()
	if err != nil {
		return err
	}
	expires := now.Add(upgradeLife)
	row := models.SsoUpgrade{
		ID: id, TeamID: l.Team.ID, UserID: u.ID, IdentityProviderID: &l.Provider.ID, State: models.UpgradeInProgress,
		Issuer: l.Provider.EntityID, NameID: l.Assertion.NameID, NameIDFormat: l.Assertion.NameIDFormat, Email: p.Email,
		BrowserHash: ticketHash(secret), ReturnTo: l.ReturnTo, StartedAt: &now, ExpiresAt: &expires, CreatedAt: now, UpdatedAt: now,
	}
	// Of two sign-ins the later one counts. Who declined before has declined until
	// they say otherwise.
	err = tx.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "team_id"}, {Name: "user_id"}},
		DoUpdates: append(clause.AssignmentColumns([]string{"identity_provider_id", "issuer", "name_id", "name_id_format", "email", "browser_hash", "return_to", "started_at", "expires_at", "updated_at"}),
			clause.Assignment{Column: clause.Column{Name: "state"}, Value: gorm.Expr("CASE WHEN sso_upgrades.state = 'DECLINED' THEN 'DECLINED' ELSE 'IN_PROGRESS' END")}),
	}, clause.Returning{}).Create(&row).Error
	if err != nil {
		return err
	}
	if err := s.credentials().RevokeLinks(tx, models.LinkUpgrade, "subject_id = ?", row.ID); err != nil {
		return err
	}
	out.Upgrade = &UpgradeTicket{ID: row.ID, Secret: secret, ExpiresAt: expires}
	err = audit.Record(ctx, tx, now, audit.Event{
		TeamID: row.TeamID, Action: audit.UpgradeStarted, Target: audit.Target{Kind: models.PrefixSsoUpgrade, ID: row.ID, Label: p.Email},
		Details: []models.AuditDetail{audit.Detail("issuer", row.Issuer), audit.Detail("nameId", row.NameID)},
	})
	if err != nil {
		return err
	}
	return fault.New(fault.UpgradeRequired, "The owner of the account has not agreed yet.")
}

func ticketHash(secret string) []byte {
	sum := sha256.Sum256([]byte("upgrade\x00" + secret))
	return sum[:]
}

// UpgradeAsked is the question as its page shows it.
type UpgradeAsked struct {
	Team     models.Team
	Email    string // of the account
	Version  string // comes back with the answer: it is for this question and no other
	Declined bool   // it was answered with no before
	Enforced bool   // without a yes nobody comes in any more
	// LastDirect is of the team's last direct admin, who cannot say yes.
	LastDirect bool
	Proved     bool // this browser is signed in to the account by the person's own means
	Linked     bool // it came with a good link of the mail
	Password   bool // the account has a password
	Code       bool // and a second factor that is a code
	KeyOnly    bool // and a second factor that is a passkey alone
	Mailed     bool // a link is on its way
}

// Upgrade reads the question that a browser was asked, for its page. token is of
// a mailed link, or "". Nothing is consumed. Faults: request_unknown for a
// question that there is not, was answered or belongs to another browser,
// request_expired; NOT_FOUND, LINK_USED and LINK_EXPIRED for the link.
func (s *Service) Upgrade(ctx context.Context, t UpgradeTicket, token string) (UpgradeAsked, error) {
	db := s.DB.Read(ctx)
	row, err := s.asked(db, t)
	if err != nil {
		return UpgradeAsked{}, err
	}
	var out UpgradeAsked
	var u models.User
	if err := db.Where("id = ?", row.TeamID).Take(&out.Team).Error; err != nil {
		return out, models.Fault(err)
	}
	if err := db.Where("id = ?", row.UserID).Take(&u).Error; err != nil {
		return out, models.Fault(err)
	}
	settings, err := sso.SettingsIn(db, row.TeamID)
	if err != nil {
		return out, err
	}
	out.Email, out.Version, out.Declined, out.Enforced = u.Email, version(row, t.Secret), row.State == models.UpgradeDeclined, settings.State == models.SsoEnforced
	var members []models.Membership
	if err := db.Where("team_id = ? AND user_id = ?", row.TeamID, row.UserID).Find(&members).Error; err != nil {
		return out, err
	}
	if len(members) == 1 && members[0].Role == models.RoleAdmin && members[0].Status == models.StatusActive {
		switch err := staysOpen(db, Member{Membership: members[0], User: u}); {
		case fault.Is(err, fault.BreakGlass):
			out.LastDirect = true
		case err != nil:
			return out, err
		}
	}
	if out.Proved, err = s.ownSession(ctx, db, row.UserID); err != nil {
		return out, err
	}
	if token != "" {
		if _, err := s.upgradeLink(ctx, row, token); err != nil {
			return out, err
		}
		out.Linked = true
	}
	factors, err := factorsOf(db, row.UserID)
	if err != nil {
		return out, err
	}
	out.Code, out.KeyOnly = factors.code, factors.any && !factors.code
	var passwords, links int64
	if err := db.Model(&models.Password{}).Where("user_id = ?", row.UserID).Count(&passwords).Error; err != nil {
		return out, err
	}
	err = db.Model(&models.OneTimeLink{}).Where("subject_id = ? AND purpose = ? AND consumed_at IS NULL AND revoked_at IS NULL AND expires_at > ?",
		row.ID, models.LinkUpgrade, s.now()).Count(&links).Error
	out.Password, out.Mailed = passwords > 0 && s.Accounts != nil, links > 0
	return out, err
}

// asked reads the row of a question that this browser may answer now.
func (s *Service) asked(db *gorm.DB, t UpgradeTicket) (models.SsoUpgrade, error) {
	var rows []models.SsoUpgrade
	if err := db.Where("id = ?", t.ID).Find(&rows).Error; err != nil {
		return models.SsoUpgrade{}, err
	}
	if len(rows) == 0 || rows[0].ExpiresAt == nil || subtle.ConstantTimeCompare(rows[0].BrowserHash, ticketHash(t.Secret)) != 1 {
		return models.SsoUpgrade{}, fault.New(fault.RequestUnknown, "The question was answered, or it was asked in another browser.")
	}
	if !s.now().Before(*rows[0].ExpiresAt) {
		return models.SsoUpgrade{}, fault.New(fault.RequestExpired, "The question was asked too long ago.")
	}
	return rows[0], nil
}

// version names the question as it stands: another sign-in makes another one.
// Without the browser's secret nobody can compute it, so a form of another site
// cannot either.
func version(row models.SsoUpgrade, secret string) string {
	sum := sha256.Sum256([]byte(secret + "\x00" + string(row.ID) + "\x00" + row.Issuer + "\x00" + row.NameID + "\x00" + row.StartedAt.UTC().Format(time.RFC3339Nano)))
	return base64.RawURLEncoding.EncodeToString(sum[:18])
}

// lockAsked reads the question again in the transaction that answers it. The
// account's rows are locked, so answers take turns.
func (s *Service) lockAsked(tx *gorm.DB, t UpgradeTicket, seen string) (models.SsoUpgrade, error) {
	row, err := s.asked(tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}), t)
	if err == nil && subtle.ConstantTimeCompare([]byte(version(row, t.Secret)), []byte(seen)) != 1 {
		err = fault.New(fault.RequestUnknown, "Another sign-in took the place of the one that the question was about.")
	}
	return row, err
}

// DeclineUpgrade answers no: the account stays as it is, and the identity
// provider's word about it is forgotten. Admins see that the person declined.
// Faults: request_unknown, request_expired.
func (s *Service) DeclineUpgrade(ctx context.Context, t UpgradeTicket, seen string) (models.Team, error) {
	var team models.Team
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		row, err := s.lockAsked(tx, t, seen)
		if err != nil {
			return err
		}
		if err := tx.Where("id = ?", row.TeamID).Take(&team).Error; err != nil {
			return models.Fault(err)
		}
		if err := s.answered(tx, row, models.UpgradeDeclined); err != nil {
			return err
		}
		return audit.Record(s.owner(ctx, row), tx, s.now(), audit.Event{
			TeamID: row.TeamID, Action: audit.UpgradeDeclined, Target: audit.Target{Kind: models.PrefixSsoUpgrade, ID: row.ID, Label: row.Email},
		})
	})
	return team, err
}

// answered closes a question: no browser can answer it again, and no link.
func (s *Service) answered(tx *gorm.DB, row models.SsoUpgrade, state models.UpgradeState) error {
	now := s.now()
	err := tx.Model(&models.SsoUpgrade{}).Where("id = ?", row.ID).
		Updates(map[string]any{"state": state, "decided_at": now, "updated_at": now, "browser_hash": nil, "expires_at": nil}).Error
	if err != nil {
		return err
	}
	return s.credentials().RevokeLinks(tx, models.LinkUpgrade, "subject_id = ?", row.ID)
}

// owner is a context in which the person who was asked acts.
func (s *Service) owner(ctx context.Context, row models.SsoUpgrade) context.Context {
	return access.With(ctx, access.Actor{Kind: access.Person, TeamID: row.TeamID, UserID: row.UserID, Label: row.Email})
}
