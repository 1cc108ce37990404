//go:build realidps

package realidps

import (
	"rollcall/fault"
)

// feature is something that rollcall has to be able to do for a row.
type feature string

const (
	encryption     feature = "decryption of assertions"
	signedRequests feature = "signed authentication requests"
	postedRequests feature = "signed authentication requests by POST"
	askingAgain    feature = "requests that ask for the person to be authenticated anew"
	singleLogout   feature = "single logout"
)

// optIn is what a team's admin sets, by the API, to use a feature: the team's
// settings before the identity provider reads our metadata, and the identity
// provider's once it is imported.
type optIn struct{ team, provider map[string]any }

// built are the features that rollcall has. Rows that need another one are not
// left out in silence: where rollcall refuses such messages, that is what is
// checked, and the report names every row that could not run. An entry here is
// all that switches a feature's rows on. Signed metadata goes with each, for
// xmlsec1 to judge.
var built = map[feature]optIn{
	encryption:     {team: map[string]any{"encryptAssertions": true, "signMetadata": true}, provider: map[string]any{"allowCbc": true}},
	signedRequests: {team: map[string]any{"signMetadata": true}, provider: map[string]any{"signAuthnRequests": true}},
	postedRequests: {team: map[string]any{"signMetadata": true}, provider: map[string]any{"signAuthnRequests": true, "ssoBinding": "POST"}},
	askingAgain:    {team: map[string]any{"signMetadata": true}, provider: map[string]any{"forceAuthn": true}},
	singleLogout:   {team: map[string]any{"signMetadata": true}},
}

func isBuilt(f feature) bool { return built[f].team != nil }

// row is one configuration of one identity provider, tried on a team and on a
// person of its own.
type row struct {
	idp, name string
	chosen    func(*service) // what the identity provider's admin chose; nil for its default
	does      func(*trial)   // what is tried, unless the sign-in is refused
	refused   fault.Code     // what it is refused with, "" when it is not
	needs     feature        // "" for nothing special
	without   fault.Code     // what the sign-in is refused with before needs is built, "" when there is nothing to try
}

// ready reports whether rollcall can do all that the row is about.
func (r row) ready() bool { return r.needs == "" || isBuilt(r.needs) }

