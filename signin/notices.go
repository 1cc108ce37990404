package signin

import (
	"net/http"

	"rollcall/fault"
	"rollcall/models"
)

// notice is what a person is told when something went wrong.
type notice struct {
	sentence string
	status   int  // 0: what the kind of the fault says
	again    bool // whether starting again can help
	unknown  bool // the page of an address where there is nothing: no attempt, no time
}

const wrongMethod = "This address does not work that way."

var (
	// nowhere is for teams that do not exist, do not use single sign-on or have
	// not finished setting it up. Nobody can tell them apart from outside.
	nowhere = notice{sentence: "There is nothing at this address.", status: http.StatusNotFound, unknown: true}

	// refused is for everything that can be wrong with an answer. Which it was
	// is in the attempt's record for the team's admins; whoever tries to forge
	// one learns nothing from the page.
	refused = notice{sentence: "The answer of your identity provider could not be accepted.", status: http.StatusBadRequest, again: true}

	// tooLarge differs by its status alone, which proxies ask for.
	tooLarge = notice{sentence: refused.sentence, status: http.StatusRequestEntityTooLarge, again: true}

	declined = notice{sentence: "Your identity provider did not let you sign in; your team's admin can assign the application to you.", again: true}

	stale = notice{sentence: "This sign-in took too long, is finished already or began in another browser.", again: true}
	busy  = notice{sentence: "Too many people are signing in at this moment; please wait a minute.", again: true}
	ours  = notice{sentence: "Something failed on our side.", again: true}
)

// notices has a row for every code of a refused sign-in.
var notices = map[fault.Code]notice{
	fault.TeamNotFound:    nowhere,
	fault.SsoNotEnabled:   nowhere,
	fault.ConnectionDraft: nowhere,

	fault.ResponseMalformed:    refused,
	fault.ResponseTooLarge:     tooLarge,
	fault.AssertionMissing:     refused,
	fault.MultipleAssertions:   refused,
	fault.EncryptionUnexpected: refused,
	fault.EncryptionRequired:   refused,
	fault.DecryptionFailed:     refused,
	fault.SignatureMissing:     refused,
	fault.SignatureUnknownCert: refused,
	fault.SignatureInvalid:     refused,
	fault.SignatureWeak:        refused,
	fault.CertExpired:          refused,
	fault.CertNotYetValid:      refused,
	fault.CertificateMissing:   refused,
	fault.IssuerMismatch:       refused,
	fault.AudienceMismatch:     refused,
	fault.RecipientMismatch:    refused,
	fault.DestinationMismatch:  refused,
	fault.AssertionExpired:     refused,
	fault.AssertionNotYetValid: refused,
	fault.AssertionInvalid:     refused,
	fault.AssertionReplayed:    refused,
	fault.AuthnNotFresh:        refused,
	fault.AuthnContextMismatch: refused,
	fault.TestOutdated:         refused,
	fault.LogoutInvalid:        refused,
	fault.NameIDMissing:        refused,
	fault.NameIDTransient:      refused,
	fault.EmailInvalid:         refused,

	fault.ResponseWrongBinding: {sentence: "This address is one step of a sign-in and cannot be opened by itself.", status: http.StatusMethodNotAllowed, again: true},
	fault.IdpDeclined:          declined,
	fault.IdpNameIDPolicy:      declined,
	fault.IdpNoAuthnContext:    declined,
	fault.MfaEvidenceMissing:   {sentence: "Your team asks for a second factor, and your identity provider did not say that you used one; please tell your team's admin.", again: true},
	fault.RequestUnknown:       stale,
	fault.RequestExpired:       stale,
	fault.RequestMismatch:      stale,
	fault.IdpInitiatedDisabled: {sentence: "Your team's sign-in has to start here, not at the identity provider.", again: true},
	fault.EmailMissing:         {sentence: "Your identity provider did not say what your e-mail address is; please tell your team's admin."},
	fault.LoginAccountConflict: {sentence: "Your e-mail address has an account already that this team does not manage; please tell your team's admin."},
	fault.UserDeactivated:      {sentence: "Your access to this team is switched off; please ask your team's admin."},
	fault.UserRemoved:          {sentence: "You were removed from this team; please ask your team's admin."},
	fault.JitDisabled:          {sentence: "Your team lets in only people who were added to it before; please ask your team's admin."},
	fault.DomainNotAllowed:     {sentence: "Your e-mail address is in a domain that this team does not let in; please ask your team's admin."},
	fault.UpgradeRequired:      {sentence: "Your e-mail address has an account of its own, and you have not agreed yet to sign in to it by your identity provider."},
	fault.NameIDChanged:        {sentence: "Your identity provider calls you by another name than before; please tell your team's admin."},
	fault.LoginLimited:         busy,
	fault.LoginInternal:        ours,
}

// noticeOf finds the notice for a failure. Faults of the API doors are told by
// their kind; nothing of theirs is for this door in particular.
func noticeOf(err error) notice {
	n, ok := notices[fault.CodeOf(err)]
	if !ok {
		n = noticeOfKind(fault.KindOf(err))
	}
	if n.status == 0 {
		n.status = statusOf(fault.KindOf(err))
	}
	return n
}

func noticeOfKind(k fault.Kind) notice {
	switch k {
	case fault.NotFound:
		return nowhere
	case fault.Limited:
		return busy
	case fault.Invalid, fault.Conflict, fault.Denied, fault.Unauthenticated, fault.Precondition:
		return refused
	default:
		return ours
	}
}

// statusOf is the HTTP status for a kind.
func statusOf(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict, fault.Denied, fault.Unauthenticated, fault.Precondition:
		return http.StatusForbidden
	case fault.Limited:
		return http.StatusTooManyRequests
	default:
		return http.StatusInternalServerError
	}
}

// fail tells the person what went wrong and the log why. slug is "" when the
// failure belongs to no team. The text of a fault may quote a message that a
// stranger wrote, so the log gets its code, by which the attempt is found.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, slug string, attempt models.ID, err error) {
	h.failAs(w, r, slug, attempt, err, noticeOf(err))
}

func (h *handler) failAs(w http.ResponseWriter, r *http.Request, slug string, attempt models.ID, err error, n notice) {
	if attempt == "" && !n.unknown && fault.KindOf(err) != fault.Limited {
		// A refusal that nobody could look up has not been made properly.
		n = noticeOfKind(fault.Internal)
		n.status = statusOf(fault.Internal)
	}
	switch log := h.Log.With("team", slug, "code", fault.CodeOf(err)); {
	case n.status == http.StatusInternalServerError:
		log.ErrorContext(r.Context(), "sign-in failed", "attempt", attemptID(attempt), "error", err)
	case !n.unknown:
		log.InfoContext(r.Context(), "sign-in refused", "attempt", attemptID(attempt))
	}
	if n.status == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "60")
	}
	if n.unknown {
		h.show(w, r, n.status, failurePage, page{Sentence: n.sentence})
		return
	}
	p := page{Sentence: n.sentence, Attempt: attemptID(attempt), At: h.now()}
	if n.again && slug != "" {
		p.Init, p.Slug = initPath(slug), slug
	}
	h.show(w, r, n.status, failurePage, p)
}

func attemptID(id models.ID) string {
	if id == "" {
		return ""
	}
	return models.LoginAttempt{ID: id}.GlobalID()
}
