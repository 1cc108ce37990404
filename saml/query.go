package saml

import (
	"bytes"
	"compress/flate"
	"crypto"
	"io"
	"net/url"
	"strings"
	"time"

	"rollcall/fault"
)

// Receiving by HTTP-Redirect (SAML bindings, section 3.4). The signature is
// over the query string as it was sent: who decodes and encodes again verifies
// something else, so the raw octets are kept.

const (
	// maxQuery is the longest query string, in bytes.
	maxQuery = 32 << 10
	// maxInflated is the largest document that comes out, in bytes, and
	// maxRatio how many times the size of what went in it may have: XML of any
	// use shrinks to a third or a tenth.
	maxInflated = 64 << 10
	maxRatio    = 60
)

// query is a message in an address.
type query struct {
	field      string // SAMLRequest or SAMLResponse
	doc        []byte
	relayState string
	algorithm  string
	signature  []byte
	signed     string // the octets that the signature is over
}

// readQuery takes a raw query string apart, or records why it cannot.
func readQuery(s *sheet, raw string) (query, bool) {
	var q query
	if len(raw) > maxQuery {
		s.fail(fault.ResponseTooLarge, "size", "", "", "the query is longer than %d bytes", maxQuery)
		return q, false
	}
	bad := func(format string, args ...any) (query, bool) {
		s.fail(fault.LogoutInvalid, "query", "", "", format, args...)
		return query{}, false
	}
	parts := map[string]string{} // name -> "name=value" as sent
	values := map[string]string{}
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case fieldRequest, fieldResponse, fieldRelayState, fieldSigAlg, fieldSignature, fieldEncoding:
			if _, twice := parts[name]; twice {
				return bad("the query has %s twice", name)
			}
			plain, err := url.QueryUnescape(value)
			if err != nil {
				return bad("the query's %s has a bad escape", name)
			}
			parts[name], values[name] = part, plain
		}
	}
	_, isRequest := parts[fieldRequest]
	_, isResponse := parts[fieldResponse]
	if isRequest == isResponse {
		return bad("the query does not have one of SAMLRequest and SAMLResponse")
	}
	if encoding := values[fieldEncoding]; encoding != "" && encoding != encodingDeflate {
		return bad("the encoding %q is not known", bounded(encoding))
	}
	q.field = fieldRequest
	if isResponse {
		q.field = fieldResponse
	}
	q.relayState, q.algorithm = values[fieldRelayState], values[fieldSigAlg]
	q.signed = parts[q.field]
	for _, name := range []string{fieldRelayState, fieldSigAlg} {
		if part, ok := parts[name]; ok {
			q.signed += "&" + part
		}
	}
	var err error
	if q.signature, err = unspaced(values[fieldSignature]); err != nil {
		return bad("the query's Signature is not base64")
	}
	packed, err := unspaced(values[q.field])
	if err != nil || len(packed) == 0 {
		return bad("the query's %s is not base64", q.field)
	}
	var ok bool
	if q.doc, ok = inflate(packed); !ok {
		return bad("the query's %s is not deflated, or is too large when it is inflated", q.field)
	}
	return q, true
}

// inflate undoes DEFLATE within bounds. What follows the compressed data is
// refused, because nobody would see it.
func inflate(packed []byte) ([]byte, bool) {
	limit := min(maxInflated, maxRatio*len(packed))
	in := bytes.NewReader(packed)
	doc, err := io.ReadAll(io.LimitReader(flate.NewReader(in), int64(limit)+1))
	return doc, err == nil && len(doc) <= limit && in.Len() == 0
}

// checkQuery verifies a query's signature with the provider's certificates.
func (p Provider) checkQuery(q query, now time.Time) (Certificate, verdict) {
	method, known := signatureMethods[q.algorithm]
	if !known || method.hash == crypto.SHA1 && !now.Before(p.AllowSHA1Until) {
		return Certificate{}, verdict{code: fault.SignatureWeak, message: "the signature method " + bounded(q.algorithm) + " is not allowed"}
	}
	signed := digested{method, hashed(method.hash, []byte(q.signed)), q.signature}
	for _, c := range p.Certificates {
		if c.liveAt(now) && signed.by(c.X509) {
			return c, verdict{}
		}
	}
	return Certificate{}, p.explain(signed, nil, now)
}
