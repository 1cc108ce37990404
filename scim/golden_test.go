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

// Discovery promises what is true: whatever the schemas describe and a client
// may write is kept and comes back as it was sent, and nothing else is.
func TestDiscoveryIsTrue(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		const user, enterprise = "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
		schema := func(urn string) []any {
			list, _ := c.do("GET", "/Schemas/"+urn, "").want(200, "").at("attributes").([]any)
			return list
		}
		sent := described(schema(user))
		sent[enterprise] = described(schema(enterprise))
		sent["schemas"] = []any{user, enterprise}
		body, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		made := c.do("POST", "/Users", strings.TrimSuffix(string(body), "}")+`,"password":"hunter2","userPassword":"hunter2","a bogus name":1,"name.secret":"hunter2"}`).want(201, "")
		read := c.do("GET", "/Users/"+made.id(), "").want(200, "")
		if made.text != read.text {
			t.Errorf("made %s\nread %s", made.text, read.text)
		}
		for name := range read.body {
			if _, ok := sent[name]; !ok && name != "id" && name != "meta" {
				t.Errorf("%s came back and was not sent", name)
			}
		}
		for name, want := range sent {
			if a, b := asJSON(t, read.body[name]), asJSON(t, want); a != b {
				t.Errorf("%s is %s, sent as %s", name, a, b)
			}
		}
		c.do("GET", "/ServiceProviderConfig", "").has(true, "patch", "supported").has(true, "bulk", "supported").has(1000, "bulk", "maxOperations").
			has(1048576, "bulk", "maxPayloadSize").has(true, "filter", "supported").has(200, "filter", "maxResults").has(true, "sort", "supported").
			has(true, "etag", "supported").has(false, "changePassword", "supported").has(true, "pagination", "cursor")
		h.log.MustNotHold(t, "hunter2")
	})
}

// described makes a value for every attribute that a client may write.
func described(attributes []any) map[string]any {
	out := map[string]any{}
	for _, x := range attributes {
		a, _ := x.(map[string]any)
		name, _ := a["name"].(string)
		subs, _ := a["subAttributes"].([]any)
		switch {
		case a["mutability"] != "readWrite":
			continue
		case a["type"] == "boolean":
			out[name] = true
		case a["type"] == "binary":
			out[name] = "TUlJ\r\nRA=="
		case a["type"] == "complex" && a["multiValued"] == true:
			out[name] = []any{described(subs)}
		case a["type"] == "complex":
			out[name] = described(subs)
		default:
			out[name] = " The " + name + ", <as> sent é "
		}
	}
	if v, ok := out["userName"]; ok {
		out["userName"] = strings.TrimSpace(v.(string))
	}
	if name, ok := out["displayName"]; ok && out["userName"] != nil {
		out["displayName"] = strings.TrimSpace(name.(string))
	}
	return out
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
