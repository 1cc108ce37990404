package scim_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The wire, to the byte. Ids are the only thing that differs between runs.
func TestGolden(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		user := c.do("POST", "/Users", `{
			"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada.king@acme.test", "externalId": "00u1a2b3c4",
			"name": {"givenName": "Ada", "familyName": "King"}, "displayName": "Ada King",
			"emails": [{"value": "ada@acme.test", "type": "work", "primary": true}], "active": true}`).want(201, "")
		bare := c.create("bare@acme.test")
		ids := strings.NewReplacer(user.id(), "11111111-1111-7111-8111-111111111111", bare, "22222222-2222-7222-8222-222222222222")
		for name, a := range map[string]answer{
			"user":                    user,
			"user_bare":               c.do("GET", "/Users/"+bare, ""),
			"list":                    c.do("GET", "/Users?count=2", ""),
			"list_empty":              c.do("GET", "/Users?filter=userName+eq+%22nobody%22", ""),
			"error_filter":            c.do("GET", "/Users?filter=userName", ""),
			"error_uniqueness":        c.do("POST", "/Users", `{"userName":"bare@acme.test"}`),
			"error_unauthorized":      c.with("Authorization", "").do("GET", "/Users", ""),
			"error_not_found":         c.do("GET", "/Users/1", ""),
			"service_provider_config": c.do("GET", "/ServiceProviderConfig", ""),
			"resource_types":          c.do("GET", "/ResourceTypes", ""),
			"schemas":                 c.do("GET", "/Schemas", ""),
		} {
			golden(t, name, ids.Replace(a.text))
		}
		// A single schema or type is the element of the list.
		for list, one := range map[string]string{"/Schemas": "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", "/ResourceTypes": "/ResourceTypes/User"} {
			element := c.do("GET", one, "").want(200, "").text
			if !strings.Contains(c.do("GET", list, "").text, strings.TrimSpace(element)) {
				t.Errorf("%s is not in %s", one, list)
			}
		}
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(strings.TrimSpace(got)), "", "  "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, indented.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, indented.Bytes()) {
		t.Errorf("%s differs from %s (run with -update if that is meant):\n%s", name, path, indented.Bytes())
	}
}

// Discovery promises what is true: the attributes of the schema are exactly
// those that come back, and what is promised to be unsupported is refused.
func TestDiscoveryIsTrue(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		described := map[string]bool{}
		schema := c.do("GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", "").want(200, "")
		attributes, _ := schema.at("attributes").([]any)
		for i := range attributes {
			name, _ := schema.at("attributes", i, "name").(string)
			described[name] = true
			subs, _ := schema.at("attributes", i, "subAttributes").([]any)
			for j := range subs {
				sub, _ := schema.at("attributes", i, "subAttributes", j, "name").(string)
				described[name+"."+sub] = true
			}
		}
		user := c.do("POST", "/Users", `{"userName":"a","externalId":"1","displayName":"A","name":{"givenName":"A","familyName":"K","formatted":"A K","middleName":"B"},
			"emails":[{"value":"a@acme.test","type":"work","primary":true,"display":"x"}],"active":true,"nickName":"n","title":"t","groups":[],"password":"p",
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"d"}}`).want(201, "")
		kept := map[string]bool{}
		for name, value := range user.body {
			switch name {
			case "schemas", "id", "externalId", "meta":
				continue // common attributes (RFC 7643 section 3.1)
			}
			kept[name] = true
			if list, ok := value.([]any); ok {
				value = list[0]
			}
			if complex, ok := value.(map[string]any); ok {
				for sub := range complex {
					kept[name+"."+sub] = true
				}
			}
		}
		for name := range described {
			if !kept[name] {
				t.Errorf("%s is described and not kept", name)
			}
		}
		for name := range kept {
			if !described[name] {
				t.Errorf("%s is kept and not described", name)
			}
		}
		c.do("GET", "/ServiceProviderConfig", "").has(true, "patch", "supported").has(false, "bulk", "supported").has(true, "filter", "supported").
			has(200, "filter", "maxResults").has(false, "sort", "supported").has(false, "etag", "supported").has(false, "changePassword", "supported")
		c.do("POST", "/Bulk", `{}`).want(501, "")
		if etag := c.do("GET", "/Users/"+user.id(), "").header.Get("ETag"); etag != "" {
			t.Errorf("an ETag nobody promised: %s", etag)
		}
	})
}
