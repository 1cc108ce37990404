package sso

import (
	"regexp"

	"rollcall/models"
)

// vendors tells identity providers apart by the shapes of their addresses. The
// patterns are disjoint; a test holds every vendor's own examples against all.
var vendors = []struct {
	vendor  models.Vendor
	pattern *regexp.Regexp // of "entityId ssoUrl"
}{
	{models.VendorEntra, regexp.MustCompile(`^https://sts\.windows\.net/|^\S+ https://login\.microsoftonline\.(com|us)/`)},
	{models.VendorGoogle, regexp.MustCompile(`^https://accounts\.google\.com/o/saml2`)},
	{models.VendorOkta, regexp.MustCompile(`^http://www\.okta\.com/|^\S+ https://[a-z0-9-]+\.(okta|oktapreview|okta-emea)\.com/`)},
	{models.VendorOnelogin, regexp.MustCompile(`^https://app\.onelogin\.com/|^\S+ https://[a-z0-9-]+\.onelogin\.com/`)},
	{models.VendorPingone, regexp.MustCompile(`^https://auth\.pingone\.[a-z.]+/`)},
	{models.VendorPingfederate, regexp.MustCompile(`^\S+ https://\S+/idp/SSO\.saml2`)},
	{models.VendorSalesforce, regexp.MustCompile(`^https://[a-z0-9.-]+\.my\.salesforce\.com[/ ]`)},
	{models.VendorAdfs, regexp.MustCompile(`^https?://\S+/adfs/services/trust`)},
	{models.VendorAuth0, regexp.MustCompile(`^urn:\S+ https://\S+/samlp/`)},
}

// detectVendor guesses whose product an identity provider is.
func detectVendor(entityID, ssoURL string) models.Vendor {
	for _, v := range vendors {
		if v.pattern.MatchString(entityID + " " + ssoURL) {
			return v.vendor
		}
	}
	return models.VendorOther
}
