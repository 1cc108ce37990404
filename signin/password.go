package signin

import (
	"net/http"
	"strings"

	"rollcall/account"
)

// maxEmail is the longest address (RFC 5321 section 4.5.3.1.3), in bytes.
const maxEmail = 254

// ask shows the page that asks who wants to sign in. It makes a passkey's
// challenge, which is kept nowhere but in the browser.
func (h *handler) ask(w http.ResponseWriter, r *http.Request, status int, p page) {
	if p.Own == nil {
		p.Own = &ownPage{}
	}
	if p.Own.ReturnTo == "" {
		p.Own.ReturnTo = returnPath(r.URL.Query().Get("return_to"))
	}
	options, sealed, err := h.Account.BeginPasskey()
	if err != nil {
		h.problem(w, r, err)
		return
	}
	if sealed != "" {
		h.jar.setStep(w, passkeyName, sealed)
		p.Own.Passkey = options
	}
	h.show(w, r, status, askPage, p)
}

// address takes the address and says how it signs in, by its domain alone:
// whether anybody has it plays no part.
func (h *handler) address(w http.ResponseWriter, r *http.Request) {
	values, ok := h.form(w, r)
	if !ok {
		return
	}
	email, back := strings.TrimSpace(values.Get("email")), returnPath(values.Get("return_to"))
	if !plausible(email) {
		h.ask(w, r, http.StatusBadRequest, page{Own: &ownPage{ReturnTo: back, Field: "email", Problem: "Please type your e-mail address, such as ada@example.com."}})
		return
	}
	slug, err := h.SSO.Route(nobody(r), email)
	if err != nil {
		h.problem(w, r, err)
		return
	}
	if slug != "" {
		h.see(w, initFor(slug, email, back))
		return
	}
	h.show(w, r, http.StatusOK, passwordPage, page{Own: &ownPage{Email: email, ReturnTo: back}})
}

// plausible reports whether a text could be an address.
func plausible(email string) bool {
	local, domain, ok := strings.Cut(email, "@")
	return ok && local != "" && domain != "" && len(email) <= maxEmail && !strings.ContainsFunc(email, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// passwordForm is the page for those whose domain leads elsewhere and who come
// in without their identity provider all the same.
func (h *handler) passwordForm(w http.ResponseWriter, r *http.Request) {
	h.show(w, r, http.StatusOK, passwordPage, page{Own: &ownPage{ReturnTo: returnPath(r.URL.Query().Get("return_to"))}})
}

// password judges an address and a password.
func (h *handler) password(w http.ResponseWriter, r *http.Request) {
	values, ok := h.form(w, r)
	if !ok {
		return
	}
	email, back := strings.TrimSpace(values.Get("email")), returnPath(values.Get("return_to"))
	if len(email) > maxEmail {
		email = ""
	}
	p, err := h.Account.Password(nobody(r), email, values.Get("password"), back)
	if err != nil {
		h.again(w, r, err, func(status int, problem string) {
			h.show(w, r, status, passwordPage, page{Own: &ownPage{Email: email, ReturnTo: back, Problem: problem}})
		})
		return
	}
	h.proceed(w, r, p)
}

// passkey judges a passkey that came without a password.
func (h *handler) passkey(w http.ResponseWriter, r *http.Request) {
	values, ok := h.form(w, r)
	if !ok {
		return
	}
	back := returnPath(values.Get("return_to"))
	p, err := h.Account.Passkey(nobody(r), h.jar.readLong(r, passkeyName), values.Get("answer"), back)
	if err != nil {
		h.again(w, r, err, func(status int, problem string) {
			h.ask(w, r, status, page{Own: &ownPage{ReturnTo: back, Field: "passkey", Problem: problem}})
		})
		return
	}
	h.proceed(w, r, p)
}

// reset asks for the address that a link is mailed to, or with a link's token
// for the password that is chosen. Reading it uses nothing up: mail scanners
// follow links too.
func (h *handler) reset(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("t")
	if token == "" {
		h.show(w, r, http.StatusOK, resetPage, page{Own: &ownPage{}})
		return
	}
	email, err := h.Account.ResetLink(nobody(r), token)
	if err != nil {
		h.badLink(w, r, err)
		return
	}
	h.show(w, r, http.StatusOK, choosePage, page{Own: &ownPage{Email: email, Token: token}})
}

// setPassword takes the address, or the password that is chosen with a token.
func (h *handler) setPassword(w http.ResponseWriter, r *http.Request) {
	values, ok := h.form(w, r)
	if !ok {
		return
	}
	token := values.Get("t")
	if token == "" {
		h.askReset(w, r, strings.TrimSpace(values.Get("email")))
		return
	}
	password := values.Get("password")
	err := h.Account.Reset(nobody(r), token, password)
	if err != nil {
		email, gone := h.Account.ResetLink(nobody(r), token)
		if gone != nil {
			h.badLink(w, r, gone)
			return
		}
		h.again(w, r, err, func(status int, problem string) {
			h.show(w, r, status, choosePage, page{Own: &ownPage{Email: email, Token: token, Problem: problem}})
		})
		return
	}
	h.show(w, r, http.StatusOK, choosePage, page{Own: &ownPage{Done: true}})
}

func (h *handler) askReset(w http.ResponseWriter, r *http.Request, email string) {
	if !plausible(email) {
		h.show(w, r, http.StatusBadRequest, resetPage, page{Own: &ownPage{Problem: "Please type your e-mail address, such as ada@example.com."}})
		return
	}
	if err := h.Account.AskReset(nobody(r), email); err != nil {
		h.again(w, r, err, func(status int, problem string) {
			h.show(w, r, status, resetPage, page{Own: &ownPage{Problem: problem}})
		})
		return
	}
	h.show(w, r, http.StatusOK, resetPage, page{Own: &ownPage{Sent: true}})
}

// badLink tells of a link that does not work, and how to have another one.
func (h *handler) badLink(w http.ResponseWriter, r *http.Request, err error) {
	sentence := "This link does not work. It was used already, a newer one took its place, or it is too old."
	if !account.LinkTrouble(err) {
		h.problem(w, r, err)
		return
	}
	h.show(w, r, http.StatusGone, failurePage, page{Sentence: sentence, Init: "/password", Again: "Have another link sent"})
}
