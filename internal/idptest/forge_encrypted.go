package idptest

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"time"

	"github.com/beevik/etree"

	"rollcall/fault"
)

// EncryptedForgeries are the ones about encryption. The Response given to Forge
// must be a good one that has Encrypt set.
//
// Everything that fails at decryption has to look the same from outside,
// whether a key, a tag, a padding or the XML inside was wrong; the table's one
// code stands for all of it.
var EncryptedForgeries = []Forgery{
	// The keys.
	encrypted("EncryptedForAnother", fault.DecryptionFailed, func(i *IDP, _ *Response, e *Encryption) error {
		key, err := stranger()
		if err != nil {
			return err
		}
		e.To, err = SelfSigned(key, i.Now().Add(-time.Hour), i.Now().AddDate(1, 0, 0))
		return err
	}),
	encrypted("RSA15", fault.DecryptionFailed, func(_ *IDP, _ *Response, e *Encryption) error {
		e.Transport = "rsa-1_5"
		return nil
	}),
	ciphertext("KeyByAnotherKey", func(e *etree.Element) { setMethod(wrappedKey(e), nsEncryption+"kw-aes256") }),
	ciphertext("NoKeyMethod", func(e *etree.Element) { drop(wrappedKey(e), "xenc:EncryptionMethod") }),
	ciphertext("OddOAEPDigest", func(e *etree.Element) {
		path(wrappedKey(e), "xenc:EncryptionMethod", "ds:DigestMethod").CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#md5")
	}),
	ciphertext("AnotherOAEPDigest", func(e *etree.Element) {
		path(wrappedKey(e), "xenc:EncryptionMethod", "ds:DigestMethod").CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmlenc#sha512")
	}),
	ciphertext("NoEncryptedKey", func(e *etree.Element) { k := wrappedKey(e); k.Parent().RemoveChild(k) }),
	ciphertext("ManyEncryptedKeys", func(e *etree.Element) {
		k := wrappedKey(e)
		for range 30 {
			dup := k.Copy()
			dup.RemoveAttr("Id")
			k.Parent().AddChild(dup)
		}
	}),
	ciphertext("KeyToBeFetched", func(e *etree.Element) {
		info := path(e, "xenc:EncryptedData", "ds:KeyInfo")
		drop(info, "ds:RetrievalMethod")
		info.CreateElement("ds:RetrievalMethod").CreateAttr("URI", "https://evil.example/key.xml")
	}),
	ciphertext("KeyCut", func(e *etree.Element) { cut(wrappedKey(e)) }),
	ciphertext("KeyEmpty", func(e *etree.Element) { path(wrappedKey(e), "xenc:CipherData", "xenc:CipherValue").SetText("") }),
	ciphertext("KeyOfZeros", func(e *etree.Element) {
		path(wrappedKey(e), "xenc:CipherData", "xenc:CipherValue").SetText(base64.StdEncoding.EncodeToString(make([]byte, 256)))
	}),
	ciphertext("KeyOfAnotherLength", func(e *etree.Element) { setMethod(path(e, "xenc:EncryptedData"), nsEncryption11+"aes128-gcm") }),

	// The content.
	ciphertext("TripleDES", func(e *etree.Element) { setMethod(path(e, "xenc:EncryptedData"), nsEncryption+"tripledes-cbc") }),
	ciphertext("NoContentMethod", func(e *etree.Element) { drop(e, "xenc:EncryptedData", "xenc:EncryptionMethod") }),
	ciphertext("ContentToBeFetched", func(e *etree.Element) {
		data := path(e, "xenc:EncryptedData", "xenc:CipherData")
		drop(data, "xenc:CipherValue")
		data.CreateElement("xenc:CipherReference").CreateAttr("URI", "https://evil.example/cipher")
	}),
	ciphertext("NoEncryptedData", func(e *etree.Element) { drop(e, "xenc:EncryptedData") }),
	ciphertext("TwoEncryptedData", func(e *etree.Element) {
		dup := path(e, "xenc:EncryptedData").Copy()
		if k := path(dup, "ds:KeyInfo", "xenc:EncryptedKey"); k != nil {
			k.RemoveAttr("Id")
		}
		e.AddChild(dup)
	}),
	cipherBytes("ContentFlipped", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }),
	cipherBytes("NonceFlipped", func(b []byte) []byte { b[0] ^= 1; return b }),
	cipherBytes("EndFlipped", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }),
	cipherBytes("ContentCut", func(b []byte) []byte { return b[:len(b)-16] }),
	cipherBytes("ContentCutToNonce", func(b []byte) []byte { return b[:12] }),
	cipherBytes("ContentTwice", func(b []byte) []byte { return append(b, b...) }),

	// What comes out.
	plaintext("PlainText", func([]byte) []byte { return []byte(Mallory) }),
	plaintext("PlainEmpty", func([]byte) []byte { return nil }),
	plaintext("PlainTwice", func(b []byte) []byte { return append(b, b...) }),
	plaintext("PlainDoctype", func(b []byte) []byte { return append([]byte("<!DOCTYPE x>"), b...) }),
	plaintext("PlainUTF16", func(b []byte) []byte { return []byte(wide(string(b), false)) }),
	plaintext("PlainOfSAML1", func(b []byte) []byte {
		return bytes.ReplaceAll(b, []byte(nsAssertion), []byte("urn:oasis:names:tc:SAML:1.0:assertion"))
	}),
	plaintext("PlainInAnotherElement", func(b []byte) []byte { return []byte("<x>" + string(b) + "</x>") }),
	plaintext("PlainDeep", func([]byte) []byte {
		return []byte(strings.Repeat("<saml:Assertion>", 900) + strings.Repeat("</saml:Assertion>", 900))
	}),
	sealed("PlainAssertionInAssertion", fault.MultipleAssertions, func(a *etree.Element) {
		good := a.Copy()
		drop(a, "ds:Signature")
		a.CreateAttr("ID", "_evil"+a.SelectAttrValue("ID", ""))
		path(a, "saml:Subject", "saml:NameID").SetText(Mallory)
		a.CreateElement("saml:Advice").AddChild(good)
	}),
	sealed("PlainTampered", fault.SignatureInvalid, func(a *etree.Element) { path(a, "saml:Subject", "saml:NameID").SetText(Mallory) }),
	sealed("PlainSecondSignature", fault.SignatureInvalid, func(a *etree.Element) { a.AddChild(path(a, "ds:Signature").Copy()) }),
	sealed("PlainSecondSubject", fault.ResponseMalformed, func(a *etree.Element) { a.AddChild(path(a, "saml:Subject").Copy()) }),
	sealed("PlainComment", fault.ResponseMalformed, func(a *etree.Element) { path(a, "saml:Subject", "saml:NameID").CreateComment("x") }),
	sealed("PlainDisplacedSignature", fault.ResponseMalformed, func(a *etree.Element) { path(a, "saml:Subject").AddChild(path(a, "ds:Signature")) }),
	sealed("PlainWithIDOfResponse", fault.ResponseMalformed, func(a *etree.Element) {
		a.CreateAttr("ID", a.Parent().SelectAttrValue("ID", ""))
	}),
	encrypted("PlainUnsigned", fault.SignatureMissing, func(_ *IDP, r *Response, _ *Encryption) error {
		r.Unsigned, r.NameID = true, Mallory
		return nil
	}),
	withStranger("PlainByStranger", fault.SignatureUnknownCert, func(r *Response, key *rsa.PrivateKey, cert *x509.Certificate) {
		r.Signing.Key, r.Signing.Shown = key, []*x509.Certificate{cert}
	}).keepEncryption(),
	encrypted("PlainForAnotherAudience", fault.AudienceMismatch, func(_ *IDP, r *Response, _ *Encryption) error {
		r.Audience = "https://other.example/saml/other"
		return nil
	}),
	encrypted("PlainExpired", fault.AssertionExpired, func(_ *IDP, r *Response, _ *Encryption) error {
		r.Age = 30 * time.Minute
		return nil
	}),

	// The message around.
	outside("EncryptedTwice", fault.MultipleAssertions, func(doc *etree.Element) {
		dup := path(doc, "saml:EncryptedAssertion").Copy()
		if k := dup.FindElement("//xenc:EncryptedKey"); k != nil {
			k.RemoveAttr("Id")
		}
		doc.AddChild(dup)
	}),
	outside("ClearBesideEncrypted", fault.MultipleAssertions, func(doc *etree.Element) {
		a := doc.CreateElement("saml:Assertion")
		a.CreateAttr("ID", "_evil")
	}),
	outside("EncryptedInExtensions", fault.ResponseMalformed, func(doc *etree.Element) {
		extensions := etree.NewElement("samlp:Extensions")
		extensions.AddChild(path(doc, "saml:EncryptedAssertion"))
		doc.InsertChildAt(1, extensions)
	}),
	outside("SignatureInEncrypted", fault.ResponseMalformed, func(doc *etree.Element) {
		sig := etree.NewElement("ds:Signature")
		sig.CreateAttr("xmlns:ds", nsSignature)
		path(doc, "saml:EncryptedAssertion").AddChild(sig)
	}),
}

