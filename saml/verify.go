package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"fmt"
	"math/big"
	"time"

	"rollcall/fault"
)

// Step 4. The arithmetic is the standard library's; which bytes it is done
// over leaves nothing to choose: the one signature of a known form on one
// element, one certificate at a time, KeyInfo not asked.

// verified is an element that was read from bytes which a trusted certificate
// signed, directly or by signing what it was decrypted from. Only verify and
// decrypt make one, and people are read from nothing else.
type verified struct {
	el          *element
	certificate Certificate
}

// verdict is what became of one signature.
type verdict struct {
	good    *verified
	code    fault.Code // why not, when good is nil
	message string
}

// check verifies sig, the signature on el, with the provider's certificates.
// SignedInfo comes first: without a signature over that, nobody makes us
// digest anything. The verified element is read anew from the digested bytes
// unless it is part of a verified document already, which within says.
func (p Provider) check(el *element, sig *signature, within bool, now time.Time, limits Limits) verdict {
	if v, bad := sig.forbidden(p, now); bad {
		return v
	}
	signed, ok := sig.signedInfo(el)
	if !ok {
		return verdict{code: fault.SignatureInvalid, message: "the signature's SignedInfo cannot be digested"}
	}
	for _, c := range p.Certificates {
		if !c.liveAt(now) || !signed.by(c.X509) {
			continue
		}
		root, problem := sig.covered(el, within, limits)
		if problem != "" {
			return verdict{code: fault.SignatureInvalid, message: "the signature is genuine, and " + problem}
		}
		return verdict{good: &verified{root, c}}
	}
	return p.explain(signed, sig.shown, now)
}

// forbidden applies the allow-lists.
func (sig *signature) forbidden(p Provider, now time.Time) (verdict, bool) {
	weak := func(what, algorithm string) (verdict, bool) {
		return verdict{code: fault.SignatureWeak, message: fmt.Sprintf("the %s method %q is not allowed", what, bounded(algorithm))}, true
	}
	sha1 := now.Before(p.AllowSHA1Until)
	method, known := signatureMethods[sig.info.method]
	if !known || method.hash == crypto.SHA1 && !sha1 {
		return weak("signature", sig.info.method)
	}
	if digest, known := digestMethods[sig.info.digest]; !known || digest == crypto.SHA1 && !sha1 {
		return weak("digest", sig.info.digest)
	}
	if sig.info.inclusive() && !p.AllowInclusiveC14N {
		return verdict{code: fault.SignatureInvalid, message: "the signature uses inclusive canonicalization, which is not allowed for this identity provider"}, true
	}
	return verdict{}, false
}

// maxSignedInfo is the longest canonical SignedInfo, in bytes. A real one has
// about a thousand.
const maxSignedInfo = 16 << 10

// digested is a hash with a signature over it.
type digested struct {
	method signatureMethod
	sum    []byte
	value  []byte
}

// signedInfo digests the canonical SignedInfo of the signature on el. What the
// signature says about itself was read from the message, so it is read again
// from the bytes that the key signed, and both must agree.
func (sig *signature) signedInfo(el *element) (digested, bool) {
	info := child(sig.el, nsSignature, "SignedInfo")
	raw, err := sig.info.own.of(info, nil, maxSignedInfo)
	if err != nil {
		return digested{}, false
	}
	again, err := parse(raw, Limits{Bytes: maxSignedInfo}.orDefault().again())
	if err != nil || !is(again, nsSignature, "SignedInfo") {
		return digested{}, false
	}
	if read, err := readSignedInfo(again, attr(el, "ID")); err != nil || !read.same(sig.info) {
		return digested{}, false
	}
	method := signatureMethods[sig.info.method]
	return digested{method, hashed(method.hash, raw), sig.value}, true
}

func hashed(h crypto.Hash, raw []byte) []byte {
	w := h.New()
	w.Write(raw)
	return w.Sum(nil)
}

// by reports whether the certificate's key made the signature.
func (d digested) by(cert *x509.Certificate) bool {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return d.method.key == x509.RSA && d.byRSA(key)
	case *ecdsa.PublicKey:
		return d.method.key == x509.ECDSA && d.byCurve(key)
	}
	return false
}

func (d digested) byRSA(key *rsa.PublicKey) bool {
	if d.method.pss {
		return rsa.VerifyPSS(key, d.method.hash, d.sum, d.value, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	return rsa.VerifyPKCS1v15(key, d.method.hash, d.sum, d.value) == nil
}

// byCurve takes a value in either form: XML Signature writes r and s side by
// side (RFC 4050, section 3.3), and products built on X.509 wrongly send an
// ASN.1 sequence, which is told apart by its length.
func (d digested) byCurve(key *ecdsa.PublicKey) bool {
	size := (key.Curve.Params().BitSize + 7) / 8
	if len(d.value) != 2*size {
		return ecdsa.VerifyASN1(key, d.sum, d.value)
	}
	r, s := new(big.Int).SetBytes(d.value[:size]), new(big.Int).SetBytes(d.value[size:])
	return ecdsa.Verify(key, d.sum, r, s)
}

// covered digests el without its Signature, compares, and reads the element
// from the very bytes that were digested; within a document that was read
// like that already, it is el itself. Otherwise it says what is wrong.
func (sig *signature) covered(el *element, within bool, limits Limits) (root *element, problem string) {
	const changed = "what it was made over is not what came: the message was changed on its way"
	raw, err := sig.info.content.of(el, sig.el, limits.canonical())
	if err != nil {
		return nil, err.Error()
	}
	sum := hashed(digestMethods[sig.info.digest], raw)
	if subtle.ConstantTimeCompare(sum, sig.info.digestValue) != 1 {
		return nil, changed
	}
	if within {
		return el, ""
	}
	root, err = parse(raw, limits.again())
	// What comes back has to be the element that went in: a canonicalization
	// that silently yields something else must not pass for it.
	if err != nil || !is(root, el.space, el.tag()) || attr(root, "ID") != attr(el, "ID") {
		return nil, changed
	}
	return root, ""
}

// explain finds out why no live certificate verified: whether one would have
// whose time is over or has not come, or whether the message shows a
// certificate that nobody here trusts.
func (p Provider) explain(signed digested, shown []*x509.Certificate, now time.Time) verdict {
	for _, c := range p.Certificates {
		if c.X509 == nil || c.liveAt(now) || !signed.by(c.X509) {
			continue
		}
		switch {
		case usable(c.X509) != nil:
			return verdict{code: fault.SignatureWeak, message: "the key that made the signature is too weak"}
		case now.Before(c.X509.NotBefore):
			return verdict{code: fault.CertNotYetValid, message: "the certificate that made the signature is valid from " + stamp(c.X509.NotBefore)}
		}
		return verdict{code: fault.CertExpired, message: "the certificate that made the signature expired on " + stamp(c.X509.NotAfter)}
	}
	if len(shown) > 0 && !anyTrusted(shown, p.Certificates) {
		return verdict{code: fault.SignatureUnknownCert, message: "the message was signed under the certificate " + Fingerprint(shown[0]) + ", which is not among the trusted ones"}
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
