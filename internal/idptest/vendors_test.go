package idptest

import (
	"encoding/base64"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"rollcall/fault"
	"rollcall/saml"
)

var update = flag.Bool("update", false, "write the golden files anew")

var ada = Person{Email: "ada@acme.test", FirstName: "Ada", LastName: "Lovelace"}

// random is what is different at every run: ids, digests, signatures, keys.
var random = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`_[0-9a-f]{32}"`), `_id"`},
	{regexp.MustCompile(`(<(?:ds:)?(?:DigestValue|SignatureValue|X509Certificate|Modulus)>)[^<]*`), "${1}…"},
	{regexp.MustCompile(`><`), ">\n<"},
}

// The message of every product in each setting, as people can read it.
func TestVendorsGolden(t *testing.T) {
	products := map[string]int{}
	for _, v := range Vendors {
		products[v.Name]++
		name := v.Name + "-" + v.Settings
		idp, err := v.New(func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		packed, err := idp.Respond(v.About(ada, acme, "_request"))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base64.StdEncoding.DecodeString(packed)
		if err != nil {
			t.Fatal(err)
		}
		doc := string(raw)
		for _, r := range random {
			doc = r.pattern.ReplaceAllString(doc, r.with)
		}
		file := "testdata/vendors/" + name + ".xml"
		if *update {
			if err := os.WriteFile(file, []byte(doc+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if doc+"\n" != string(want) {
			t.Errorf("%s differs; run with -update if that is meant:\n%s", file, doc)
		}
		if strings.Contains(doc, "samlp:") != (v.shapeStyle() == "samlp") {
			t.Errorf("%s: the prefixes of another product", name)
		}
		if v.Want != "" && v.Want.Meaning() == "" || v.Want == fault.InternalError {
			t.Errorf("%s: ends with %q", name, v.Want)
		}
	}
	for name, n := range products {
		if n != 2 {
			t.Errorf("%s is there in %d settings", name, n)
		}
	}
	if len(products) != 9 {
		t.Errorf("%d products", len(products))
	}
}

// shapeStyle is the prefix of the protocol's elements.
func (v Vendor) shapeStyle() string {
	if p := v.About(ada, saml.ServiceProvider{}, "").Style.Protocol; p != "" {
		return p
	}
	return "samlp"
}
