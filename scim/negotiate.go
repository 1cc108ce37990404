package scim

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// The two content types of SCIM (RFC 7644 section 3.1); the first is the default.
const (
	mediaScim = "application/scim+json"
	mediaJSON = "application/json"
)

// maxBody bounds the body of a request that is not about a group.
const maxBody = 1 << 20

// maxDrained is how much of a body that is too large is read and thrown away.
const maxDrained = 64 << 20

// answerType chooses the content type of the answer by the Accept header (RFC
// 9110 section 12.5.1). A client that accepts neither type gets the default
// and not a refusal: removing a person must not fail over a header.
func answerType(accept []string) string {
	scim, json := weigh(accept, mediaScim), weigh(accept, mediaJSON)
	switch {
	case json.q > scim.q, json.q == scim.q && json.named && !scim.named:
		return mediaJSON
	default:
		return mediaScim
	}
}

// preference is how much a client likes a type and whether it said so by name.
type preference struct {
	q     float64
	named bool
}

func weigh(accept []string, media string) preference {
	var best preference
	precision := 0 // of the range that best comes from: exact, application/*, */*
	for _, part := range strings.Split(strings.Join(accept, ","), ",") {
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		exact := 0
		switch name {
		case media:
			exact = 3
		case "application/*":
			exact = 2
		case "*/*":
			exact = 1
		}
		if exact <= precision {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			if parsed, err := strconv.ParseFloat(text, 64); err == nil {
				q = parsed
			}
		}
		best, precision = preference{q: q, named: exact == 3}, exact
	}
	return best
}

// filledIn are the types that curl, axios and fetch put on a text when nobody
// told them one, to the letter.
var filledIn = []string{"application/x-www-form-urlencoded", "text/plain;charset=UTF-8"}

// readBody reads a JSON body after a look at its type. No type at all passes,
// because there is nothing else it could be, and one that the client's library
// filled in passes with an object: Okta's test sends people without a type.
func readBody(r *http.Request, limit int64) (object, error) {
	filled := slices.Contains(filledIn, r.Header.Get("Content-Type"))
	if err := checkType(r.Header, filled); err != nil {
		return nil, err
	}
	if r.ContentLength > limit && r.Header.Get("Expect") != "" { // it asks before it sends
		return nil, tooLarge(limit)
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case err != nil:
		return nil, bad(typeInvalidSyntax, "The body ended early.")
	case int64(len(raw)) > limit:
		// Many clients read no answer before they have sent everything, and take a
		// connection that is closed meanwhile for a failure of the network.
		_, _ = io.CopyN(io.Discard, r.Body, maxDrained)
		return nil, tooLarge(limit)
	}
	if filled && !bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) {
		return nil, unsupported()
	}
	return decodeObject(raw)
}

func tooLarge(limit int64) error {
	return &problem{status: http.StatusRequestEntityTooLarge, detail: "The body is larger than " + strconv.FormatInt(limit, 10) + " bytes."}
}

func unsupported() *problem {
	return &problem{
		status: http.StatusUnsupportedMediaType,
		detail: "Send " + mediaScim + " or " + mediaJSON + " in UTF-8, not compressed.",
	}
}

// checkType judges the headers of a body. filled is whether its type says nothing.
func checkType(h http.Header, filled bool) error {
	if enc := h.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return unsupported()
	}
	value := h.Get("Content-Type")
	if value == "" || filled {
		return nil
	}
	media, params, err := mime.ParseMediaType(value)
	if err != nil || media != mediaScim && media != mediaJSON {
		return unsupported()
	}
	if charset, ok := params["charset"]; ok && !slices.Contains([]string{"utf-8", "utf8", "us-ascii"}, strings.ToLower(charset)) {
		return unsupported()
	}
	return nil
}
