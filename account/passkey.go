package account

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"rollcall/fault"
	"rollcall/models"
)

// party is this installation as passkeys know it (WebAuthn level 3, relying party).
type party struct{ *webauthn.WebAuthn }

// relying makes the relying party out of the installation's address. There is
// none, nil, where browsers make no passkeys: on plain http but for localhost,
// and for an address without a name.
func (s *Service) relying() *party {
	s.parties.Do(func() {
		at, err := url.Parse(s.BaseURL)
		if err != nil || at.Scheme != "https" && at.Hostname() != "localhost" {
			return
		}
		// User verification makes a passkey two factors at once: the device, and
		// what unlocks it.
		library, err := webauthn.New(&webauthn.Config{
			RPID: at.Hostname(), RPDisplayName: "Rollcall", RPOrigins: []string{at.Scheme + "://" + at.Host},
			AttestationPreference: protocol.PreferNoAttestation,
			AuthenticatorSelection: protocol.AuthenticatorSelection{
				ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
				UserVerification: protocol.VerificationRequired,
			},
		})
		if err != nil || protocol.ValidateRPID(at.Hostname()) != nil {
			return
		}
		s.party = &party{library}
	})
	return s.party
}

// Passkeys reports whether browsers can make passkeys for this installation.
func (s *Service) Passkeys() bool { return s.relying() != nil }

// holder is a user as the library asks for one.
type holder struct {
	models.User
	keys []webauthn.Credential
}

func (h holder) WebAuthnID() []byte {
	id, _ := uuid.Parse(string(h.ID)) // ours are UUIDs
	return id[:]
}
func (h holder) WebAuthnName() string                       { return h.Email }
func (h holder) WebAuthnDisplayName() string                { return h.Email }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// holding is a user with the passkeys among their factors.
func holding(u models.User, factors []models.SecondFactor) (holder, error) {
	h := holder{User: u}
	for _, f := range factors {
		if f.Kind != models.FactorPasskey {
			continue
		}
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(f.PublicData), &c); err != nil {
			return h, err
		}
		h.keys = append(h.keys, c)
	}
	return h, nil
}

// askPasskey makes a challenge for one of a user's passkeys; nil without any.
func (s *Service) askPasskey(u models.User, factors []models.SecondFactor) (*webauthn.SessionData, json.RawMessage, error) {
	h, err := holding(u, factors)
	if err != nil || len(h.keys) == 0 || !s.Passkeys() {
		return nil, nil, err
	}
	options, ceremony, err := s.relying().BeginLogin(h)
	if err != nil {
		return nil, nil, err
	}
	shown, err := json.Marshal(options.Response)
	return ceremony, shown, err
}

// offerPasskey makes a challenge for a passkey that is still to be made; nil
// where none can be.
func (s *Service) offerPasskey(u models.User, factors []models.SecondFactor) (*webauthn.SessionData, json.RawMessage, error) {
	h, err := holding(u, factors)
	if err != nil || !s.Passkeys() {
		return nil, nil, err
	}
	options, ceremony, err := s.relying().BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()))
	if err != nil {
		return nil, nil, err
	}
	shown, err := json.Marshal(options.Response)
	return ceremony, shown, err
}

// wrongPasskey is for every answer of an authenticator that does not count.
func wrongPasskey(cause error) error {
	return fault.New(fault.NotSignedIn, "The passkey could not be used here.").On("passkey").Because(cause)
}

// BeginPasskey makes a challenge for whoever comes, with no name asked. Nothing
// is written: what the browser brings back with its answer is sealed, and the
// answer leaves a row.
func (s *Service) BeginPasskey() (options, sealed string, err error) {
	if !s.Passkeys() {
		return "", "", nil
	}
	asked, ceremony, err := s.relying().BeginDiscoverableLogin()
	if err != nil {
		return "", "", err
	}
	ceremony.Expires = s.now().Add(stepLife)
	shown, err := json.Marshal(asked.Response)
	if err != nil {
		return "", "", err
	}
	kept, err := json.Marshal(ceremony)
	if err != nil {
		return "", "", err
	}
	return string(shown), cookieText.EncodeToString(s.Sealing.Seal(nil, nil, kept, []byte(sealedCeremony))), nil
}

// cookieText is how what is sealed goes into a cookie.
var cookieText = base64.RawURLEncoding.Strict()

const sealedCeremony = "passkey sign-in"

// Passkey begins a sign-in with a passkey alone, which is two factors. Its
// challenge is good for one answer. Faults: UNAUTHENTICATED, RATE_LIMITED.
func (s *Service) Passkey(ctx context.Context, sealed, answer, returnTo string) (Progress, error) {
	kept, err := s.unsealCeremony(sealed)
	if err != nil {
		return Progress{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return Progress{}, wrongPasskey(err)
	}
	if err := s.Credentials.Guessing(ctx, from(ctx)); err != nil {
		return Progress{}, err
	}
	var out Progress
	err = s.DB.InTx(ctx, func(tx *gorm.DB) error {
		var f models.SecondFactor
		err := lock(tx).Where("credential_id = ? AND kind = ? AND confirmed_at IS NOT NULL", parsed.RawID, models.FactorPasskey).Take(&f).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return wrongPasskey(nil)
		}
		if err != nil {
			return err
		}
		u, err := userIn(tx, f.UserID)
		if err != nil {
			return err
		}
		h, err := holding(u, []models.SecondFactor{f})
		if err != nil {
			return err
		}
		user := func(_, _ []byte) (webauthn.User, error) { return h, nil }
		used, err := s.relying().ValidateDiscoverableLogin(user, kept, parsed)
		if err != nil {
			return wrongPasskey(err)
		}
		if err := s.spendChallenge(tx, u.ID, kept.Challenge); err != nil {
			return err
		}
		if err := s.noteUse(tx, f, used); err != nil {
			return err
		}
		if err := s.Credentials.RefundGuess(tx, from(ctx)); err != nil {
			return err
		}
		st := step{SigninStep: models.SigninStep{UserID: u.ID, Method: models.SessionPasskey, ReturnTo: returnTo}}
		st.Evidence = evidencePasskey
		out, err = s.advance(ctx, tx, st)
		return err
	})
	return out, err
}

