package saml_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"strings"
	"sync"
	"testing"

	"github.com/beevik/etree"

	"rollcall/internal/idptest"
	"rollcall/saml"
)

// ourKeys are two keys of acme's: the one in use and the one before it. Making
// them is slow, so they are made once.
var ourKeys = sync.OnceValue(func() []saml.Key {
	var keys []saml.Key
	for _, id := range []string{"key-now", "key-before"} {
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		cert, err := idptest.SelfSigned(private, instant, instant.AddDate(10, 0, 0))
		if err != nil {
			panic(err)
		}
		keys = append(keys, saml.Key{ID: id, Private: private, Certificate: cert})
	}
	return keys
})

// decrypting is what acme expects once it takes encrypted assertions.
func decrypting(idp *idptest.IDP) saml.Expectation {
	e := expecting(idp)
	e.SP.DecryptionKeys = ourKeys()
	return e
}

// sealed describes the encrypted response that tests start from.
func sealed() idptest.Response {
	r := good()
	r.Encrypt = &idptest.Encryption{To: ourKeys()[0].Certificate}
	return r
}

var forms = map[string]func(*idptest.Response){
	"assertion signed": func(r *idptest.Response) { r.SignAssertion, r.SignResponse = true, false },
	"response signed":  func(r *idptest.Response) { r.SignAssertion, r.SignResponse = false, true },
	"both signed":      func(r *idptest.Response) { r.SignAssertion, r.SignResponse = true, true },
}

func TestEncryptedShapes(t *testing.T) {
	idp := newIDP(t)
	other := selfSigned(t, mustRSA(t, 2048), instant, instant.AddDate(1, 0, 0))
	shapes := map[string]func(*idptest.Encryption){
		"usual":                func(*idptest.Encryption) {},
		"no digest named":      func(e *idptest.Encryption) { e.NoDigest = true },
		"SHA-256":              func(e *idptest.Encryption) { e.Hash = crypto.SHA256 },
		"SHA-512":              func(e *idptest.Encryption) { e.Hash = crypto.SHA512 },
		"SHA-256, also masked": func(e *idptest.Encryption) { e.Hash, e.Mask = crypto.SHA256, crypto.SHA256 }, // Node.js
		"1.1":                  func(e *idptest.Encryption) { e.Transport = "rsa-oaep" },
		"1.1, SHA-256":         func(e *idptest.Encryption) { e.Transport, e.Hash, e.Mask = "rsa-oaep", crypto.SHA256, crypto.SHA256 },
		"1.1, mixed":           func(e *idptest.Encryption) { e.Transport, e.Hash, e.Mask = "rsa-oaep", crypto.SHA1, crypto.SHA512 },
		"key beside":           func(e *idptest.Encryption) { e.Beside = true },
		"key beside, no link":  func(e *idptest.Encryption) { e.Beside, e.Unlinked = true, true },
		"recipient":            func(e *idptest.Encryption) { e.Recipient = acme.EntityID },
		"odd recipient":        func(e *idptest.Encryption) { e.Recipient = "urn:whoever" },
		"certificate shown":    func(e *idptest.Encryption) { e.Show = true },
		"folded":               func(e *idptest.Encryption) { e.Fold = true },
		"namespaces outside":   func(e *idptest.Encryption) { e.Bare = true },
		"key before":           func(e *idptest.Encryption) { e.To = ourKeys()[1].Certificate },
		"key before, shown":    func(e *idptest.Encryption) { e.To, e.Show = ourKeys()[1].Certificate, true },
		"for others too":       func(e *idptest.Encryption) { e.Others, e.Recipient = []*x509.Certificate{other}, "" },
		"for others, linked":   func(e *idptest.Encryption) { e.Others, e.Beside = []*x509.Certificate{other, other}, true },
		"with a declaration": func(e *idptest.Encryption) {
			e.Plain = func(b []byte) []byte { return append([]byte(`<?xml version="1.0" encoding="UTF-8"?>`+"\n"), b...) }
		},
	}
	for name, shape := range shapes {
		for form, set := range forms {
			for _, cipher := range idptest.Ciphers {
				t.Run(name+"/"+form+"/"+cipher, func(t *testing.T) {
					r := sealed()
					set(&r)
					shape(r.Encrypt)
					r.Encrypt.Content = cipher
					e := decrypting(idp)
					message := respond(t, idp, r)
					if strings.HasSuffix(cipher, "cbc") {
						refusal := refuse(t, message, e, "decryption_failed")
						if !strings.Contains(refusal.Message, "not allowed for this identity provider") {
							t.Errorf("message %q", refusal.Message)
						}
						e.Provider.AllowCBC = true
					}
					a := accept(t, message, e)
					want := "key-now"
					if strings.HasPrefix(name, "key before") {
						want = "key-before"
					}
					if a.NameID != "ada@acme.test" || a.DecryptionKeyID != want || a.SignedAssertion != r.SignAssertion || a.SignedResponse != r.SignResponse || a.CertificateID != "cert-1" {
						t.Errorf("read %+v", a)
					}
				})
			}
		}
	}
}

