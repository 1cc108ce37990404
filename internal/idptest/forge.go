package idptest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/beevik/etree"

	"rollcall/fault"
)

// Mallory is who the forgeries try to sign in.
const Mallory = "mallory@evil.example"

// Forgery is a way to make a message that must be refused.
type Forgery struct {
	Name      string
	Want      fault.Code
	make      func(i *IDP, r Response) (string, error)
	encrypted bool
}

// Forgeries are all that need no encryption; walk them in tests of every door
// that takes responses. The Response given to Forge must be one that would be
// accepted. See EncryptedForgeries for the others.
var Forgeries = slices.Concat(wrappings, placements, signatureForgeries, keyForgeries, contentForgeries, bytesForgeries, foreignMessages, bombs)

// Forge makes a message of the given kind out of r, which describes a good one.
// Forgeries are written with the usual prefixes and, unless they are about
// encryption, in the clear.
func (i *IDP) Forge(kind Forgery, r Response) (string, error) {
	r.Style, r.Signing.Prefix, r.Signing.KeyInfo = Style{}, "", KeyInfoCertificates
	if !kind.encrypted {
		r.Encrypt, r.EncryptName = nil, nil
	}
	return kind.make(i, r)
}

// forged is a forgery made in some way of its own.
func forged(name string, want fault.Code, make func(*IDP, Response) (string, error)) Forgery {
	return Forgery{Name: name, Want: want, make: make}
}

// edited is a forgery that the description of the Response can express. What
// the description did to the message itself still happens, first.
func edited(name string, want fault.Code, edit func(*IDP, *Response)) Forgery {
	return forged(name, want, func(i *IDP, r Response) (string, error) {
		before, after := r.Before, r.After
		r.Before, r.After = nil, nil
		edit(i, &r)
		r.Before, r.After = both(before, r.Before), both(after, r.After)
		return i.Respond(r)
	})
}

func both(first, second func(*etree.Element)) func(*etree.Element) {
	return func(el *etree.Element) {
		for _, f := range []func(*etree.Element){first, second} {
			if f != nil {
				f(el)
			}
		}
	}
}

// changed is a forgery by the identity provider itself, or by a customer of
// the same one: the assertion is changed before it is signed.
func changed(name string, want fault.Code, change func(assertion *etree.Element)) Forgery {
	return edited(name, want, func(_ *IDP, r *Response) {
		r.Before = func(doc *etree.Element) { change(path(doc, "saml:Assertion")) }
	})
}

// tampered is a forgery that changes a genuine message after it was signed.
func tampered(name string, want fault.Code, change func(doc *etree.Element)) Forgery {
	return edited(name, want, func(_ *IDP, r *Response) { r.After = change })
}

// signedAs is a forgery whose SignedInfo says something else, and whose key
// signed that.
func signedAs(name string, want fault.Code, change func(info *etree.Element)) Forgery {
	return edited(name, want, func(_ *IDP, r *Response) { r.Signing.ChangeInfo = change })
}

// resigned is a forgery that changes each Signature after it was made.
func resigned(name string, want fault.Code, change func(sig *etree.Element)) Forgery {
	return edited(name, want, func(_ *IDP, r *Response) { r.Signing.ChangeAfter = change })
}

// stranger is somebody who has a key and a certificate that look like the
// provider's own. Making one is slow, so there is one for all.
var stranger = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// withStranger is a forgery that somebody signs with a key of their own.
func withStranger(name string, want fault.Code, edit func(*Response, *rsa.PrivateKey, *x509.Certificate)) Forgery {
	return forged(name, want, func(i *IDP, r Response) (string, error) {
		key, err := stranger()
		if err != nil {
			return "", err
		}
		cert, err := SelfSigned(key, i.Now().Add(-time.Hour), i.Now().AddDate(1, 0, 0))
		if err != nil {
			return "", err
		}
		r.NameID, r.Signing.Shown = Mallory, []*x509.Certificate{i.Certificate}
		edit(&r, key, cert)
		return i.Respond(r)
	})
}

// path follows child names from el, whatever their prefixes; nil when one is
// missing.
func path(el *etree.Element, names ...string) *etree.Element {
	for _, n := range names {
		if el == nil {
			return nil
		}
		_, tag, _ := strings.Cut(n, ":")
		var found *etree.Element
		for _, c := range el.ChildElements() {
			if c.Tag == tag {
				found = c
				break
			}
		}
		el = found
	}
	return el
}

// drop takes the element at the path out.
func drop(el *etree.Element, names ...string) {
	if found := path(el, names...); found != nil {
		found.Parent().RemoveChild(found)
	}
}
