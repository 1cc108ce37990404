package signin

import (
	"net/http"
	"net/url"
	"slices"

	"rollcall/access"
	"rollcall/account"
	"rollcall/models"
)

// accountPage is the page of a person's own account.
type accountPage struct {
	account.Overview
	Passkeys  bool // whether browsers can make them here
	NeedsCode bool // whether a code will do as the proof
	Said      string
	Kinds     []factorLine
	Browsers  []sessionLine
	Own       bool // whether some team lets them in without an identity provider
}

// proofField is the part of a form that proves once more who fills it in.
type proofField struct {
	ID, Email      string // ID tells the form's fields from those of the others
	Password, Code bool   // what may be shown
}

// Proof is the part for the form of a name.
func (p *ownPage) Proof(id string) proofField {
	return proofField{ID: id, Email: p.Email, Password: p.Account.Password != nil, Code: p.Account.NeedsCode}
}

type factorLine struct {
	ID, Name, Kind string
	Used           string
}

type sessionLine struct {
	ID, Browser, IP, Seen, At string
	Here                      bool
}

const shownTime = "2 January 2006, 15:04"

// said are the messages of the page after a form, by what stands in the query.
var said = map[string]string{
	"password": "Your password is changed. Your other browsers are signed out.",
	"removed":  "The second factor is removed. Your other browsers are signed out.",
	"renamed":  "The second factor has its new name.",
	"ended":    "The session is ended.",
	"added":    "The second factor is added. Your other browsers are signed out.",
}

// confirmed keeps the pages of one's own account from people who have to confirm
// their address first: the sign-in page tells them so.
func (h *handler) confirmed(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if access.From(r.Context()).Unverified {
			h.see(w, afterSignIn)
			return
		}
		serve(w, r)
	}
}

// me shows the account.
func (h *handler) me(w http.ResponseWriter, r *http.Request) {
	h.showMe(w, r, http.StatusOK, "", "")
}

func (h *handler) showMe(w http.ResponseWriter, r *http.Request, status int, field, problem string) {
	o, err := h.Account.Overview(r.Context())
	if err != nil {
		h.see(w, "/signin?return_to=/account")
		return
	}
	p := &accountPage{Overview: o, Passkeys: h.Account.Passkeys(), Said: said[r.URL.Query().Get("done")], Own: len(o.Ways.Own()) > 0}
	if status != http.StatusOK {
		p.Said = ""
	}
	for _, f := range o.Factors {
		kind := "Passkey"
		if f.Kind == models.FactorTotp {
			kind, p.NeedsCode = "Authenticator app", true
		}
		line := factorLine{ID: f.GlobalID(), Name: f.Name, Kind: kind}
		if f.LastUsedAt != nil {
			line.Used = f.LastUsedAt.UTC().Format(shownTime) + " UTC"
		}
		p.Kinds = append(p.Kinds, line)
	}
	for _, s := range o.Sessions {
		p.Browsers = append(p.Browsers, sessionLine{
			ID: s.GlobalID(), Browser: browserName(s.UserAgent), IP: s.IP, Here: s.ID == o.Session.ID,
			Seen: s.LastSeenAt.UTC().Format(shownTime) + " UTC", At: s.LastSeenAt.UTC().Format("2006-01-02T15:04:05Z"),
		})
	}
	slices.SortStableFunc(p.Browsers, func(a, b sessionLine) int {
		switch {
		case a.Here && !b.Here:
			return -1
		case b.Here && !a.Here:
			return 1
		}
		return 0
	})
	h.show(w, r, status, accountTemplate, page{Own: &ownPage{Email: o.User.Email, Field: field, Problem: problem, Account: p}})
}

func proof(values url.Values) account.Proof {
	return account.Proof{Password: values.Get("proof"), Code: values.Get("code")}
}

// change runs a form of the account's page. done is what the page says afterwards.
func (h *handler) change(field, done string, run func(r *http.Request, values url.Values) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		values, ok := h.form(w, r)
		if !ok {
			return
		}
		if err := run(r, values); err != nil {
			h.again(w, r, err, func(status int, problem string) { h.showMe(w, r, status, field, problem) })
			return
		}
		h.see(w, "/account?done="+done)
	}
}

func (h *handler) changePassword(r *http.Request, values url.Values) error {
	return h.Account.ChangePassword(r.Context(), proof(values), values.Get("password"))
}

