package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"net/url"
	"strings"
	"sync"

	"rollcall/fault"
)

// The two ways in which a browser carries a message of ours to an identity
// provider.

// maxRelayState is the longest RelayState, in bytes (SAML bindings, section
// 3.4.3); identity providers cut or refuse longer ones.
const maxRelayState = 80

// Names of form fields and query parameters (SAML bindings, sections 3.4, 3.5).
const (
	fieldRequest    = "SAMLRequest"
	fieldResponse   = "SAMLResponse"
	fieldRelayState = "RelayState"
	fieldSigAlg     = "SigAlg"
	fieldSignature  = "Signature"
	fieldEncoding   = "SAMLEncoding"
	encodingDeflate = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
)

// Form is what a page has to post for the HTTP-POST binding.
type Form struct {
	Action string
	Fields []FormField
}

// FormField is a hidden field of a Form.
type FormField struct{ Name, Value string }

// outgoing is a message that is ready to go.
type outgoing struct {
	address    string // where it is meant to arrive
	target     string // the same with what goes along in the query
	field      string
	doc        []byte
	relayState string
	sign       bool
}

func (o outgoing) check() error {
	if err := CheckLocation(o.address); err != nil {
		return err
	}
	if len(o.relayState) > maxRelayState {
		return fault.New(fault.InvalidValue, "RelayState is longer than %d bytes", maxRelayState)
	}
	return nil
}

// writers are compressors at rest: making one takes 800 kB, for messages of one.
var writers = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.BestCompression) // it errs about the level only
	return w
}}

// deflated compresses a message as the redirect binding does (SAML bindings,
// section 3.4.4.1).
func deflated(doc []byte) ([]byte, error) {
	w := writers.Get().(*flate.Writer)
	defer writers.Put(w)
	var packed bytes.Buffer
	w.Reset(&packed)
	if _, err := w.Write(doc); err != nil {
		return nil, err
	}
	err := w.Close()
	return packed.Bytes(), err
}

// redirect packs the message into an address. Its signature is one over the
// query string, not over the XML (SAML bindings, section 3.4.4.1).
func (sp ServiceProvider) redirect(o outgoing) (string, error) {
	if err := o.check(); err != nil {
		return "", err
	}
	packed, err := deflated(o.doc)
	if err != nil {
		return "", err
	}
	query := o.field + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed))
	if o.relayState != "" {
		query += "&" + fieldRelayState + "=" + url.QueryEscape(o.relayState)
	}
	if o.sign {
		key, err := sp.signingKey()
		if err != nil {
			return "", err
		}
		query += "&" + fieldSigAlg + "=" + url.QueryEscape(rsaSHA256)
		value, err := key.sign([]byte(query))
		if err != nil {
			return "", err
		}
		query += "&" + fieldSignature + "=" + url.QueryEscape(value)
	}
	return joinQuery(o.target, query), nil
}

// form packs the message into a form's fields. Its signature is inside the
// XML, after the Issuer.
func (sp ServiceProvider) form(o outgoing) (Form, error) {
	if err := o.check(); err != nil {
		return Form{}, err
	}
	doc := o.doc
	if o.sign {
		var err error
		if doc, err = sp.enveloped(doc, "</saml:Issuer>"); err != nil {
			return Form{}, err
		}
	}
	f := Form{Action: o.target, Fields: []FormField{{o.field, base64.StdEncoding.EncodeToString(doc)}}}
	if o.relayState != "" {
		f.Fields = append(f.Fields, FormField{fieldRelayState, o.relayState})
	}
	return f, nil
}

func joinQuery(address, query string) string {
	switch {
	case !strings.Contains(address, "?"):
		return address + "?" + query
	case strings.HasSuffix(address, "?"), strings.HasSuffix(address, "&"):
		return address + query
	}
	return address + "&" + query
}
