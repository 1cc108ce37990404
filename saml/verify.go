package saml

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"rollcall/fault"
)

// Step 4. goxmldsig does the arithmetic, under conditions in which it has
// nothing left to choose: one element that stands alone, one signature on it
// of a known form, one certificate in its store, no KeyInfo.

// verified is an element that was parsed from bytes which a trusted
// certificate signed. Only verify makes one, and people are read from nothing
// else.
type verified struct {
	el          *etree.Element
	certificate Certificate
}

// verdict is what became of one signature.
type verdict struct {
	good    *verified
	code    fault.Code // why not, when good is nil
	message string
}

// verify tries the signature that stands on each of the candidates - the same
// element as found in different trees - with the provider's certificates.
func verify(candidates []*etree.Element, p Provider, now time.Time) verdict {
	var sig *signature
	for _, el := range candidates {
		var err error
		if sig, err = signatureOf(el); err != nil || sig == nil {
			return verdict{code: fault.SignatureInvalid, message: "the signature is not of the accepted form"}
		}
		if v, bad := sig.forbidden(p); bad {
			return v
		}
		for _, c := range p.Certificates {
			if !c.liveAt(now) {
				continue
			}
			if root, err := sig.verify(el, c.X509, now); err == nil {
				return verdict{good: &verified{root, c}}
			}
		}
	}
	return sig.explain(candidates, p, now)
}

// forbidden applies the allow-lists.
func (sig *signature) forbidden(p Provider) (verdict, bool) {
	switch {
	case signatureMethods[sig.method] == x509.UnknownPublicKeyAlgorithm:
		return verdict{code: fault.SignatureWeak, message: fmt.Sprintf("the signature method %q is not allowed", bounded(sig.method))}, true
	case !digestMethods[sig.digest]:
		return verdict{code: fault.SignatureWeak, message: fmt.Sprintf("the digest method %q is not allowed", bounded(sig.digest))}, true
	case sig.inclusive && !p.AllowInclusiveC14N:
		return verdict{code: fault.SignatureInvalid, message: "the signature uses inclusive canonicalization, which is not allowed for this identity provider"}, true
	}
	return verdict{}, false
}

// explain finds out why no live certificate verified: whether one would have
// whose time is over or has not come, or whether the message shows a
// certificate that nobody here trusts.
func (sig *signature) explain(candidates []*etree.Element, p Provider, now time.Time) verdict {
	for _, c := range p.Certificates {
		if c.X509 == nil || c.liveAt(now) {
			continue
		}
		for _, el := range candidates {
			if _, err := sig.verify(el, c.X509, c.X509.NotBefore); err != nil {
				continue
			}
			if now.Before(c.X509.NotBefore) {
				return verdict{code: fault.CertNotYetValid, message: "the certificate that made the signature is valid from " + stamp(c.X509.NotBefore)}
			}
			return verdict{code: fault.CertExpired, message: "the certificate that made the signature expired on " + stamp(c.X509.NotAfter)}
		}
	}
	if len(sig.certificates) > 0 && !anyTrusted(sig.certificates, p.Certificates) {
		return verdict{code: fault.SignatureUnknownCert, message: "the message was signed under the certificate " + Fingerprint(sig.certificates[0]) + ", which is not among the trusted ones"}
	}
	return verdict{code: fault.SignatureInvalid, message: "no trusted certificate verifies the signature over the message as it arrived"}
}

func anyTrusted(shown []*x509.Certificate, trusted []Certificate) bool {
	for _, s := range shown {
		for _, t := range trusted {
			if t.X509 != nil && t.X509.Equal(s) {
				return true
			}
		}
	}
	return false
}

// errNotVerified stands for every way in which a signature can be wrong; the
// ways are told apart by explain, not by a library's words.
var errNotVerified = errors.New("not verified")

// verify runs goxmldsig over el with the one certificate and returns the
// element parsed from the bytes that were signed.
//
// It works on a copy of el in which the signature is made easy to find and to
// check; none of it changes what is digested, because the enveloped transform
// takes the whole Signature out again:
//   - it is the first child, so that the search for it, which is limited to
//     1,000 elements, does not stop short in a long list of groups;
//   - it has no KeyInfo, so that the certificate is the one from the store and
//     not the one the message chose (a chain, a bare key, nothing at all);
//   - its value is unfolded, and DER where the key is an elliptic curve's.
//
// A Signature further inside keeps its KeyInfo: that is part of what the outer
// one signs.
func (sig *signature) verify(el *etree.Element, cert *x509.Certificate, at time.Time) (root *etree.Element, err error) {
	if signatureMethods[sig.method] != cert.PublicKeyAlgorithm {
		return nil, errNotVerified
	}
	// The libraries have had nil dereferences in this path; hostile input must
	// not end the process should there be one more.
	defer func() {
		if recover() != nil {
			root, err = nil, errNotVerified
		}
	}()
	dup := isolated(el)
	s := child(dup, nsSignature, "Signature")
	if s == nil {
		return nil, errNotVerified
	}
	if info := child(s, nsSignature, "KeyInfo"); info != nil {
		s.RemoveChild(info)
	}
	child(s, nsSignature, "SignatureValue").SetText(base64.StdEncoding.EncodeToString(sig.valueFor(cert)))
	dup.RemoveChild(s)
	dup.InsertChildAt(0, s)

	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
	context.Clock = dsig.NewFakeClockAt(at)
	root, err = context.Validate(dup)
	// A canonicalization that silently yields nothing must not pass for a
	// signed element, so what comes back has to be the element that went in.
	if err != nil || root == nil || root.Tag != el.Tag || root.NamespaceURI() != el.NamespaceURI() || attr(root, "ID") != attr(el, "ID") {
		return nil, errNotVerified
	}
	return root, nil
}