var table = []row{
	{idp: samlp, name: "assertion signed", chosen: signs(true, false), does: life},
	{idp: samlp, name: "assertion and response signed", chosen: signs(true, true), does: life},
	{idp: samlp, name: "response signed", chosen: signs(false, true), does: life},
	{idp: samlp, name: "metadata by its address", chosen: fetched, does: life},
	{idp: samlp, name: "nothing signed", chosen: signs(false, false), refused: fault.SignatureMissing},
	{idp: samlp, name: "SHA-1", chosen: sha1, refused: fault.SignatureWeak},
	{idp: samlp, name: "another audience", chosen: otherAudience, refused: fault.AudienceMismatch},
	{idp: samlp, name: "AES-256-GCM, assertion signed", chosen: encrypts(aes256GCM, true, false), does: life, needs: encryption, without: fault.EncryptionUnexpected},
	{idp: samlp, name: "AES-256-GCM, both signed", chosen: encrypts(aes256GCM, true, true), does: life, needs: encryption, without: fault.EncryptionUnexpected},
	{idp: samlp, name: "AES-256-GCM, response signed", chosen: encrypts(aes256GCM, false, true), does: life, needs: encryption, without: fault.EncryptionUnexpected},
	{idp: samlp, name: "insists on signed requests", chosen: verifiesRequests, does: life, needs: signedRequests},
	{idp: samlp, name: "signed requests by POST", chosen: verifiesRequests, does: life, needs: postedRequests},
	{idp: samlp, name: "logout that starts here", chosen: logsOutBy("Redirect", true, false), does: logoutHere, needs: singleLogout},
	{idp: samlp, name: "logout that starts there", chosen: logsOutBy("Redirect", true, false), does: logoutThere, needs: singleLogout},
	{idp: samlp, name: "logout there, by POST", chosen: logsOutBy("POST", true, true), does: logoutThere, needs: singleLogout},
	{idp: samlp, name: "a new key", chosen: signs(true, false), does: newKeyThere},
	{idp: samlp, name: "a new key, both signed", chosen: signs(true, true), does: newKeyThere},

	{idp: simplesamlphp, name: "assertion and response signed", chosen: signs(true, true), does: life},
	{idp: simplesamlphp, name: "assertion signed", chosen: signs(true, false), does: life},
	{idp: simplesamlphp, name: "response signed", chosen: signs(false, true), does: life},
	{idp: simplesamlphp, name: "metadata by its address", chosen: fetched, does: life},
	{idp: simplesamlphp, name: "SHA-1", chosen: sha1, refused: fault.SignatureWeak},
	{idp: simplesamlphp, name: "its own choice of NameID", chosen: transient, refused: fault.NameIDTransient},
	{idp: simplesamlphp, name: "AES-128-CBC, both signed", chosen: encrypts(aes128CBC, true, true), does: life, needs: encryption, without: fault.EncryptionUnexpected},
	{idp: simplesamlphp, name: "AES-128-CBC, assertion signed", chosen: encrypts(aes128CBC, true, false), does: life, needs: encryption, without: fault.EncryptionUnexpected},
	{idp: simplesamlphp, name: "AES-128-CBC, response signed", chosen: encrypts(aes128CBC, false, true), does: life, needs: encryption, without: fault.EncryptionUnexpected},
	{idp: simplesamlphp, name: "insists on signed requests", chosen: verifiesRequests, does: life, needs: signedRequests},
	{idp: simplesamlphp, name: "signed requests by POST", chosen: verifiesRequests, does: life, needs: postedRequests},
	{idp: simplesamlphp, name: "asked to ask again", chosen: signs(true, true), does: askedAgain, needs: askingAgain},
	{idp: simplesamlphp, name: "a new key", chosen: signs(true, true), does: newKeyThere},
	{idp: simplesamlphp, name: "logout that starts here", chosen: signs(true, true), does: logoutHere, needs: singleLogout},
	{idp: simplesamlphp, name: "logout that starts there", chosen: signs(true, true), does: logoutThere, needs: singleLogout},

	{idp: pysaml2, name: "assertion signed", chosen: signs(true, false), does: life},
	{idp: pysaml2, name: "metadata by its address", chosen: fetched, does: life},
	{idp: pysaml2, name: "response signed", chosen: signs(false, true), does: life},
	{idp: pysaml2, name: "assertion and response signed", chosen: signs(true, true), does: life},
	// Nobody gets in by a cipher that is broken, whatever the team opted for.
	{idp: pysaml2, name: "3DES", chosen: encrypts(tripleDES, false, true), refused: fault.DecryptionFailed, needs: encryption, without: fault.EncryptionUnexpected},

	{idp: lemonldap, name: "assertion and response signed", chosen: signs(true, true), does: life},
	{idp: lemonldap, name: "assertion signed", chosen: signs(true, false), does: life},
	{idp: lemonldap, name: "metadata by its address", chosen: fetched, does: life},
	{idp: lemonldap, name: "SHA-1", chosen: sha1, refused: fault.SignatureWeak},
	{idp: lemonldap, name: "AES-128-CBC, both signed", chosen: encrypts(aes128CBC, true, true), does: life, needs: encryption, without: fault.EncryptionUnexpected},
	{idp: lemonldap, name: "AES-128-CBC, assertion signed", chosen: encrypts(aes128CBC, true, false), does: life, needs: encryption, without: fault.EncryptionUnexpected},
	{idp: lemonldap, name: "insists on signed requests", chosen: verifiesRequests, does: life, needs: signedRequests},
	{idp: lemonldap, name: "signed requests by POST", chosen: verifiesRequests, does: life, needs: postedRequests},
	{idp: lemonldap, name: "asked to ask again", chosen: signs(true, true), does: askedAgain, needs: askingAgain},
	{idp: lemonldap, name: "logout that starts here", chosen: signs(true, true), does: logoutHere, needs: singleLogout},

	{idp: samlidp256, name: "assertion and response signed", chosen: signs(true, true), does: life},
	{idp: samlidp256, name: "AES-128-CBC", chosen: encrypts(aes128CBC, true, true), does: life, needs: encryption, without: fault.EncryptionUnexpected},
	{idp: samlidpSHA1, name: "SHA-1, its default", chosen: signs(true, true), refused: fault.SignatureWeak},
}

func signs(assertion, response bool) func(*service) {
	return func(s *service) { s.SignAssertion, s.SignResponse = assertion, response }
}

// logsOutBy is signs for a provider whose logout messages go by this binding.
func logsOutBy(binding string, assertion, response bool) func(*service) {
	return func(s *service) {
		signs(assertion, response)(s)
		s.LogoutBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-" + binding
	}
}

// The ciphers, by their names in XML (XML Encryption 1.1, section 5.2).
const (
	aes128CBC = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
	aes256GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	tripleDES = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"
)

func encrypts(cipher string, assertion, response bool) func(*service) {
	return func(s *service) {
		signs(assertion, response)(s)
		s.cipher = cipher
	}
}

func fetched(s *service) { s.SignAssertion, s.byAddress = true, true }

func sha1(s *service) { s.SignAssertion, s.SHA1 = true, true }

func otherAudience(s *service) { s.SignAssertion, s.Audience = true, "urn:somebody:else" }

func transient(s *service) { s.SignAssertion, s.SignResponse, s.Transient = true, true, true }

func verifiesRequests(s *service) { s.SignAssertion, s.verifies = true, true }
