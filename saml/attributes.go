package saml

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Built-in attribute names, best first. The schemas.xmlsoap.org claims are
// Entra ID's, AD FS's and Auth0's; the OIDs are the LDAP attributes that
// Shibboleth and SimpleSAMLphp send; the plain names are what set-up guides of
// Okta, OneLogin, Ping and Google tell admins to type.
var (
	claims      = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	emailNames  = []string{claims + "emailaddress", "urn:oid:0.9.2342.19200300.100.1.3", "email", "mail", "emailAddress", "email_address", "user.email", "e-mail"}
	firstNames  = []string{claims + "givenname", "urn:oid:2.5.4.42", "firstName", "first_name", "givenName", "given_name", "user.firstName"}
	lastNames   = []string{claims + "surname", "urn:oid:2.5.4.4", "lastName", "last_name", "surname", "sn", "familyName", "family_name", "user.lastName"}
	displayName = []string{"http://schemas.microsoft.com/identity/claims/displayname", "urn:oid:2.16.840.1.113730.3.1.241", "displayName", "display_name", "name", "cn", "urn:oid:2.5.4.3", "fullName", "user.displayName", claims + "name"}
)

// maxName is the longest profile name, in characters, that is taken over.
const maxName = 200

// candidates returns the names to look for.
func candidates(mapped, builtIn []string) []string {
	if len(mapped) > 0 {
		return mapped
	}
	return builtIn
}

// called reports whether the attribute has this name or friendly name.
func (a attribute) called(name string) bool {
	return strings.EqualFold(a.name, name) || strings.EqualFold(a.friendlyName, name)
}

// find returns the first value that is not empty among the attributes called
// by one of the names, best name first, and the name that it was found under.
func (st *statement) find(names []string) (value, under string) {
	for _, name := range names {
		for _, a := range st.attributes {
			if !a.called(name) {
				continue
			}
			for _, v := range a.values {
				if v != "" {
					return v, a.name
				}
			}
		}
	}
	return "", ""
}

// email returns the person's address and where it was found. The NameID serves
// when the provider says that it is an address, and when the provider says
// nothing about it (the default of Google and Okta) and it looks like one.
func (st *statement) email(m AttributeMapping) (address, under string) {
	if v, name := st.find(candidates(m.Email, emailNames)); v != "" {
		return v, name
	}
	switch st.name.format {
	case FormatEmailAddress:
		return st.name.value, "NameID"
	case "", FormatUnspecified:
		if looksLikeAddress(st.name.value) {
			return st.name.value, "NameID"
		}
	}
	return "", ""
}

// names returns first, last and display name, as far as they are given. A
// display name that is an address is a login name in disguise (Entra ID's
// "name" claim) and gives way to the other two.
func (st *statement) names(m AttributeMapping) (first, last, display string) {
	first = st.profileName(m.FirstName, firstNames)
	last = st.profileName(m.LastName, lastNames)
	display = st.profileName(m.DisplayName, displayName)
	if display == "" || strings.Contains(display, "@") {
		display = strings.TrimSpace(first + " " + last)
	}
	return first, last, display
}

func (st *statement) profileName(mapped, builtIn []string) string {
	v, _ := st.find(candidates(mapped, builtIn))
	v = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, v)
	if utf8.RuneCountInString(v) > maxName {
		v = string([]rune(v)[:maxName])
	}
	return strings.TrimSpace(v)
}

// looksLikeAddress is a sober test of an e-mail address: the lengths of RFC
// 5321, one @, no white space or control character, no quoting, no empty label.
func looksLikeAddress(v string) bool {
	local, domain, ok := strings.Cut(v, "@")
	if !ok || local == "" || domain == "" || len(v) > 254 || len(local) > 64 || !utf8.ValidString(v) {
		return false
	}
	if strings.ContainsAny(v, `"(),:;<>[\]`) || strings.Contains(domain, "@") || strings.Contains(v, "..") {
		return false
	}
	for _, r := range v {
		if !unicode.IsPrint(r) || unicode.IsSpace(r) {
			return false
		}
	}
	return !strings.HasPrefix(v, ".") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(local, ".") && !strings.HasSuffix(domain, ".")
}
