package scim

import "testing"

func TestEmailChoice(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{"userName":"a@x.test"}`, "a@x.test"},
		{`{"userName":" a@x.test "}`, "a@x.test"},
		{`{"userName":"a@x.test","emails":[{"value":"b@x.test"},{"value":"c@x.test"}]}`, "b@x.test"},
		{`{"userName":"a@x.test","emails":[{"value":"b@x.test"},{"type":"WORK","value":"c@x.test"},{"type":"work","value":"d@x.test"}]}`, "c@x.test"},
		{`{"userName":"a@x.test","emails":[{"type":"work","value":"c@x.test"},{"primary":true,"type":"home","value":"d@x.test"}]}`, "d@x.test"},
		{`{"userName":"a@x.test","emails":[{"type":"work","value":"c@x.test"},{"primary":true}]}`, "c@x.test"},
		{`{"userName":"a@x.test","emails":[{"type":"work","value":" "}]}`, "a@x.test"},
		{`{"userName":"a","emails":[{"value":" o'brien+x@x.test "}]}`, "o'brien+x@x.test"},
		{`{"userName":"a"}`, ""}, {`{"userName":"a@"}`, ""}, {`{"userName":"@x"}`, ""}, {`{"userName":"a@b@c"}`, ""}, {`{"userName":"a b@c"}`, ""},
		{`{"userName":"A <a@x.test>"}`, ""}, {`{"userName":"a@x.test","emails":[{"value":"b"}]}`, ""},
	} {
		body, err := decodeObject([]byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		d, err := readResource(body)
		if err != nil {
			t.Fatal(err)
		}
		u, err := d.scimUser(nil)
		if u.Email != c.want || err != nil {
			t.Errorf("%s: %q, error %v", c.body, u.Email, err)
		}
	}
}
