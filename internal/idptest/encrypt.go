package idptest

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"

	"github.com/beevik/etree"
)

const (
	nsEncryption   = "http://www.w3.org/2001/04/xmlenc#"
	nsEncryption11 = "http://www.w3.org/2009/xmlenc11#"
)

// Encryption is a way to encrypt an assertion. The zero value of every field
// but To is AES-256-GCM under RSA-OAEP as most products write it.
type Encryption struct {
	To        *x509.Certificate
	Content   string      // "aes128-cbc" and the like
	Transport string      // "rsa-oaep-mgf1p", "rsa-oaep" of XML Encryption 1.1, or "rsa-1_5"
	Hash      crypto.Hash // of OAEP; 0 is SHA-1
	Mask      crypto.Hash // of its mask function; 0 is SHA-1. Only "rsa-oaep" says so in the message
	NoDigest  bool        // do not name the hash
	Beside    bool        // the EncryptedKey beside the EncryptedData, found by a RetrievalMethod
	Unlinked  bool        // with Beside: without the RetrievalMethod
	Recipient string
	Show      bool // the certificate in the EncryptedKey
	Bare      bool // do not repeat the namespaces that are declared around it
	Fold      bool // values folded and indented

	// Others get an EncryptedKey too, before the one for To.
	Others []*x509.Certificate
	// Plain changes what is encrypted, Cipher the encrypted bytes, Change the
	// finished element.
	Plain, Cipher func([]byte) []byte
	Change        func(encrypted *etree.Element)
}

var contentKeys = map[string]struct {
	uri  string
	size int
	cbc  bool
}{
	"aes128-gcm": {nsEncryption11 + "aes128-gcm", 16, false}, "aes192-gcm": {nsEncryption11 + "aes192-gcm", 24, false},
	"aes256-gcm": {nsEncryption11 + "aes256-gcm", 32, false}, "aes128-cbc": {nsEncryption + "aes128-cbc", 16, true},
	"aes192-cbc": {nsEncryption + "aes192-cbc", 24, true}, "aes256-cbc": {nsEncryption + "aes256-cbc", 32, true},
}

// Ciphers are the names that Content may have.
var Ciphers = []string{"aes128-gcm", "aes192-gcm", "aes256-gcm", "aes128-cbc", "aes192-cbc", "aes256-cbc"}

// hide puts el, encrypted, where el stands, in an element called tag.
func (e Encryption) hide(el *etree.Element, tag string) error {
	if e.Content == "" {
		e.Content = "aes256-gcm"
	}
	if e.Transport == "" {
		e.Transport = "rsa-oaep-mgf1p"
	}
	content, known := contentKeys[e.Content]
	if !known {
		return errors.New("idptest: no content cipher is called " + e.Content)
	}
	key := make([]byte, content.size)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	value, err := e.encrypted(el, key, content.cbc)
	if err != nil {
		return err
	}
	parent, at := el.Parent(), el.Index()
	parent.RemoveChild(el)
	outer := etree.NewElement(tag)
	outer.Space = el.Space
	if el.Space == "" {
		outer.CreateAttr("xmlns", nsAssertion)
	}
	parent.InsertChildAt(at, outer)
	data := outer.CreateElement("xenc:EncryptedData")
	attrs(data, "xmlns:xenc", nsEncryption, "Type", nsEncryption+"Element")
	data.CreateElement("xenc:EncryptionMethod").CreateAttr("Algorithm", content.uri)
	info := data.CreateElement("ds:KeyInfo")
	info.CreateAttr("xmlns:ds", nsSignature)
	data.CreateElement("xenc:CipherData").CreateElement("xenc:CipherValue").SetText(e.folded(value))
	keys := info
	if e.Beside {
		keys = outer
	}
	for n, cert := range append(append([]*x509.Certificate{}, e.Others...), e.To) {
		id, err := newID()
		if err != nil {
			return err
		}
		if err := e.wrap(keys, cert, key, id); err != nil {
			return err
		}
		if n == len(e.Others) && e.Beside && !e.Unlinked {
			attrs(info.CreateElement("ds:RetrievalMethod"), "URI", "#"+id, "Type", nsEncryption+"EncryptedKey")
		}
	}
	if e.Change != nil {
		e.Change(outer)
	}
	return nil
}