// encrypted is a forgery that the description of the encryption can express.
func encrypted(name string, want fault.Code, edit func(*IDP, *Response, *Encryption) error) Forgery {
	return forged(name, want, func(i *IDP, r Response) (string, error) {
		if r.Encrypt == nil {
			return "", errShape
		}
		e := *r.Encrypt
		r.Encrypt = &e
		if err := edit(i, &r, &e); err != nil {
			return "", err
		}
		return i.Respond(r)
	}).keepEncryption()
}

func (f Forgery) keepEncryption() Forgery {
	f.encrypted = true
	return f
}

// ciphertext changes the EncryptedAssertion.
func ciphertext(name string, change func(*etree.Element)) Forgery {
	return encrypted(name, fault.DecryptionFailed, func(_ *IDP, _ *Response, e *Encryption) error {
		e.Change = change
		return nil
	})
}

// cipherBytes changes the encrypted bytes.
func cipherBytes(name string, change func([]byte) []byte) Forgery {
	return encrypted(name, fault.DecryptionFailed, func(_ *IDP, _ *Response, e *Encryption) error {
		e.Cipher = change
		return nil
	})
}

// plaintext changes what is encrypted.
func plaintext(name string, change func([]byte) []byte) Forgery {
	return encrypted(name, fault.DecryptionFailed, func(_ *IDP, _ *Response, e *Encryption) error {
		e.Plain = change
		return nil
	})
}

// sealed changes the signed assertion before it is encrypted.
func sealed(name string, want fault.Code, change func(assertion *etree.Element)) Forgery {
	return encrypted(name, want, func(_ *IDP, r *Response, _ *Encryption) error {
		r.SignAssertion, r.Sealed = true, change
		return nil
	})
}

// outside changes the finished message.
func outside(name string, want fault.Code, change func(doc *etree.Element)) Forgery {
	return encrypted(name, want, func(_ *IDP, r *Response, _ *Encryption) error {
		r.After = change
		return nil
	})
}

// wrappedKey is the EncryptedKey, wherever it stands.
func wrappedKey(e *etree.Element) *etree.Element {
	if k := path(e, "xenc:EncryptedKey"); k != nil {
		return k
	}
	return path(e, "xenc:EncryptedData", "ds:KeyInfo", "xenc:EncryptedKey")
}

func setMethod(el *etree.Element, algorithm string) {
	path(el, "xenc:EncryptionMethod").CreateAttr("Algorithm", algorithm)
}

// cut takes the end off an EncryptedKey's value.
func cut(el *etree.Element) {
	value := path(el, "xenc:CipherData", "xenc:CipherValue")
	value.SetText(value.Text()[:40])
}
