package signin

import (
	"net/http"

	"rollcall/fault"
	"rollcall/models"
)

// turnedAway are the words for requests that the server's middleware lets no
// further, which are about no sign-in.
var turnedAway = map[fault.Kind]string{
	fault.Denied:          "This request comes from a page of another site and was not carried out.",
	fault.Unauthenticated: "The credential that came with this request is not valid.",
	fault.Limited:         "Too many requests came from your address; please wait a minute.",
}

// Refuse answers, with a page of the room, a request that the caller's
// middleware turned away. There is no attempt to look up; the page names the
// request's id.
func (o Options) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	h := newDoor(o)
	kind := fault.KindOf(err)
	sentence, ok := turnedAway[kind]
	if !ok {
		sentence = ours.sentence
	}
	if kind == fault.Limited && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "60")
	}
	h.show(w, r, statusOf(kind), failurePage, page{Sentence: sentence, At: h.now()})
}

// Busy answers messages that came too fast for their team. With record the
// team's admins find an attempt that says so.
func (o Options) Busy(w http.ResponseWriter, r *http.Request, slug string, record bool) {
	h := newDoor(o)
	err := error(fault.New(fault.LoginLimited, "%s", fault.LoginLimited.Meaning()))
	var attempt models.ID
	if record && slugForm.MatchString(slug) {
		var problem error
		if attempt, problem = h.SSO.Refuse(nobody(r), slug, fault.LoginLimited); problem != nil {
			h.Log.WarnContext(r.Context(), "an attempt that came too fast was not recorded", "team", slug, "error", problem)
		}
	}
	h.fail(w, r, "", attempt, err)
}
