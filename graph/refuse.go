package graph

import (
	"net/http"

	"rollcall/fault"
)

// Refuse answers, in the form of this wire, a request that the server around
// the Handler turned away: a key that is not live, a page of another site, a
// caller over its budget. The status is the kind's whatever the media type,
// because nothing of the request was looked at.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	harden(w.Header())
	f, ok := fault.As(err)
	if !ok {
		f = fault.New(fault.InternalError, internalMessage)
	}
	mediaType, _ := negotiate(r.Header.Values("Accept"))
	code := codeOf(f)
	status, special := refused[code]
	if !special {
		if status, special = malformed[code]; !special {
			status = http.StatusBadRequest
		}
	}
	writeRefusalAs(r.Context(), w, mediaType, status, refuse(code, f.Message))
}
