// Package saml is a SAML 2.0 service provider as a pure library: bytes,
// settings and a time go in, an Assertion or a Refusal comes out. It opens no
// connection, keeps no state, reads no clock and knows no team; the doors
// bring those.
//
// A response from an identity provider is the only message in the whole
// product that strangers may compose and that decides who gets in, so it walks
// a fixed path and every step has its own file:
//
//  1. bound   parse.go     one linear pass that reads and bounds: size, depth, counts, names, namespaces
//  2. shape   shape.go     one Response, one assertion, signatures only where they belong
//  3. status  validate.go  an identity provider that declines is heard before anything else
//  4. verify  verify.go    one element, one certificate at a time; KeyInfo is never trusted
//  5. decrypt decrypt.go   after the outer signature and before the inner one; every failure is alike
//  6. check   checks.go    addresses, audience, times, the request that is answered; authn.go: how the person signed in
//  7. read    read.go      the person, only out of bytes that a verification returned
//  8. record  refusal.go   every check with what was expected and what came
//
// Receive does the first two steps, because they need no settings and tell the
// caller which identity provider the message claims to come from. Validate
// does the rest. What needs memory - spending the request, remembering the
// assertion's id - is the caller's, in its database.
//
// The document is read once, into a tree of our own; what a signature covers is
// written in canonical form out of that tree (canonical.go), digested, and read
// again from those very bytes. There is no second parser that could see another
// message. The libraries that other products use - encoding/xml, etree,
// goxmldsig, gosaml2, and xmlsec1 - are the judges of this in the tests: what
// this room accepts they must read alike, byte for byte.
//
// The other direction: ServiceProvider writes our metadata, AuthnRequests and
// logout messages (sp.go, request.go, logout.go, carried by binding.go and
// signed by sign.go); ParseMetadata and ParseCertificate read what an admin
// pastes; ReceiveLogoutQuery and ReceiveLogoutForm take logout messages in
// (query.go, logout_receive.go) by the same steps.
package saml

// Names out of the SAML 2.0, XML Signature and XML Schema specifications.
const (
	nsProtocol   = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion  = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata   = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature  = "http://www.w3.org/2000/09/xmldsig#"
	nsExclusive  = "http://www.w3.org/2001/10/xml-exc-c14n#"
	nsXML        = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS      = "http://www.w3.org/2000/xmlns/"
	nsSchemaInst = "http://www.w3.org/2001/XMLSchema-instance"

	bindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

	statusSuccess        = "urn:oasis:names:tc:SAML:2.0:status:Success"
	statusResponder      = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	statusPartialLogout  = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
	statusNameIDPolicy   = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"
	statusNoAuthnContext = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"

	methodBearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	formatEntity = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
)

// NameID formats (SAML core, section 8.3) that this package tells apart.
const (
	FormatUnspecified  = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	FormatEmailAddress = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	FormatPersistent   = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	FormatTransient    = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

// Bindings (SAML bindings, section 3) an identity provider's endpoint may have.
const (
	BindingRedirect = bindingRedirect
	BindingPOST     = bindingPOST
)