func (s *Service) unsealCeremony(sealed string) (webauthn.SessionData, error) {
	var kept webauthn.SessionData
	raw, err := cookieText.DecodeString(sealed)
	if err != nil || sealed == "" || !s.Passkeys() {
		return kept, over()
	}
	plain, err := s.Sealing.Open(nil, nil, raw, []byte(sealedCeremony))
	if err != nil || json.Unmarshal(plain, &kept) != nil || !s.now().Before(kept.Expires) {
		return kept, over()
	}
	kept.Expires = kept.Expires.AddDate(100, 0, 0) // judged, by our own clock
	return kept, nil
}

// spendChallenge leaves the row of a challenge that was answered; a second
// answer finds it there.
func (s *Service) spendChallenge(tx *gorm.DB, user models.ID, challenge string) error {
	id, err := models.NewID()
	if err != nil {
		return err
	}
	now := s.now()
	made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&models.SigninStep{
		ID: id, SecretHash: stepHash("challenge " + challenge), UserID: user, Stage: string(stagePasskey), Method: models.SessionPasskey,
		Challenge: "{}", CreatedAt: now, ExpiresAt: now.Add(stepLife), ConsumedAt: &now,
	})
	if made.Error == nil && made.RowsAffected == 0 {
		return over()
	}
	return made.Error
}

// noteUse keeps what a use changed of a passkey. A signature counter that went
// back is of a copy: it is refused.
func (s *Service) noteUse(tx *gorm.DB, f models.SecondFactor, used *webauthn.Credential) error {
	if used.Authenticator.CloneWarning {
		return wrongPasskey(errors.New("the signature counter went back"))
	}
	kept, err := json.Marshal(used)
	if err != nil {
		return err
	}
	return tx.Model(&models.SecondFactor{}).Where("id = ?", f.ID).Updates(map[string]any{"public_data": string(kept), "last_used_at": s.now()}).Error
}

// CodePasskey goes on with a sign-in by a passkey as the second factor. The
// challenge is used up even by an answer that is wrong: then the progress holds
// the step with the next one beside the fault.
func (s *Service) CodePasskey(ctx context.Context, secret, answer string) (Progress, error) {
	var out Progress
	var refused error
	err := s.DB.InTx(ctx, func(tx *gorm.DB) error {
		out, refused = Progress{}, nil
		st, err := s.spend(tx, secret, StageFactor)
		if err != nil {
			return err
		}
		u, err := userIn(tx, st.UserID)
		if err != nil {
			return err
		}
		factors, err := factorsOf(tx, u.ID)
		if err != nil {
			return err
		}
		if refused = s.answered(tx, u, factors, st.Ceremony, answer); refused == nil {
			st.Evidence = evidencePasskey
		} else if _, ok := fault.As(refused); !ok {
			return refused
		}
		out, err = s.advance(ctx, tx, st)
		return err
	})
	if err == nil {
		err = refused
	}
	return out, err
}

// answered judges an authenticator's answer to a challenge for a user's passkeys.
func (s *Service) answered(tx *gorm.DB, u models.User, factors []models.SecondFactor, asked *webauthn.SessionData, answer string) error {
	if asked == nil || !s.Passkeys() {
		return wrongPasskey(nil)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return wrongPasskey(err)
	}
	h, err := holding(u, factors)
	if err != nil {
		return err
	}
	used, err := s.relying().ValidateLogin(h, *asked, parsed)
	if err != nil {
		return wrongPasskey(err)
	}
	for _, f := range factors {
		if string(f.CredentialID) == string(used.ID) {
			return s.noteUse(tx, f, used)
		}
	}
	return wrongPasskey(nil)
}

// keepPasskey judges a new passkey and writes it; it counts at once, because
// making it proved it.
func (s *Service) keepPasskey(tx *gorm.DB, u models.User, offered *webauthn.SessionData, name, answer string) (models.SecondFactor, error) {
	var f models.SecondFactor
	if offered == nil || !s.Passkeys() {
		return f, wrongPasskey(nil)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return f, wrongPasskey(err)
	}
	made, err := s.relying().CreateCredential(holder{User: u}, *offered, parsed)
	if err != nil {
		return f, wrongPasskey(err)
	}
	if err := room(tx, u.ID); err != nil {
		return f, err
	}
	kept, err := json.Marshal(made)
	if err != nil {
		return f, err
	}
	id, err := models.NewID()
	if err != nil {
		return f, err
	}
	now := s.now()
	f = models.SecondFactor{
		ID: id, UserID: u.ID, Kind: models.FactorPasskey, Name: named(name, "Passkey"), SealedSecret: []byte{},
		CredentialID: made.ID, PublicData: string(kept), CreatedAt: now, ConfirmedAt: &now,
	}
	put := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&f)
	if put.Error == nil && put.RowsAffected == 0 {
		return f, wrongPasskey(errors.New("the credential is registered already"))
	}
	return f, put.Error
}