func (h *handler) renameFactor(r *http.Request, values url.Values) error {
	id, err := models.ParseGlobal(models.PrefixSecondFactor, values.Get("id"))
	if err != nil {
		return err
	}
	return h.Account.RenameFactor(r.Context(), id, values.Get("name"))
}

func (h *handler) removeFactor(r *http.Request, values url.Values) error {
	id, err := models.ParseGlobal(models.PrefixSecondFactor, values.Get("id"))
	if err != nil {
		return err
	}
	return h.Account.RemoveFactor(r.Context(), proof(values), id)
}

func (h *handler) endSession(r *http.Request, values url.Values) error {
	id, err := models.ParseGlobal(models.PrefixSession, values.Get("id"))
	if err != nil {
		return err
	}
	_, err = h.Credentials.RevokeSession(r.Context(), id)
	return err
}

// addTotp shows a new key for an authenticator app.
func (h *handler) addTotp(w http.ResponseWriter, r *http.Request) {
	values, ok := h.form(w, r)
	if !ok {
		return
	}
	key, err := h.Account.AddTotp(r.Context(), proof(values), values.Get("name"))
	if err != nil {
		h.again(w, r, err, func(status int, problem string) { h.showMe(w, r, status, "factor", problem) })
		return
	}
	h.show(w, r, http.StatusOK, totpPage, page{Own: &ownPage{Key: key, Token: key.Factor.GlobalID()}})
}

// confirmTotp takes the first code of the app.
func (h *handler) confirmTotp(w http.ResponseWriter, r *http.Request) {
	values, ok := h.form(w, r)
	if !ok {
		return
	}
	id, err := models.ParseGlobal(models.PrefixSecondFactor, values.Get("id"))
	if err != nil {
		h.problem(w, r, err)
		return
	}
	codes, err := h.Account.ConfirmTotp(r.Context(), id, values.Get("code"))
	if err != nil {
		h.again(w, r, err, func(status int, problem string) {
			key, gone := h.Account.TotpKey(r.Context(), id)
			if gone != nil {
				h.problem(w, r, gone)
				return
			}
			h.show(w, r, status, totpPage, page{Own: &ownPage{Key: key, Token: key.Factor.GlobalID(), Problem: problem}})
		})
		return
	}
	h.added(w, r, codes)
}

// added shows the backup codes that came with a first factor.
func (h *handler) added(w http.ResponseWriter, r *http.Request, codes []string) {
	if len(codes) == 0 {
		h.see(w, "/account?done=added")
		return
	}
	h.show(w, r, http.StatusOK, codesPage, page{Own: &ownPage{Codes: codes, ReturnTo: "/account"}})
}

// addPasskey has the browser make a passkey.
func (h *handler) addPasskey(w http.ResponseWriter, r *http.Request) {
	values, ok := h.form(w, r)
	if !ok {
		return
	}
	options, secret, err := h.Account.AddPasskey(r.Context(), proof(values), values.Get("name"))
	if err != nil {
		h.again(w, r, err, func(status int, problem string) { h.showMe(w, r, status, "factor", problem) })
		return
	}
	h.jar.setStep(w, stepName, secret)
	h.show(w, r, http.StatusOK, newKeyPage, page{Own: &ownPage{Passkey: options}})
}

func (h *handler) keepPasskey(w http.ResponseWriter, r *http.Request) {
	values, ok := h.form(w, r)
	if !ok {
		return
	}
	codes, err := h.Account.KeepPasskey(r.Context(), h.step(r), values.Get("answer"))
	h.jar.clearStep(w, stepName)
	if err != nil {
		h.again(w, r, err, func(status int, problem string) { h.showMe(w, r, status, "factor", problem) })
		return
	}
	h.added(w, r, codes)
}

// newCodes makes the backup codes anew.
func (h *handler) newCodes(w http.ResponseWriter, r *http.Request) {
	values, ok := h.form(w, r)
	if !ok {
		return
	}
	codes, err := h.Account.NewBackupCodes(r.Context(), proof(values))
	if err != nil {
		h.again(w, r, err, func(status int, problem string) { h.showMe(w, r, status, "codes", problem) })
		return
	}
	h.show(w, r, http.StatusOK, codesPage, page{Own: &ownPage{Codes: codes, ReturnTo: "/account"}})
}
