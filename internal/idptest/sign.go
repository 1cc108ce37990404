package idptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// algorithms are the identifiers that go with a hash.
var algorithms = map[crypto.Hash]struct{ rsa, ecdsa, digest string }{
	crypto.SHA1:   {dsig.RSASHA1SignatureMethod, dsig.ECDSASHA1SignatureMethod, "http://www.w3.org/2000/09/xmldsig#sha1"},
	crypto.SHA256: {dsig.RSASHA256SignatureMethod, dsig.ECDSASHA256SignatureMethod, "http://www.w3.org/2001/04/xmlenc#sha256"},
	crypto.SHA384: {dsig.RSASHA384SignatureMethod, dsig.ECDSASHA384SignatureMethod, "http://www.w3.org/2001/04/xmldsig-more#sha384"},
	crypto.SHA512: {dsig.RSASHA512SignatureMethod, dsig.ECDSASHA512SignatureMethod, "http://www.w3.org/2001/04/xmlenc#sha512"},
}

// sign puts an enveloped signature on el.
func (i *IDP) sign(el *etree.Element, s Signing) error {
	if s.Key == nil {
		s.Key = i.Key
	}
	if s.Hash == 0 {
		s.Hash = crypto.SHA256
	}
	if s.Shown == nil {
		s.Shown = []*x509.Certificate{i.Certificate}
	}
	digest, err := s.digest(el)
	if err != nil {
		return err
	}
	sig := etree.NewElement("ds:Signature")
	sig.CreateAttr("xmlns:ds", nsSignature)
	info := s.signedInfo(sig, el.SelectAttrValue("ID", ""), digest)
	at := len(el.Child)
	if issuer := path(el, "saml:Issuer"); issuer != nil && !s.Last {
		at = issuer.Index() + 1
	}
	el.InsertChildAt(at, sig)
	if s.ChangeInfo != nil {
		s.ChangeInfo(info)
	}
	renamed(sig, "ds", s.Prefix)
	value, err := s.value(info)
	if err != nil {
		return err
	}
	sig.CreateElement("ds:SignatureValue").SetText(s.folded(value))
	s.keyInfo(sig)
	if s.ChangeAfter != nil {
		s.ChangeAfter(sig)
	}
	renamed(sig, "ds", s.Prefix)
	return nil
}

func (s Signing) canonicalizer(prefixList string) dsig.Canonicalizer {
	if s.Inclusive {
		return dsig.MakeC14N10RecCanonicalizer()
	}
	return dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixList)
}

func (s Signing) digest(el *etree.Element) ([]byte, error) {
	raw, err := s.canonicalizer(s.PrefixList).Canonicalize(standalone(el))
	if err != nil {
		return nil, err
	}
	h := s.Hash.New()
	h.Write(raw)
	return h.Sum(nil), nil
}

// signedInfo writes the part that the key signs.
func (s Signing) signedInfo(sig *etree.Element, id string, digest []byte) *etree.Element {
	c14n := string(s.canonicalizer("").Algorithm())
	info := sig.CreateElement("ds:SignedInfo")
	info.CreateElement("ds:CanonicalizationMethod").CreateAttr("Algorithm", c14n)
	info.CreateElement("ds:SignatureMethod").CreateAttr("Algorithm", s.method())
	ref := info.CreateElement("ds:Reference")
	ref.CreateAttr("URI", "#"+id)
	transforms := ref.CreateElement("ds:Transforms")
	transforms.CreateElement("ds:Transform").CreateAttr("Algorithm", "http://www.w3.org/2000/09/xmldsig#enveloped-signature")
	t := transforms.CreateElement("ds:Transform")
	t.CreateAttr("Algorithm", c14n)
	if s.PrefixList != "" {
		attrs(t.CreateElement("ec:InclusiveNamespaces"), "xmlns:ec", nsExclusive, "PrefixList", s.PrefixList)
	}
	ref.CreateElement("ds:DigestMethod").CreateAttr("Algorithm", algorithms[s.Hash].digest)
	ref.CreateElement("ds:DigestValue").SetText(base64.StdEncoding.EncodeToString(digest))
	return info
}

// method is the identifier of the signature algorithm.
func (s Signing) method() string {
	if _, ok := s.Key.(*ecdsa.PrivateKey); ok {
		return algorithms[s.Hash].ecdsa
	}
	return algorithms[s.Hash].rsa
}

// value signs SignedInfo where it stands.
func (s Signing) value(info *etree.Element) ([]byte, error) {
	raw, err := s.canonicalizer("").Canonicalize(standalone(info))
	if err != nil {
		return nil, err
	}
	return s.raw(raw)
}

// raw signs bytes.
func (s Signing) raw(raw []byte) ([]byte, error) {
	h := s.Hash.New()
	h.Write(raw)
	value, err := s.Key.Sign(rand.Reader, h.Sum(nil), s.Hash)
	key, ok := s.Key.(*ecdsa.PrivateKey)
	if err != nil || !ok || s.DER {
		return value, err
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(value, &pair); err != nil {
		return nil, err
	}
	size := (key.Curve.Params().BitSize + 7) / 8
	return append(pair.R.FillBytes(make([]byte, size)), pair.S.FillBytes(make([]byte, size))...), nil
}

func (s Signing) folded(value []byte) string {
	if s.Fold {
		return fold(base64.StdEncoding.EncodeToString(value), 8)
	}
	return base64.StdEncoding.EncodeToString(value)
}

func (s Signing) keyInfo(sig *etree.Element) {
	if s.KeyInfo == KeyInfoNone {
		return
	}
	info := sig.CreateElement("ds:KeyInfo")
	if s.KeyInfo == KeyInfoKeyName {
		info.CreateElement("ds:KeyName").SetText("signing key")
	}
	if s.KeyInfo == KeyInfoCertificates || s.KeyInfo == KeyInfoBoth {
		data := info.CreateElement("ds:X509Data")
		for _, c := range s.Shown {
			data.CreateElement("ds:X509Certificate").SetText(s.folded(c.Raw))
		}
	}
	if pub, ok := s.Key.Public().(*rsa.PublicKey); ok && (s.KeyInfo == KeyInfoKeyValue || s.KeyInfo == KeyInfoBoth) {
		value := info.CreateElement("ds:KeyValue").CreateElement("ds:RSAKeyValue")
		value.CreateElement("ds:Modulus").SetText(base64.StdEncoding.EncodeToString(pub.N.Bytes()))
		value.CreateElement("ds:Exponent").SetText("AQAB")
	}
}

// standalone copies el with every namespace in force where it stands.
func standalone(el *etree.Element) *etree.Element {
	dup := el.Copy()
	for up := el.Parent(); up != nil; up = up.Parent() {
		for _, a := range up.Attr {
			if (a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns") && dup.SelectAttr(a.FullKey()) == nil {
				dup.CreateAttr(a.FullKey(), a.Value)
			}
		}
	}
	return dup
}

// errShape is a Response that cannot be forged in the way that was asked for.
var errShape = errors.New("idptest: the message does not have the parts that this forgery needs")
