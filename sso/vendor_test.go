package sso

import (
	"testing"

	"rollcall/models"
)

// examples are issuers and sign-in addresses as the vendors' products make
// them, and near misses of each.
var examples = []struct {
	vendor           models.Vendor
	entityID, ssoURL string
}{
	{models.VendorAuth0, "urn:acme.eu.auth0.com", "https://acme.eu.auth0.com/samlp/AbC123"},
	{models.VendorAuth0, "urn:login.acme.test", "https://login.acme.test/samlp/AbC123"},
	{models.VendorEntra, "https://sts.windows.net/3f0a4b0e-0000-4000-8000-000000000001/", "https://login.microsoftonline.com/3f0a4b0e-0000-4000-8000-000000000001/saml2"},
	{models.VendorEntra, "https://sts.windows.net/3f0a4b0e-0000-4000-8000-000000000001/", "https://login.microsoftonline.us/3f0a4b0e-0000-4000-8000-000000000001/saml2"},
	{models.VendorGoogle, "https://accounts.google.com/o/saml2?idpid=C01abcdef", "https://accounts.google.com/o/saml2/idp?idpid=C01abcdef"},
	{models.VendorOkta, "http://www.okta.com/exk1a2b3c4d5", "https://acme.okta.com/app/acme_rollcall_1/exk1a2b3c4d5/sso/saml"},
	{models.VendorOkta, "http://www.okta.com/exk1a2b3c4d5", "https://acme.oktapreview.com/app/acme/exk1a2b3c4d5/sso/saml"},
	{models.VendorOkta, "http://www.okta.com/exk1a2b3c4d5", "https://login.acme.test/app/acme/exk1a2b3c4d5/sso/saml"},
	{models.VendorOnelogin, "https://app.onelogin.com/saml/metadata/3f0a4b0e-0000-4000-8000-000000000001", "https://acme.onelogin.com/trust/saml2/http-redirect/sso/3f0a4b0e"},
	{models.VendorPingfederate, "acme:pingfederate", "https://sso.acme.test:9031/idp/SSO.saml2"},
	{models.VendorPingfederate, "https://sso.acme.test", "https://sso.acme.test/idp/SSO.saml2"},
	{models.VendorPingone, "https://auth.pingone.eu/3f0a4b0e-0000-4000-8000-000000000001", "https://auth.pingone.eu/3f0a4b0e-0000-4000-8000-000000000001/saml20/idp/sso"},
	{models.VendorPingone, "https://auth.pingone.com.au/3f0a4b0e", "https://auth.pingone.com.au/3f0a4b0e/saml20/idp/sso"},
	{models.VendorSalesforce, "https://acme.my.salesforce.com", "https://acme.my.salesforce.com/idp/endpoint/HttpRedirect"},
	{models.VendorSalesforce, "https://acme--uat.sandbox.my.salesforce.com", "https://acme--uat.sandbox.my.salesforce.com/idp/endpoint/HttpRedirect"},
	{models.VendorAdfs, "http://adfs.acme.test/adfs/services/trust", "https://adfs.acme.test/adfs/ls/"},
	{models.VendorOther, "https://idp.acme.test/entity", "https://idp.acme.test/sso"},
	{models.VendorOther, "https://idp.acme.test/http://www.okta.com/", "https://idp.acme.test/okta.com/"},
	{models.VendorOther, "https://evil.test/?https://sts.windows.net/", "https://evil.test/login.microsoftonline.com/"},
	{models.VendorOther, "https://acme.my.salesforce.com.evil.test", "https://evil.test/sso"},
	{models.VendorOther, "https://evil.test", "https://acme.okta.com.evil.test/sso"},
	{models.VendorOther, "https://auth.pingone.evil.test.", "https://evil.test/sso"},
	{models.VendorOther, "urn:acme", "https://idp.acme.test/sso"},
}

// Every example is recognised by its own vendor's pattern and by no other one,
// so the order of the table decides nothing.
func TestVendors(t *testing.T) {
	met := map[models.Vendor]bool{}
	for _, e := range examples {
		met[e.vendor] = true
		if got := detectVendor(e.entityID, e.ssoURL); got != e.vendor {
			t.Errorf("%s at %s is taken for %s", e.entityID, e.ssoURL, got)
		}
		for _, v := range vendors {
			if v.pattern.MatchString(e.entityID+" "+e.ssoURL) != (v.vendor == e.vendor) {
				t.Errorf("%s at %s, of %s: the pattern of %s is wrong about it", e.entityID, e.ssoURL, e.vendor, v.vendor)
			}
		}
	}
	for _, v := range vendors {
		if !met[v.vendor] {
			t.Errorf("there is no example of %s", v.vendor)
		}
	}
}