// Every forgery about encryption, under every cipher and form of signature.
func TestEncryptedForgeries(t *testing.T) {
	idp := newIDP(t)
	for form, set := range forms {
		for _, cipher := range []string{"aes256-gcm", "aes256-cbc"} {
			var uniform string
			r := sealed()
			set(&r)
			r.Encrypt.Content = cipher
			e := decrypting(idp)
			e.Provider.AllowCBC = true
			accept(t, respond(t, idp, r), e)
			for _, f := range idptest.EncryptedForgeries {
				t.Run(form+"/"+cipher+"/"+f.Name, func(t *testing.T) {
					forged, err := idp.Forge(f, r)
					if err != nil {
						t.Fatal(err)
					}
					if cipher == "aes256-cbc" && malleable[f.Name] {
						// CBC does not notice, and the signature does; unless it
						// is over the ciphertext, in which case the provider
						// itself made this.
						if a, _ := judge(forged, e); a != nil && a.NameID != "ada@acme.test" {
							t.Errorf("signed in %q", a.NameID)
						}
						return
					}
					refusal := refuse(t, forged, e, string(f.Want))
					if strings.HasPrefix(refusal.Message, "the assertion cannot be decrypted") {
						if uniform == "" {
							uniform = refusal.Message
						}
						if refusal.Message != uniform {
							t.Errorf("%q differs from %q", refusal.Message, uniform)
						}
					}
				})
			}
		}
	}
}

// malleable are changes that AES-CBC lets through.
var malleable = map[string]bool{"ContentFlipped": true, "NonceFlipped": true, "EndFlipped": true, "ContentCut": true, "ContentTwice": true}

// Which of its own keys, tags, paddings and contents failed must not be told:
// one message, whatever was wrong inside.
func TestDecryptionFailsAlike(t *testing.T) {
	idp := newIDP(t)
	seen := map[string][]string{}
	for _, name := range []string{"EncryptedForAnother", "AnotherOAEPDigest", "KeyOfZeros", "KeyCut", "ContentFlipped", "NonceFlipped", "EndFlipped",
		"ContentCut", "ContentCutToNonce", "ContentTwice", "PlainText", "PlainEmpty", "PlainTwice", "PlainDoctype", "PlainOfSAML1", "PlainInAnotherElement", "PlainDeep"} {
		for _, f := range idptest.EncryptedForgeries {
			if f.Name != name {
				continue
			}
			forged, err := idp.Forge(f, sealed())
			if err != nil {
				t.Fatal(err)
			}
			refusal := refuse(t, forged, decrypting(idp), "decryption_failed")
			var line string
			for _, c := range refusal.Checks {
				if c.Name == "decryption" {
					line = c.Expected + "|" + c.Actual + "|" + c.Message
				}
			}
			seen[line] = append(seen[line], name)
		}
	}
	if len(seen) != 1 {
		t.Errorf("%d different records: %v", len(seen), seen)
	}
}