// encrypted serializes and encrypts el.
func (e Encryption) encrypted(el *etree.Element, key []byte, cbc bool) ([]byte, error) {
	alone := el.Copy()
	if !e.Bare {
		alone = standalone(el)
	}
	doc := etree.NewDocument()
	doc.SetRoot(alone)
	plain, err := doc.WriteToBytes()
	if err != nil {
		return nil, err
	}
	if e.Plain != nil {
		plain = e.Plain(plain)
	}
	value, err := encryptAES(key, plain, cbc)
	if err == nil && e.Cipher != nil {
		value = e.Cipher(value)
	}
	return value, err
}

// encryptAES puts the nonce or initialization vector first, as XML Encryption
// does. CBC padding ends in its length and is otherwise arbitrary.
func encryptAES(key, plain []byte, cbc bool) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if !cbc {
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		nonce := make([]byte, gcm.NonceSize())
		if _, err := rand.Read(nonce); err != nil {
			return nil, err
		}
		return gcm.Seal(nonce, nonce, plain, nil), nil
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	padding := make([]byte, pad)
	out := make([]byte, aes.BlockSize, aes.BlockSize+len(plain)+pad)
	if _, err := rand.Read(padding); err != nil {
		return nil, err
	}
	if _, err := rand.Read(out); err != nil {
		return nil, err
	}
	padding[pad-1] = byte(pad)
	padded := append(append([]byte{}, plain...), padding...)
	cipher.NewCBCEncrypter(block, out).CryptBlocks(padded, padded)
	return append(out, padded...), nil
}

// wrap adds an EncryptedKey for a certificate.
func (e Encryption) wrap(parent *etree.Element, cert *x509.Certificate, key []byte, id string) error {
	pub, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return errors.New("idptest: encryption needs an RSA certificate")
	}
	hash, mask := e.Hash, e.Mask
	if hash == 0 {
		hash = crypto.SHA1
	}
	if mask == 0 {
		mask = crypto.SHA1
	}
	el := parent.CreateElement("xenc:EncryptedKey")
	attrs(el, "xmlns:xenc", nsEncryption, "Id", id)
	if e.Recipient != "" {
		el.CreateAttr("Recipient", e.Recipient)
	}
	method := el.CreateElement("xenc:EncryptionMethod")
	uri := nsEncryption + e.Transport
	if e.Transport == "rsa-oaep" {
		uri = nsEncryption11 + e.Transport
		attrs(method.CreateElement("xenc11:MGF"), "xmlns:xenc11", nsEncryption11, "Algorithm", nsEncryption11+maskNames[mask])
	}
	method.CreateAttr("Algorithm", uri)
	if !e.NoDigest && e.Transport != "rsa-1_5" {
		attrs(method.CreateElement("ds:DigestMethod"), "xmlns:ds", nsSignature, "Algorithm", algorithms[hash].digest)
	}
	if e.Show {
		info := el.CreateElement("ds:KeyInfo")
		info.CreateAttr("xmlns:ds", nsSignature)
		info.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(cert.Raw))
	}
	var value []byte
	var err error
	if e.Transport == "rsa-1_5" {
		//lint:ignore SA1019 old products do this, and have to be seen refused
		value, err = rsa.EncryptPKCS1v15(rand.Reader, pub, key)
	} else {
		value, err = rsa.EncryptOAEPWithOptions(rand.Reader, pub, key, &rsa.OAEPOptions{Hash: hash, MGFHash: mask})
	}
	if err != nil {
		return err
	}
	el.CreateElement("xenc:CipherData").CreateElement("xenc:CipherValue").SetText(e.folded(value))
	return nil
}

var maskNames = map[crypto.Hash]string{crypto.SHA1: "mgf1sha1", crypto.SHA256: "mgf1sha256", crypto.SHA384: "mgf1sha384", crypto.SHA512: "mgf1sha512"}

func (e Encryption) folded(value []byte) string { return Signing{Fold: e.Fold}.folded(value) }
