package credential_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/credential"
	"rollcall/fault"
	"rollcall/models"
)

// linked gives the house's store a key and makes a link of a purpose.
func (h *house) linked(purpose models.LinkPurpose, m models.Membership) (models.OneTimeLink, string) {
	h.Helper()
	h.store.LinkKey = []byte("0123456789abcdef0123456789abcdef")
	var row models.OneTimeLink
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
		var err error
		row, err = h.store.NewLink(tx, models.OneTimeLink{Purpose: purpose, UserID: &m.UserID, TeamID: &m.TeamID, MembershipID: &m.ID, Email: "ada@acme.test"})
		return err
	}))
	address, err := h.store.LinkURL("https://rollcall.test", row)
	h.must(err)
	_, token, ok := strings.Cut(address, "?t=")
	if !ok {
		h.Fatalf("no token in %q", address)
	}
	return row, token
}

// spend uses a link up.
func (h *house) spend(purpose models.LinkPurpose, token string) error {
	return h.db.InTx(h.Context(), func(tx *gorm.DB) error {
		_, err := h.store.SpendLink(tx, purpose, token)
		return err
	})
}

func works(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func TestLinkAddresses(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleMember)
		for purpose, path := range map[models.LinkPurpose]string{
			models.LinkVerifyEmail: "/verify", models.LinkSetPassword: "/password", models.LinkInvitation: "/invitation",
			models.LinkUpgrade: "/upgrade", models.LinkLoginTest: "/test",
		} {
			row, token := h.linked(purpose, m.Membership)
			address, err := h.store.LinkURL("https://rollcall.test", row)
			h.must(err)
			same(t, "address", address, "https://rollcall.test"+path+"?t="+token)
			if strings.Contains(token, string(row.ID)) || strings.Trim(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
				t.Errorf("the token %q is not one for an address", token)
			}
			if !row.ExpiresAt.After(h.clock.Now()) {
				t.Errorf("%s ends at %s", purpose, row.ExpiresAt)
			}
			again, err := h.store.Link(h.Context(), purpose, token)
			h.must(err)
			same(t, "link", again.ID, row.ID)
		}
		_, err := (&credential.Store{DB: h.db, Now: h.clock.Now}).LinkURL("https://rollcall.test", models.OneTimeLink{ID: newID(h)})
		refused(t, "without a key", err, fault.InternalError)
	})
}

// What was never given out is no link: not a forged one, not a part of one, not
// one that works for something else, and not one made under another key.
func TestForgedLinks(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleMember)
		row, token := h.linked(models.LinkVerifyEmail, m.Membership)
		_, other := h.linked(models.LinkVerifyEmail, m.Membership)
		raw, err := base64.RawURLEncoding.DecodeString(token)
		h.must(err)
		flipped := append([]byte{}, raw...)
		flipped[len(flipped)-1] ^= 1
		moved := append([]byte{}, raw...)
		moved[0] ^= 1
		stranger := &credential.Store{DB: h.db, Now: h.clock.Now, LinkKey: []byte("another key of thirty-two bytes!")}
		address, err := stranger.LinkURL("", row)
		h.must(err)
		for what, forged := range map[string]string{
			"nothing": "", "the id": string(row.ID), "a half": token[:len(token)/2], "one letter less": token[:len(token)-1],
			"one letter more": token + "A", "padding": token + "=", "a line end": token + "\n", "another letter": base64.RawURLEncoding.EncodeToString(flipped),
			"another id": base64.RawURLEncoding.EncodeToString(moved), "two halves": token[:22] + other[22:],
			"the id alone": base64.RawURLEncoding.EncodeToString(raw[:16]), "another key": strings.TrimPrefix(address, "/verify?t="),
			"a zero byte": token[:10] + "\x00" + token[11:], "long": strings.Repeat("A", 10_000),
		} {
			_, err := h.store.Link(h.Context(), models.LinkVerifyEmail, forged)
			refused(t, what, err, fault.Missing)
			refused(t, what+" spent", h.spend(models.LinkVerifyEmail, forged), fault.Missing)
		}
		for _, purpose := range []models.LinkPurpose{models.LinkSetPassword, models.LinkInvitation, models.LinkUpgrade, models.LinkLoginTest, ""} {
			_, err := h.store.Link(h.Context(), purpose, token)
			refused(t, "for "+string(purpose), err, fault.Missing)
			refused(t, "spent for "+string(purpose), h.spend(purpose, token), fault.Missing)
		}
		works(t, "the link itself", h.spend(models.LinkVerifyEmail, token))
	})
}

// A link works once, until its end, and as long as no newer one took its place.
func TestLinkEnds(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleMember)
		row, token := h.linked(models.LinkVerifyEmail, m.Membership)
		for range 3 { // mail scanners
			seen, err := h.store.Link(h.Context(), models.LinkVerifyEmail, token)
			h.must(err)
			h.must(h.store.LinkOpen(seen))
		}
		h.clock.Set(row.ExpiresAt.Add(-time.Microsecond))
		h.must(h.spend(models.LinkVerifyEmail, token))
		refused(t, "again", h.spend(models.LinkVerifyEmail, token), fault.LinkUsed)
		seen, err := h.store.Link(h.Context(), models.LinkVerifyEmail, token)
		h.must(err)
		refused(t, "a look at a used one", h.store.LinkOpen(seen), fault.LinkUsed)

		row, token = h.linked(models.LinkVerifyEmail, m.Membership)
		h.clock.Set(row.ExpiresAt)
		refused(t, "at its end", h.spend(models.LinkVerifyEmail, token), fault.LinkExpired)

		_, token = h.linked(models.LinkVerifyEmail, m.Membership)
		_, elsewhere := h.linked(models.LinkSetPassword, m.Membership)
		h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
			return h.store.RevokeLinks(tx, models.LinkVerifyEmail, "user_id = ?", m.UserID)
		}))
		refused(t, "revoked", h.spend(models.LinkVerifyEmail, token), fault.LinkUsed)
		works(t, "of another purpose", h.spend(models.LinkSetPassword, elsewhere))

		// A transaction that fails uses nothing up.
		_, token = h.linked(models.LinkVerifyEmail, m.Membership)
		err = h.db.InTx(h.Context(), func(tx *gorm.DB) error {
			if _, err := h.store.SpendLink(tx, models.LinkVerifyEmail, token); err != nil {
				return err
			}
			return fault.New(fault.Clash, "something else")
		})
		refused(t, "rolled back", err, fault.Clash)
		works(t, "after that", h.spend(models.LinkVerifyEmail, token))
	})
}

// Of many who use a link at the same moment one does.
func TestLinkUsedAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.direct(models.RoleMember)
		for range 5 {
			_, token := h.linked(models.LinkVerifyEmail, m.Membership)
			ends := together(t, 6, func() error { return h.spend(models.LinkVerifyEmail, token) })
			if ends[""] != 1 || ends[fault.LinkUsed] != 5 {
				t.Fatalf("used at once: %v", ends)
			}
		}
	})
}
