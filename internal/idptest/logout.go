package idptest

import (
	"bytes"
	"compress/flate"
	"crypto"
	"encoding/base64"
	"net/url"
	"time"

	"github.com/beevik/etree"
)

// Logout describes a LogoutRequest or, with Answer, a LogoutResponse. The zero
// value of everything below the first group is the usual good message.
type Logout struct {
	Destination  string
	NameID       string
	NameIDFormat string
	Sessions     []string
	RelayState   string

	Answer       bool
	InResponseTo string
	Status       string // of an answer that says no
	Partial      bool   // an answer of partial success

	Issuer   string        // "" is the provider's own
	Age      time.Duration // shifts all times into the past
	NoEnd    bool          // leave NotOnOrAfter out
	Unsigned bool
	Signing  Signing // of a posted one; of an address, Key and Hash
	// Encrypt hides the NameID.
	Encrypt *Encryption
	// Before changes the message before it is signed, After after it; the
	// latter sees posted ones only.
	Before, After func(el *etree.Element)
}

func (l Logout) field() string {
	if l.Answer {
		return "SAMLResponse"
	}
	return "SAMLRequest"
}

// logout lays the message out.
func (i *IDP) logout(l Logout) (*etree.Element, error) {
	id, err := newID()
	if err != nil {
		return nil, err
	}
	tag, issuer := "samlp:LogoutRequest", l.Issuer
	if l.Answer {
		tag = "samlp:LogoutResponse"
	}
	if issuer == "" {
		issuer = i.EntityID
	}
	now := i.Now().Add(-l.Age).UTC()
	el := etree.NewDocument().CreateElement(tag)
	attrs(el, "xmlns:samlp", nsProtocol, "xmlns:saml", nsAssertion, "ID", id, "Version", "2.0", "IssueInstant", stamp(now), "Destination", l.Destination)
	if l.InResponseTo != "" {
		el.CreateAttr("InResponseTo", l.InResponseTo)
	}
	el.CreateElement("saml:Issuer").SetText(issuer)
	if l.Answer {
		code := el.CreateElement("samlp:Status").CreateElement("samlp:StatusCode")
		switch {
		case l.Status != "":
			code.CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
			code.CreateElement("samlp:StatusCode").CreateAttr("Value", l.Status)
		default:
			code.CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Success")
		}
		if l.Partial {
			code.CreateElement("samlp:StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:PartialLogout")
		}
	} else {
		if !l.NoEnd {
			el.CreateAttr("NotOnOrAfter", stamp(now.Add(5*time.Minute)))
		}
		name := el.CreateElement("saml:NameID")
		name.SetText(l.NameID)
		if l.NameIDFormat != "" {
			name.CreateAttr("Format", l.NameIDFormat)
		}
		for _, s := range l.Sessions {
			el.CreateElement("samlp:SessionIndex").SetText(s)
		}
		if l.Encrypt != nil {
			if err := l.Encrypt.hide(name, "EncryptedID"); err != nil {
				return nil, err
			}
		}
	}
	if l.Before != nil {
		l.Before(el)
	}
	return el, nil
}

// LogoutForm makes the value of the form field of a posted message.
func (i *IDP) LogoutForm(l Logout) (string, error) {
	el, err := i.logout(l)
	if err != nil {
		return "", err
	}
	if !l.Unsigned {
		if err := i.sign(el, l.Signing); err != nil {
			return "", err
		}
	}
	if l.After != nil {
		l.After(el)
	}
	return encode(el, 0)
}

// LogoutQuery makes the query string of a message in an address.
func (i *IDP) LogoutQuery(l Logout) (string, error) {
	el, err := i.logout(l)
	if err != nil {
		return "", err
	}
	doc := etree.NewDocument()
	doc.SetRoot(el)
	raw, err := doc.WriteToBytes()
	if err != nil {
		return "", err
	}
	query := l.field() + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(Deflate(raw)))
	if l.RelayState != "" {
		query += "&RelayState=" + url.QueryEscape(l.RelayState)
	}
	if l.Unsigned {
		return query, nil
	}
	return i.SignQuery(query, l.Signing)
}

// SignQuery adds SigAlg and Signature to a query string.
func (i *IDP) SignQuery(query string, s Signing) (string, error) {
	if s.Key == nil {
		s.Key = i.Key
	}
	if s.Hash == 0 {
		s.Hash = crypto.SHA256
	}
	query += "&SigAlg=" + url.QueryEscape(s.method())
	value, err := s.raw([]byte(query))
	if err != nil {
		return "", err
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value)), nil
}

// Deflate packs a document for an address.
func Deflate(raw []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err == nil {
		_, _ = w.Write(raw)
		_ = w.Close()
	}
	return out.Bytes()
}
