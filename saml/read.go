package saml

// Step 7. The readers below take elements apart without judging them. They
// serve both the untrusted message, so that its record can say what is wrong,
// and verified bytes; an Assertion is only ever made from the latter.

// response is what a Response says outside its assertion.
type response struct {
	id, version, destination, inResponseTo string
	issuer                                 string
	status, subStatus, statusMessage       string
}

// statement is what an assertion says.
type statement struct {
	issueInstant                      string
	id, version, issuer, issuerFormat string
	name                              nameID
	encryptedID                       *element // nil when there is none
	encryptedAttributes               int
	confirmations                     []confirmation
	conditions                        *conditions // nil when there are none
	authn                             []authn
	attributes                        []attribute
}

// nameID is a NameID (SAML core, section 2.2.3).
type nameID struct{ value, format, qualifier, spQualifier string }

// confirmation is a SubjectConfirmation (SAML core, section 2.4.1.1).
type confirmation struct {
	method, recipient, inResponseTo string
	notBefore, notOnOrAfter         string
}

// conditions is a Conditions element (SAML core, section 2.5).
type conditions struct {
	notBefore, notOnOrAfter string
	audiences               [][]string // one list for each AudienceRestriction
	unknown                 []string   // names of conditions that we cannot judge
}

// authn is an AuthnStatement (SAML core, section 2.7.2).
type authn struct {
	instant, sessionIndex, sessionNotOnOrAfter string
	classes                                    []string
}

// attribute is an Attribute (SAML core, section 2.7.3).
type attribute struct {
	name, friendlyName string
	values             []string
}

func readResponse(el *element) response {
	status := child(el, nsProtocol, "Status")
	code := child(status, nsProtocol, "StatusCode")
	return response{
		id: attr(el, "ID"), version: attr(el, "Version"),
		destination: attr(el, "Destination"), inResponseTo: attr(el, "InResponseTo"),
		issuer: text(child(el, nsAssertion, "Issuer")),
		status: attr(code, "Value"), subStatus: attr(child(code, nsProtocol, "StatusCode"), "Value"),
		statusMessage: text(child(status, nsProtocol, "StatusMessage")),
	}
}

// readAssertion reads an Assertion; of nil it reads nothing.
func readAssertion(el *element) statement {
	if el == nil {
		return statement{}
	}
	issuer := child(el, nsAssertion, "Issuer")
	subject := child(el, nsAssertion, "Subject")
	st := statement{
		id: attr(el, "ID"), version: attr(el, "Version"), issueInstant: attr(el, "IssueInstant"),
		issuer: text(issuer), issuerFormat: attr(issuer, "Format"),
		name: readNameID(child(subject, nsAssertion, "NameID")), encryptedID: child(subject, nsAssertion, "EncryptedID"),
		conditions: readConditions(child(el, nsAssertion, "Conditions")),
	}
	for _, c := range children(subject, nsAssertion, "SubjectConfirmation") {
		data := child(c, nsAssertion, "SubjectConfirmationData")
		st.confirmations = append(st.confirmations, confirmation{
			method: attr(c, "Method"), recipient: attr(data, "Recipient"), inResponseTo: attr(data, "InResponseTo"),
			notBefore: attr(data, "NotBefore"), notOnOrAfter: attr(data, "NotOnOrAfter"),
		})
	}
	for _, a := range children(el, nsAssertion, "AuthnStatement") {
		out := authn{instant: attr(a, "AuthnInstant"), sessionIndex: attr(a, "SessionIndex"), sessionNotOnOrAfter: attr(a, "SessionNotOnOrAfter")}
		for _, context := range children(a, nsAssertion, "AuthnContext") {
			for _, class := range children(context, nsAssertion, "AuthnContextClassRef") {
				if ref := text(class); ref != "" {
					out.classes = append(out.classes, ref)
				}
			}
		}
		st.authn = append(st.authn, out)
	}
	for _, list := range children(el, nsAssertion, "AttributeStatement") {
		for _, a := range children(list, nsAssertion, "Attribute") {
			st.attributes = append(st.attributes, readAttribute(a))
		}
		st.encryptedAttributes += len(children(list, nsAssertion, "EncryptedAttribute"))
	}
	return st
}

// readNameID reads a NameID; of nil it reads nothing.
func readNameID(el *element) nameID {
	return nameID{text(el), attr(el, "Format"), attr(el, "NameQualifier"), attr(el, "SPNameQualifier")}
}

func readConditions(el *element) *conditions {
	if el == nil {
		return nil
	}
	out := &conditions{notBefore: attr(el, "NotBefore"), notOnOrAfter: attr(el, "NotOnOrAfter")}
	for c := range el.all() {
		switch {
		case is(c, nsAssertion, "AudienceRestriction"):
			names := []string{}
			for _, a := range children(c, nsAssertion, "Audience") {
				names = append(names, text(a))
			}
			out.audiences = append(out.audiences, names)
		case is(c, nsAssertion, "OneTimeUse"), is(c, nsAssertion, "ProxyRestriction"):
			// Every assertion is for one use here, and none is passed on.
		default:
			out.unknown = append(out.unknown, c.tag())
		}
	}
	return out
}

// readAttribute takes every value. One may be wrapped in an element of its own
// (eduPersonTargetedID holds a NameID) and one may be marked as nil.
func readAttribute(el *element) attribute {
	out := attribute{name: attr(el, "Name"), friendlyName: attr(el, "FriendlyName")}
	for _, v := range children(el, nsAssertion, "AttributeValue") {
		if isNil(v) {
			continue
		}
		out.values = append(out.values, deepText(v))
	}
	return out
}

func isNil(el *element) bool {
	for _, a := range el.attrs {
		if a.space == nsSchemaInst && a.local() == "nil" {
			return a.value == "true" || a.value == "1"
		}
	}
	return false
}
