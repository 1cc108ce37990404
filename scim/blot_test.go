package scim

import (
	"strings"
	"testing"
)

// Of a path the form is shown, of a value in it nothing, however it is written.
func TestPathShown(t *testing.T) {
	for text, want := range map[string]string{
		"userName": "userName",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
		`emails[type eq "work"].value`:                                             `emails[type eq "work"].value`,
		`emails[TYPE  eq "Work" and primary eq true].value`:                        `emails[type eq "Work" and primary eq true].value`,
		`emails[type eq "sesam"].value`:                                            `emails[type eq "•••"].value`,
		`emails[value eq "sesam"]`:                                                 `emails[value eq "•••"]`,
		`emails[value eq "a\"sesam" and type eq "work"].value`:                     `emails[value eq "•••" and type eq "work"].value`,
		`emails[value eq 'sesam'].value`:                                           `emails[value eq •••].value`,
		`emails[value eq sesam].value`:                                             `emails[value eq •••].value`,
		`emails[value eq 4711 or (value gt -1.5)]`:                                 `emails[value eq ••• or (value gt •••)]`,
		`emails[sesam pr]`:                                                         `emails[••• pr]`,
		`emails[value pr and type pr]`:                                             `emails[value pr and type pr]`,
		`emails[value eq "sesam`:                                                   `emails[value eq •••`,
		`emails[value eq "\ud800 \u0073esam" and sesam eq "x"].foo`:                `emails[value eq "•••" and ••• eq "•••"]•••`,
		`sesam@x.test`:         "•••",
		`ü`:                    "•••",
		`a b`:                  "•••",
		`"sesam"`:              "•••",
		``:                     "•••",
		`urn:sesam@x.test:foo`: "•••",
	} {
		if got := pathShown(text); got != want {
			t.Errorf("%s\nis  %s\nnot %s", text, got, want)
		}
	}
}

func TestBodyShown(t *testing.T) {
	for body, want := range map[string]string{
		`{"active":"sesam","primary":"sesam","op":"sesam","type":"sesam","method":"sesam","bulkId":"sesam","resourceType":"sesam"}`:                                                           `{"active":"•••","bulkId":"•••","method":"•••","op":"•••","primary":"•••","resourceType":"•••","type":"•••"}`,
		`{"active":"False","op":"Replace","type":"Work","schemas":["urn:a:b:2.0:C","sesam","urn:sesam@x.test"]}`:                                                                              `{"active":"False","op":"Replace","schemas":["urn:a:b:2.0:C","•••","•••"],"type":"Work"}`,
		`{"sesam@x.test":1,"ses am":"x","züri":true,"emails[value eq \"sesam\"].type":"work"}`:                                                                                                `{"emails[value eq \"•••\"].type":"•••","•••":"•","•••2":"•••","•••3":true}`,
		`{"Operations":[{"path":"/Users/sesam"},{"path":"Users/bulkId:sesam"},{"path":"/Users/01900000-0000-7000-8000-00000000dead"},{"path":"/sesam@x/y"},{"path":"userName"},{"path":""}]}`: `{"Operations":[{"path":"/Users/•••"},{"path":"/Users/bulkId:•••"},{"path":"/Users/01900000-0000-7000-8000-00000000dead"},{"path":"/•••/y"},{"path":"userName"},{"path":""}]}`,
		`{"a":[1,2,3,4,5,6,7,8,9,10,11]}`: `{"a":["•","•","•","•","•","•","•","•","•","•","…"]}`,
	} {
		o, err := decodeObject([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := blotted(o); got != want {
			t.Errorf("%s\nis  %s\nnot %s", body, got, want)
		}
	}
	for path, want := range map[string]string{
		"":                   "/",
		"Users":              "/Users",
		"USERS/sesam@x.test": "/USERS/•••",
		"Users/sesam":        "/Users/•••",
		"Groups/.search":     "/Groups/.search",
		"Users/01900000-0000-7000-8000-00000000dead/x":       "/Users/01900000-0000-7000-8000-00000000dead/x",
		"Schemas/urn:ietf:params:scim:schemas:core:2.0:User": "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User",
		"v2/Users":               "/v2/Users",
		"ses am":                 "/•••",
		strings.Repeat("a", 200): "/•••",
	} {
		var rest []string
		if path != "" {
			rest = strings.Split(path, "/")
		}
		if got := resourceShown(rest); got != want {
			t.Errorf("%s is shown as %s and not %s", path, got, want)
		}
	}
}
