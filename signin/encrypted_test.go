package signin

import (
	"crypto"
	"net/http"
	"strconv"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/internal/idptest"
	"rollcall/sso"
)

// shapes are the ways to encrypt that products use.
func shapes() (out []idptest.Encryption) {
	for _, content := range idptest.Ciphers {
		for _, beside := range []bool{false, true} {
			out = append(out, idptest.Encryption{Content: content, Beside: beside})
		}
	}
	return append(out,
		idptest.Encryption{Hash: crypto.SHA256}, idptest.Encryption{Transport: "rsa-oaep"},
		idptest.Encryption{Transport: "rsa-oaep", Hash: crypto.SHA256, Mask: crypto.SHA256},
		idptest.Encryption{NoDigest: true, Fold: true}, idptest.Encryption{Show: true, Recipient: base + "/saml/acme"})
}

// encrypted lets acme's provider encrypt from now on.
func (h *house) encrypted() idptest.Encryption {
	h.Helper()
	h.settings(h.team, sso.SettingsChange{EncryptAssertions: ptr(true)})
	return idptest.Encryption{To: h.published("acme").DecryptionKeys[0].Certificate}
}

func TestEncryptedSignIns(t *testing.T) {
	eachHouse(t, func(h *house) {
		to := h.encrypted().To
		h.configure(sso.ProviderChange{ProviderOptions: sso.ProviderOptions{AllowCbc: ptr(true)}})
		for n, e := range shapes() {
			for _, whole := range []bool{false, true} {
				e.To = to
				b := h.browser()
				id, _ := b.ask("acme")
				r := h.about(id)
				r.Encrypt, r.SignResponse, r.SignAssertion = &e, whole, !whole
				if w := b.bring("acme", h.respond(r)); w.Code != http.StatusSeeOther || b.session() == "" {
					h.Errorf("shape %d %+v, whole %v: %d, %+v", n, e, whole, w.Code, h.lastOf(h.team))
				}
				if row := h.lastOf(h.team); row.Message.Encryption == "" {
					h.Errorf("shape %d: the cipher is not noted", n)
				}
			}
		}
	})
}

// Encryption is the team's choice: before it nothing encrypted is read, CBC and
// messages in the clear depend on the provider's settings.
func TestEncryptionIsAChoice(t *testing.T) {
	eachHouse(t, func(h *house) {
		_, err := h.sso.RotateServiceProviderKey(h.operator(), h.team.ID)
		h.must(err)
		try := func(what string, e *idptest.Encryption, want fault.Code) {
			h.Helper()
			b := h.browser()
			id, _ := b.ask("acme")
			r := h.about(id)
			r.Encrypt = e
			b.bring("acme", h.respond(r))
			is(h.TB, what, h.lastCode(), string(want))
		}
		e := idptest.Encryption{To: h.published("acme").SigningKeys[0].Certificate}
		is(h.TB, "encryption in the metadata before", h.published("acme").PublishEncryption, false)
		try("before", &e, fault.EncryptionUnexpected)
		h.encrypted()
		is(h.TB, "encryption in the metadata after", h.published("acme").PublishEncryption, true)
		try("GCM", &e, "")
		try("in the clear", nil, "")
		cbc := e
		cbc.Content = "aes256-cbc"
		try("CBC unasked", &cbc, fault.DecryptionFailed)
		h.configure(sso.ProviderChange{ProviderOptions: sso.ProviderOptions{AllowCbc: ptr(true), RequireEncryption: ptr(true)}})
		try("CBC", &cbc, "")
		try("in the clear, refused", nil, fault.EncryptionRequired)
	})
}

// Both keys open messages while one follows the other; a retired one opens none.
func TestEncryptionKeyRollover(t *testing.T) {
	eachHouse(t, func(h *house) {
		old := h.encrypted()
		_, err := h.sso.RotateServiceProviderKey(h.operator(), h.team.ID)
		h.must(err)
		keys := h.published("acme").DecryptionKeys
		if len(keys) != 2 || !keys[0].Certificate.Equal(old.To) {
			h.Fatalf("%d keys are published, or the current one is not first", len(keys))
		}
		next := idptest.Encryption{To: keys[1].Certificate}
		try := func(what string, e idptest.Encryption, want fault.Code) {
			h.Helper()
			b := h.browser()
			id, _ := b.ask("acme")
			r := h.about(id)
			r.Encrypt = &e
			b.bring("acme", h.respond(r))
			is(h.TB, what, h.lastCode(), string(want))
		}
		try("the current key", old, "")
		try("the next key", next, "")
		rows, err := h.sso.ServiceProviderKeys(h.operator(), h.team.ID)
		h.must(err)
		_, err = h.sso.RetireServiceProviderKey(h.operator(), rows[0].ID)
		h.must(err)
		try("a retired key", old, fault.DecryptionFailed)
		try("the key that took its place", next, "")
	})
}

// Every way to forge something encrypted is refused, and the browser learns
// nothing of why: there is one page for all of them.
func TestEveryEncryptedForgeryIsRefused(t *testing.T) {
	eachHouse(t, func(h *house) {
		e := h.encrypted()
		h.configure(sso.ProviderChange{ProviderOptions: sso.ProviderOptions{AllowCbc: ptr(true)}})
		page := ""
		for n, forgery := range idptest.EncryptedForgeries {
			if n%20 == 0 {
				h.clock.Advance(time.Minute)
			}
			for _, content := range []string{"aes256-gcm", "aes256-cbc"} {
				e.Content = content
				b := h.browser()
				id, _ := b.ask("acme")
				r := h.about(id)
				r.Encrypt = &e
				message, err := h.idp.Forge(forgery, r)
				h.must(err)
				w := b.bring("acme", message)
				what := forgery.Name + " " + content
				if got := h.lastCode(); got != string(forgery.Want) || b.session() != "" {
					h.Errorf("%s: %q, want %q", what, got, forgery.Want)
				}
				if n == 0 && page == "" {
					page = uniform(w)
				} else if w.Code != http.StatusBadRequest || uniform(w) != page {
					h.Errorf("%s: %d, another page:\n%s", what, w.Code, w.Body)
				}
			}
		}
		if h.sessions() != 0 {
			h.Errorf("%s sessions after forgeries only", strconv.FormatInt(h.sessions(), 10))
		}
	})
}
