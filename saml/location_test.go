package saml_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// Products that write our addresses anew - the host in capitals, the port that
// goes without saying - mean the same place. Nothing else does.
func TestAddressesWrittenAnew(t *testing.T) {
	idp := newIDP(t)
	r := good()
	r.SignResponse = true
	for to, code := range map[string]string{
		"HTTPS://Rollcall.EXAMPLE/saml/acme/finalize":          "",
		"https://rollcall.example:443/saml/acme/finalize":      "",
		"https://rollcall.example:0443/saml/acme/finalize":     "destination_mismatch",
		"https://rollcall.example:80/saml/acme/finalize":       "destination_mismatch",
		"http://rollcall.example/saml/acme/finalize":           "destination_mismatch",
		"http://rollcall.example:443/saml/acme/finalize":       "destination_mismatch",
		"https://rollcall.example/saml/Acme/finalize":          "destination_mismatch",
		"https://rollcall.example/saml/acme/finalize/":         "destination_mismatch",
		"https://rollcall.example/saml/acme/finalize?":         "destination_mismatch",
		"https://rollcall.example/saml/acme/%66inalize":        "destination_mismatch",
		"https://rollcall.example./saml/acme/finalize":         "destination_mismatch",
		"https://rollcall.example@evil.test/saml/acme":         "destination_mismatch",
		"https://a@rollcall.example/saml/acme/finalize":        "destination_mismatch",
		`https:\\rollcall.example/saml/acme/finalize`:          "destination_mismatch",
		`https://rollcall.example\saml/acme/finalize`:          "destination_mismatch",
		"//rollcall.example/saml/acme/finalize":                "destination_mismatch",
		"https://rollcall.example:443:443/saml/acme/finalize":  "destination_mismatch",
		"https://rollcall.exampl\u0435/saml/acme/finalize":     "destination_mismatch",
		"https://\u212Aollcall.example/saml/acme/finalize":     "destination_mismatch",
		"https://rollcall.example/saml/acme/finalize https://": "destination_mismatch",
	} {
		r.ACSURL = to
		if code == "" {
			accept(t, respond(t, idp, r), expecting(idp))
		} else {
			refuse(t, respond(t, idp, r), expecting(idp), code)
		}
	}
}

// A person in 2,000 groups gets in however their provider writes the groups.
func TestManyGroups(t *testing.T) {
	idp := newIDP(t)
	const value = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
	for name, each := range map[string]string{
		"of OpenSAML":        `<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">` + value + `</saml:AttributeValue>`,
		"wrapped in NameIDs": `<saml:AttributeValue><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">` + value + `</saml:NameID></saml:AttributeValue>`,
	} {
		for _, both := range []bool{false, true} {
			list := etree.NewDocument()
			if err := list.ReadFromString(`<saml:AttributeStatement xmlns:saml="` + nsAssertion + `"><saml:Attribute Name="groups">` + strings.Repeat(each, 2000) + "</saml:Attribute></saml:AttributeStatement>"); err != nil {
				t.Fatal(err)
			}
			r := good()
			r.SignResponse = both
			r.Before = func(resp *etree.Element) { resp.SelectElement("saml:Assertion").AddChild(list.Root()) }
			message := respond(t, idp, r)
			a := accept(t, message, expecting(idp))
			if got := a.Values("groups"); len(got) != 2000 || got[1999] != value {
				t.Errorf("%s: %d groups", name, len(got))
			}
			if cost := allocated(func() { judge(message, expecting(idp)) }); cost > 8<<20 {
				t.Errorf("%s, both signed %v: %d bytes cost %.1f MB", name, both, len(message), float64(cost)/(1<<20))
			}
		}
	}
}
