package signin

import (
	"net/http"
	"net/url"

	"rollcall/account"
)

// step is the secret of the browser's unfinished sign-in.
func (h *handler) step(r *http.Request) string { return h.jar.read(r, stepName) }

// factor asks for the second factor.
func (h *handler) factor(w http.ResponseWriter, r *http.Request) {
	h.showFactor(w, r, h.step(r), http.StatusOK, "")
}

func (h *handler) showFactor(w http.ResponseWriter, r *http.Request, secret string, status int, problem string) {
	waiting, err := h.Account.Look(nobody(r), secret, account.StageFactor)
	if err != nil {
		h.problem(w, r, err)
		return
	}
	h.show(w, r, status, factorPage, page{Own: &ownPage{Email: waiting.Email, Totp: waiting.Totp, Passkey: waiting.Passkey, Problem: problem}})
}

// code judges a code, of an app or from the sheet, or a passkey's answer.
func (h *handler) code(w http.ResponseWriter, r *http.Request) {
	values, ok := h.form(w, r)
	if !ok {
		return
	}
	secret := h.step(r)
	var p account.Progress
	var err error
	if values.Has("answer") {
		p, err = h.Account.CodePasskey(nobody(r), secret, values.Get("answer"))
	} else {
		p, err = h.Account.Code(nobody(r), secret, values.Get("code"))
	}
	if err != nil {
		if p.Step != "" { // with a new challenge
			secret = p.Step
			h.jar.setStep(w, stepName, secret)
		}
		h.again(w, r, err, func(status int, problem string) { h.showFactor(w, r, secret, status, problem) })
		return
	}
	h.proceed(w, r, p)
}

// enrol has an admin set up a first second factor before they come in.
func (h *handler) enrol(w http.ResponseWriter, r *http.Request) { h.showEnrol(w, r, http.StatusOK, "") }

func (h *handler) showEnrol(w http.ResponseWriter, r *http.Request, status int, problem string) {
	waiting, err := h.Account.Look(nobody(r), h.step(r), account.StageEnrol)
	if err != nil {
		h.problem(w, r, err)
		return
	}
	h.show(w, r, status, enrolPage, page{Own: &ownPage{Email: waiting.Email, Key: waiting.Key, Passkey: waiting.Passkey, Problem: problem}})
}

func (h *handler) enrolled(w http.ResponseWriter, r *http.Request) {
	values, ok := h.form(w, r)
	if !ok {
		return
	}
	run := func(values url.Values) (account.Progress, error) {
		if values.Has("answer") {
			return h.Account.EnrolPasskey(nobody(r), h.step(r), values.Get("answer"))
		}
		return h.Account.EnrolCode(nobody(r), h.step(r), values.Get("code"))
	}
	p, err := run(values)
	if err != nil {
		h.again(w, r, err, func(status int, problem string) { h.showEnrol(w, r, status, problem) })
		return
	}
	h.proceed(w, r, p)
}

// pick asks which team.
func (h *handler) pick(w http.ResponseWriter, r *http.Request) {
	waiting, err := h.Account.Look(nobody(r), h.step(r), account.StageTeam)
	if err != nil {
		h.problem(w, r, err)
		return
	}
	h.show(w, r, http.StatusOK, teamsPage, page{Own: &ownPage{Email: waiting.Email, Teams: teamWays(waiting.Ways, "", "")}})
}

func (h *handler) picked(w http.ResponseWriter, r *http.Request) {
	values, ok := h.form(w, r)
	if !ok {
		return
	}
	p, err := h.Account.Choose(nobody(r), h.step(r), values.Get("team"))
	if err != nil {
		h.problem(w, r, err)
		return
	}
	h.proceed(w, r, p)
}

// switchTeam opens another of one's own teams in place of the present one.
func (h *handler) switchTeam(w http.ResponseWriter, r *http.Request) {
	values, ok := h.form(w, r)
	if !ok {
		return
	}
	p, err := h.Account.Switch(r.Context(), values.Get("team"))
	if err != nil {
		h.problem(w, r, err)
		return
	}
	h.proceed(w, r, p)
}
