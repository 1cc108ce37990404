// Package fetch gets a document from an address that a team's admin entered.
// Such an address may name anything, so: https only, no proxy, and every single
// connection - the first, those of redirects, those of a name whose answer
// changed in between - is judged by the address that is about to be dialled,
// after the name was resolved. How long and how large the answer may be is
// bounded, and the reasons that it gives tell nothing about what is inside the
// operator's network.
package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// The bounds of a fetch.
const (
	within       = 15 * time.Second
	maxBytes     = 512 << 10
	maxHeader    = 64 << 10
	maxRedirects = 3
	maxURL       = 2000
)

// Ports that a document may be published on: https, and those that identity
// providers on premises use by default.
var Ports = []uint16{443, 8443, 9031, 9443}

// Guard judges an address that is about to be dialled.
type Guard func(network, address string, conn syscall.RawConn) error

// Client fetches. The zero value refuses every address; New makes one to use.
type Client struct {
	Guard    Guard
	Within   time.Duration // for everything together
	MaxBytes int64
	Resolver *net.Resolver  // nil is the system's
	Roots    *x509.CertPool // nil is the system's
}

// New is a client for the public internet and for the operator's networks in
// allowed, which may be private.
func New(allowed []netip.Prefix) *Client {
	var four, six []netip.Prefix
	for _, p := range allowed {
		if p.Addr().Is4() {
			four = append(four, p)
		} else {
			six = append(six, p)
		}
	}
	guard := ssrf.New(ssrf.WithPorts(Ports...), ssrf.WithAllowedV4Prefixes(four...), ssrf.WithAllowedV6Prefixes(six...))
	return &Client{Guard: guard.Safe, Within: within, MaxBytes: maxBytes}
}

// Document is what was asked for, or the word that it has not changed.
type Document struct {
	Body         []byte
	ETag         string
	LastModified string
	Unchanged    bool // answered 304; the body is empty
}

// Error is why there is no document. Reason is fit for the admin who entered
// the address.
type Error struct {
	Reason string
	cause  error
}

func (e *Error) Error() string { return e.Reason }

// Unwrap returns the cause, for the operator's log.
func (e *Error) Unwrap() error { return e.cause }

// Check says what is wrong with an address before anything is asked.
func Check(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || len(address) > maxURL || u.Opaque != "" || u.Hostname() == "":
		return &Error{Reason: "the address is not a URL"}
	case u.Scheme != "https":
		return &Error{Reason: "the address does not begin with https://"}
	case u.User != nil:
		return &Error{Reason: "the address holds a user name"}
	}
	return nil
}

var errRefused = errors.New("refused before dialling")

// Get fetches address. etag and lastModified are those of an earlier answer,
// or empty (RFC 9110 section 13.1).
func (c *Client) Get(ctx context.Context, address, etag, lastModified string) (Document, error) {
	if err := Check(address); err != nil {
		return Document{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Document{}, &Error{Reason: "the address is not a URL", cause: err}
	}
	req.Header.Set("Accept", "application/samlmetadata+xml, application/xml, text/xml")
	req.Header.Set("User-Agent", "Rollcall")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	if lastModified != "" {
		req.Header.Set("If-Modified-Since", lastModified)
	}
	res, err := c.http().Do(req)
	if err != nil {
		return Document{}, reason(err)
	}
	defer func() { _ = res.Body.Close() }()
	d, err := c.read(res, etag != "" || lastModified != "")
	// A host that sees the goodbye of a client out of patience may close its
	// answer neatly; half a document would then look like a whole one.
	if err == nil && ctx.Err() != nil {
		err = reason(ctx.Err())
	}
	return d, err
}

func (c *Client) read(res *http.Response, conditional bool) (Document, error) {
	d := Document{ETag: short(res.Header.Get("ETag")), LastModified: short(res.Header.Get("Last-Modified"))}
	switch {
	case res.StatusCode == http.StatusNotModified && conditional:
		d.Unchanged = true
		return d, nil
	case res.StatusCode != http.StatusOK:
		return d, &Error{Reason: "the host answered with status " + strconv.Itoa(res.StatusCode)}
	case res.ContentLength > c.MaxBytes:
		return d, c.tooLarge()
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, c.MaxBytes+1))
	if err != nil {
		return d, reason(err)
	}
	if int64(len(body)) > c.MaxBytes {
		return d, c.tooLarge()
	}
	d.Body = body
	return d, nil
}

func (c *Client) tooLarge() error {
	return &Error{Reason: "the document is larger than " + strconv.FormatInt(c.MaxBytes>>10, 10) + " kB"}
}

// short drops validators that are too long to be kept.
func short(v string) string {
	if len(v) > 300 {
		return ""
	}
	return v
}

// http is a client of its own for each fetch: no connection outlives it.
func (c *Client) http() *http.Client {
	dialer := &net.Dialer{Timeout: c.Within, Resolver: c.Resolver, Control: func(network, address string, conn syscall.RawConn) error {
		if c.Guard == nil {
			return errRefused
		}
		if err := c.Guard(network, address, conn); err != nil {
			return errors.Join(errRefused, err)
		}
		return nil
	}}
	return &http.Client{
		Timeout: c.Within,
		Transport: &http.Transport{
			Proxy: nil, DialContext: dialer.DialContext, DisableKeepAlives: true, DisableCompression: true,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Roots},
			MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return &Error{Reason: "the host redirects more than " + strconv.Itoa(maxRedirects) + " times"}
			}
			if err := Check(req.URL.String()); err != nil {
				return &Error{Reason: "the host redirects to an address that does not begin with https://", cause: err}
			}
			return nil
		},
	}
}

// reason says what may be said. Refused and unreachable addresses sound alike
// but for the advice, which is the same for both.
func reason(err error) error {
	var e *Error
	var unknown *tls.CertificateVerificationError
	var network net.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &unknown):
		return &Error{Reason: "the host's TLS certificate cannot be verified", cause: err}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return &Error{Reason: "the host did not answer in time", cause: err}
	}
	return &Error{Reason: "the host cannot be reached from here; it must be a public address on port 443, 8443, 9031 or 9443", cause: err}
}
