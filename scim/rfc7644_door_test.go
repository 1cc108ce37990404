package scim_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// RFC 7643 section 5: how to prove oneself can be read before there is a token. It
// is the same for every team, so that nobody learns which teams there are; with a
// token that is wrong it is not read, so that a test of the token fails.
func TestConfigurationWithoutToken(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, slug := range []string{"acme", "nobody"} {
			for _, path := range []string{"/ServiceProviderConfig", "/serviceproviderconfig/"} {
				a := h.send(httptest.NewRequestWithContext(t.Context(), "GET", "/scim/"+slug+"/v2"+path, nil)).want(200, "")
				a.has("oauthbearertoken", "authenticationSchemes", 0, "type").has(baseURL+"/scim/"+slug+"/v2/ServiceProviderConfig", "meta", "location")
			}
		}
		c := h.acme
		c.with("Authorization", "").do("HEAD", "/ServiceProviderConfig", "")
		for _, x := range []struct{ method, path, token string }{
			{"GET", "/ServiceProviderConfig", "Bearer " + h.globex.token},
			{"GET", "/ServiceProviderConfig", "Basic YTpi"},
			{"POST", "/ServiceProviderConfig", ""},
			{"GET", "/ServiceProviderConfig/x", ""},
			{"GET", "/Schemas", ""},
			{"GET", "/ResourceTypes", ""},
		} {
			c.with("Authorization", x.token).do(x.method, x.path, "").want(401, "")
		}
		c.with("Authorization", "").do("GET", "/ServiceProviderConfig?filter=x", "").want(403, "")
		odd := httptest.NewRequestWithContext(t.Context(), "GET", "/scim/%22%3E/v2/ServiceProviderConfig", nil)
		h.send(odd).want(401, "")
	})
}

// RFC 7644 section 3.13: another version is refused, no version is the latest.
func TestVersionsOfTheProtocol(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		id := c.create("ada@acme.test")
		at := func(path, token string) answer {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/scim/acme"+path, nil)
			r.Header.Set("Authorization", "Bearer "+token)
			return h.send(r)
		}
		for _, version := range []string{"/v1", "/v1.1", "/V2", "/v3", "/v99"} {
			at(version+"/Users", c.token).want(400, "invalidVers")
			at(version, c.token).want(400, "invalidVers")
			at(version+"/Users", h.globex.token).want(401, "")
		}
		for _, path := range []string{"/Users/" + id, "/v2/Users/" + id} {
			at(path, c.token).want(200, "").has(baseURL+"/scim/acme/v2/Users/"+id, "meta", "location")
			at(path, h.globex.token).want(401, "")
		}
		at("", c.token).want(200, "").has(1, "totalResults")
		at("/vx/Users", c.token).want(404, "")
	})
}

// Every section of the standards that asks something of a server has demands, or a
// test of its own where one request cannot tell.
func TestEverySectionIsTried(t *testing.T) {
	tried := map[string]bool{
		"7644 3.7.4": true, // TestBulkLimits
		"7644 3.13":  true, // TestVersionsOfTheProtocol
		"7643 2.3.6": true, // TestCore2Binary
		"7643 2.3.8": true, // TestCore2WrongTypes
	}
	for _, d := range demands {
		tried[d.section] = true
	}
	core := slices.Concat(typeRows, resourceRows, userRows, groupRows, discoveryRows)
	for _, d := range core {
		tried["7643 "+d.section] = true
	}
	for standard, sections := range map[string]string{
		"7643": "2.1 2.2 2.3.2 2.3.6 2.3.8 2.4 2.5 3 3.1 4.1.1 4.1.2 4.2 4.3 5 6 7",
		"7644": "2 3.1 3.2 3.3 3.4.1 3.4.2 3.4.2.1 3.4.2.2 3.4.2.3 3.4.2.4 3.4.2.5 3.4.3 3.5.1 3.5.2 3.5.2.1 3.5.2.2 3.5.2.3 3.6 " +
			"3.7 3.7.1 3.7.2 3.7.3 3.7.4 3.8 3.9 3.10 3.11 3.12 3.13 3.14 4",
		"9865": "2 2.1 3 4",
	} {
		for _, section := range strings.Fields(sections) {
			if !tried[standard+" "+section] {
				t.Errorf("nothing tries section %s of RFC %s", section, standard)
			}
		}
	}
	if n := len(demands) + len(core); n < 500 {
		t.Errorf("%d demands", n)
	}
}