// A ciphertext that the provider did not sign as it stands is not decrypted
// when the message claims a signature around it.
func TestOuterSignatureBeforeDecryption(t *testing.T) {
	idp := newIDP(t)
	r := sealed()
	r.SignResponse = true
	r.After = func(doc *etree.Element) { doc.CreateAttr("Consent", "urn:x") }
	message := respond(t, idp, r)
	refusal := refuse(t, message, decrypting(idp), "signature_invalid")
	for _, c := range refusal.Checks {
		if c.Name == "decryption" && c.Status != saml.Skipped || c.Name == "assertion_signature" {
			t.Errorf("check %+v", c)
		}
	}
	// Nor when one is demanded and is not there.
	r = sealed()
	e := decrypting(idp)
	e.Provider.WantResponseSigned = true
	for _, c := range refuse(t, respond(t, idp, r), e, "signature_missing").Checks {
		if c.Name == "decryption" && c.Status != saml.Skipped {
			t.Errorf("check %+v", c)
		}
	}
}

func TestEncryptionAsAgreed(t *testing.T) {
	idp := newIDP(t)
	refuse(t, respond(t, idp, sealed()), expecting(idp), "encryption_unexpected")
	e := decrypting(idp)
	accept(t, respond(t, idp, good()), e) // keys are there, encryption is not demanded
	e.Provider.WantEncrypted = true
	refuse(t, respond(t, idp, good()), e, "encryption_required")
	accept(t, respond(t, idp, sealed()), e)
	e.Provider.WantAssertionsSigned = true
	accept(t, respond(t, idp, sealed()), e)
	r := sealed()
	r.SignAssertion, r.SignResponse = false, true
	refuse(t, respond(t, idp, r), e, "signature_missing")
	// A key without its private half opens nothing and harms nothing.
	e = decrypting(idp)
	e.SP.DecryptionKeys = []saml.Key{{ID: "hollow", Certificate: ourKeys()[0].Certificate}}
	refuse(t, respond(t, idp, sealed()), e, "decryption_failed")
}

// A NameID that is encrypted by itself is read out of verified bytes only.
func TestEncryptedID(t *testing.T) {
	idp := newIDP(t)
	for form, set := range forms {
		r := good()
		set(&r)
		r.EncryptName = &idptest.Encryption{To: ourKeys()[1].Certificate}
		if a := accept(t, respond(t, idp, r), decrypting(idp)); a.NameID != "ada@acme.test" || a.NameIDFormat != saml.FormatEmailAddress || a.Email != "ada@acme.test" {
			t.Errorf("%s: read %+v", form, a)
		}
		refuse(t, respond(t, idp, r), expecting(idp), "encryption_unexpected")
		r.Unsigned = true
		for _, c := range refuse(t, respond(t, idp, r), decrypting(idp), "signature_missing").Checks {
			if c.Name == "name_id_decryption" && c.Status != saml.Skipped {
				t.Errorf("%s: check %+v", form, c)
			}
		}
		r.Unsigned = false
		for _, inside := range []string{"<saml:NameID>a<!---->b</saml:NameID>", "<saml:NameID><x/></saml:NameID>"} {
			r.EncryptName.Plain = func([]byte) []byte { return []byte(inside) }
			refuse(t, respond(t, idp, r), decrypting(idp), "assertion_invalid")
		}
		r.EncryptName.Plain = func([]byte) []byte { return []byte("<saml:Issuer>ada@acme.test</saml:Issuer>") }
		refuse(t, respond(t, idp, r), decrypting(idp), "decryption_failed")
	}
	// Both at once: an encrypted assertion with an encrypted name.
	r := sealed()
	r.EncryptName = &idptest.Encryption{To: ourKeys()[0].Certificate}
	if a := accept(t, respond(t, idp, r), decrypting(idp)); a.NameID != "ada@acme.test" {
		t.Errorf("read %+v", a)
	}
}
