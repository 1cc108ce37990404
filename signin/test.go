package signin

import (
	"net/http"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// testPage is what the pages of a test login show.
type testPage struct {
	Ask      bool   // whether it is still to begin
	Token    string // for the form
	Team     string
	Provider string // the identity provider's entity id
	Problem  string // why there is no result
	Attempt  string

	Passed  bool
	Effect  string // what a real sign-in would have done, as a sentence
	Why     string // what kept it from more
	Advice  string
	Role    string
	Source  string
	Profile models.TestProfile
	Bad     []checkLine // checks that failed
	Skipped []checkLine // that had nothing to look at
	Good    []checkLine // that passed
}

// test is the page of a test login's address. Looking at it begins nothing; its
// button does.
func (h *handler) test(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("t")
	about, err := h.SSO.TestLink(nobody(r), token)
	if err != nil {
		h.failTest(w, r, "", err)
		return
	}
	h.show(w, r, http.StatusOK, testingPage, page{Test: &testPage{Ask: true, Token: token, Team: about.Team.Name, Provider: about.Provider.EntityID}})
}

// beginTest sends this browser, which the answer has to come back by, to the
// identity provider.
func (h *handler) beginTest(w http.ResponseWriter, r *http.Request) {
	values, code := readValues(w, r)
	if code != "" || len(values["t"]) != 1 {
		h.failTest(w, r, "", fault.New(fault.Missing, "There is no such link."))
		return
	}
	flow, err := h.jar.flowOf(r)
	if err != nil {
		h.failTest(w, r, "", err)
		return
	}
	start, err := h.SSO.BeginTest(nobody(r), values.Get("t"), flow.secret)
	if err != nil {
		h.failTest(w, r, "", err)
		return
	}
	h.jar.setFlow(w, flow)
	h.send(w, r, start.Onward, false)
}

// tested ends a test login whose answer was judged: good when problem is nil. The
// browser keeps the session that it has, and gets none.
func (h *handler) tested(w http.ResponseWriter, r *http.Request, login sso.Login, attempt models.ID, problem error) {
	var row models.LoginTest
	err := problem
	if problem == nil {
		row, err = h.Roster.Rehearse(nobody(r), login)
	} else if code := fault.CodeOf(problem); code != fault.RequestMismatch && code != fault.RequestUnknown && code != fault.RequestExpired {
		row, err = h.SSO.TestResult(nobody(r), login, attempt)
	}
	if err != nil {
		h.failTest(w, r, attempt, err)
		return
	}
	h.show(w, r, http.StatusOK, testingPage, page{Test: resultOf(row), At: h.now()})
}

// effects are what a real sign-in would have done, in words.
var effects = map[string]string{
	sso.EffectSignedIn: "A real sign-in would have let this person in: the team knows them by this identity.",
	sso.EffectJoined:   "A real sign-in would have let this person in and linked the identity to the member that the team has.",
	sso.EffectCreated:  "A real sign-in would have made a new member and let this person in.",
	sso.EffectUpgrade:  "A real sign-in would have asked this person first to put their own account under single sign-on. For the identity provider the test has passed.",
	sso.EffectRefused:  "A real sign-in would have been refused.",
}

func resultOf(row models.LoginTest) *testPage {
	p := &testPage{Passed: row.State == models.TestPassed, Effect: effects[row.Effect], Profile: row.Profile}
	if row.AttemptID != nil {
		p.Attempt = attemptID(*row.AttemptID)
	}
	if row.Code != "" && row.Effect != sso.EffectUpgrade {
		p.Why, p.Advice = fault.Code(row.Code).Meaning(), fault.Code(row.Code).Advice()
	}
	if row.Role != nil && row.RoleSource != nil {
		p.Role, p.Source = roleNames[*row.Role], roleSources[*row.RoleSource]
	}
	p.Bad, p.Skipped, p.Good = checkLines(row.Checks)
	return p
}

// roleSources say where a role comes from, in words that follow its name.
var roleSources = map[models.RoleSource]string{
	models.RoleByDefault:    "the team's default",
	models.RoleByHand:       "set by hand",
	models.RoleByInvitation: "by an invitation",
	models.RoleByGroup:      "by a rule about groups",
	models.RoleByAttribute:  "by a rule about attributes",
}

// testProblems are the words for tests that did not come to a result.
var testProblems = map[fault.Code]string{
	fault.LinkUsed:          "This test login was begun already. Start another one.",
	fault.LinkExpired:       "This test login was not begun in time. Start another one.",
	fault.RequestMismatch:   "The answer came back in another browser than the test login began in, or this one lost its cookie. The test still waits for the answer in its own browser.",
	fault.RequestUnknown:    "This test login was answered before; what came of it is in the list of test logins. Start another one to try again.",
	fault.AssertionReplayed: "This answer was used before. Start another test login to try again.",
	fault.RequestExpired:    "The answer took too long to come. Start another test login.",
}

func (h *handler) failTest(w http.ResponseWriter, r *http.Request, attempt models.ID, err error) {
	code := fault.CodeOf(err)
	words, ok := testProblems[code]
	status := statusOf(fault.KindOf(err))
	switch {
	case code == fault.LinkUsed || code == fault.LinkExpired:
		status = http.StatusGone
	case !ok && fault.KindOf(err) == fault.NotFound:
		words = "This link is not one of ours, or not all of it arrived."
	case !ok:
		h.Log.ErrorContext(r.Context(), "a test login failed", "code", code, "attempt", attemptID(attempt), "error", err)
		words, status = ours.sentence, http.StatusInternalServerError
	}
	h.show(w, r, status, testingPage, page{Test: &testPage{Problem: words, Attempt: attemptID(attempt)}})
}
