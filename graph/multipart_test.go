package graph

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"strings"
	"testing"

	"rollcall/graph/model"
)

// part is one of a form: its name, what it holds, and a file name if it is a file.
type part struct{ name, content, file string }

// form is a body of these parts and its Content-Type.
func form(t *testing.T, parts ...part) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		disposition := fmt.Sprintf("form-data; name=%q", p.name)
		if p.file != "" {
			disposition += fmt.Sprintf("; filename=%q", p.file)
			h.Set("Content-Type", "application/x-x509-ca-cert")
		}
		h.Set("Content-Disposition", disposition)
		to, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = to.Write([]byte(p.content))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), "Content-Type: " + w.FormDataContentType()
}

const (
	uploadMutation = `{"query":"mutation($i: AddCertificateInput!) { addCertificate(input: $i) { clientMutationId } }","variables":{"i":{"identityProviderId":"x","file":null}}}`
	uploadMap      = `{"0":["variables.i.file"]}`
)

// taken keeps what the resolver got.
type taken struct {
	stubMutation
	got *[]byte
}

func (s taken) AddCertificate(_ context.Context, in model.AddCertificateInput) (*model.AddCertificatePayload, error) {
	if f := in.File.Value(); f != nil {
		*s.got = f.Content
	}
	return &model.AddCertificatePayload{UserErrors: []*model.UserError{}}, nil
}

type takes struct {
	*stub
	got *[]byte
}

func (s takes) Mutation() MutationResolver { return taken{got: s.got} }

func uploads(got *[]byte) *Handler {
	return NewHandler(Options{Resolvers: takes{&stub{}, got}, Log: quiet(&stub{}).log})
}

// The file arrives as it was sent, whatever is in it, and leaves nothing behind
// on the disk.
func TestUpload(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var got []byte
	h := uploads(&got)
	for _, content := range []string{"-----BEGIN", "", "\x30\x82\x00\xff\r\n--", strings.Repeat("x", maxFile)} {
		got = nil
		body, contentType := form(t, part{"operations", uploadMutation, ""}, part{"map", uploadMap, ""}, part{"0", content, `../../etc/"passwd`})
		answered := serve(t, h, known(t.Context()), request(http.MethodPost, "/graphql", body, contentType, modern, asked))
		if answered.status != 200 || string(got) != content {
			t.Errorf("%.20q: %d %s, %d bytes arrive", content, answered.status, answered.text, len(got))
		}
		checkForm(t, answered, graphqlJSON, "")
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("%v, %v on the disk", err, left)
	}
}

// A form that is anything but one operation with one file is refused, before the
// file is read where the fault stands in front of it.
func TestUploadRefused(t *testing.T) {
	ops, place, file := part{"operations", uploadMutation, ""}, part{"map", uploadMap, ""}, part{"0", "x", "a.pem"}
	leads := func(path string) []part { return []part{ops, {"map", `{"0":["` + path + `"]}`, ""}, file} }
	for name, c := range map[string]struct {
		parts []part
		code  Code
	}{
		"no part":                      {nil, CodeBadRequest},
		"no file":                      {[]part{ops, place}, CodeBadRequest},
		"no map":                       {[]part{ops, file}, CodeBadRequest},
		"map first":                    {[]part{place, ops, file}, CodeBadRequest},
		"file first":                   {[]part{file, ops, place}, CodeBadRequest},
		"a second file":                {[]part{ops, place, file, {"1", "x", "b.pem"}}, CodeBadRequest},
		"the file twice":               {[]part{ops, place, file, file}, CodeBadRequest},
		"a field behind it":            {[]part{ops, place, file, {"operations", uploadMutation, ""}}, CodeBadRequest},
		"another file than mapped":     {[]part{ops, place, {"1", "x", "a.pem"}}, CodeBadRequest},
		"two files mapped":             {[]part{ops, {"map", `{"0":["variables.i.file"],"1":["variables.i.certificate"]}`, ""}, file}, CodeBadRequest},
		"one file in two places":       {[]part{ops, {"map", `{"0":["variables.i.file","variables.i.certificate"]}`, ""}, file}, CodeBadRequest},
		"no place":                     {[]part{ops, {"map", `{"0":[]}`, ""}, file}, CodeBadRequest},
		"an empty map":                 {[]part{ops, {"map", `{}`, ""}, file}, CodeBadRequest},
		"a map that is none":           {[]part{ops, {"map", `["0"]`, ""}, file}, CodeBadRequest},
		"a map that is no JSON":        {[]part{ops, {"map", `{`, ""}, file}, CodeBadRequest},
		"a long map":                   {[]part{ops, {"map", `{"0":["variables.` + strings.Repeat("i", maxMap) + `"]}`, ""}, file}, CodeRequestTooLarge},
		"a file called operations":     {[]part{ops, {"map", `{"operations":["variables.i.file"]}`, ""}, {"operations", "x", "a"}}, CodeBadRequest},
		"into the query":               {leads("query"), CodeBadRequest},
		"into the operation's name":    {leads("operationName"), CodeBadRequest},
		"into the extensions":          {leads("extensions.persistedQuery.sha256Hash"), CodeBadRequest},
		"over all variables":           {leads("variables"), CodeBadRequest},
		"over a whole input":           {leads("variables.i"), CodeBadRequest},
		"over a value":                 {leads("variables.i.identityProviderId"), CodeBadRequest},
		"into a value":                 {leads("variables.i.identityProviderId.0"), CodeBadRequest},
		"into what is not there":       {leads("variables.i.certificate"), CodeBadRequest},
		"into a new object":            {leads("variables.new.file"), CodeBadRequest},
		"into a prototype":             {leads("variables.__proto__.file"), CodeBadRequest},
		"far down":                     {leads("variables" + strings.Repeat(".i", 20)), CodeBadRequest},
		"an empty step":                {leads("variables..file"), CodeBadRequest},
		"of a batch":                   {[]part{{"operations", "[" + uploadMutation + "]", ""}, {"map", `{"0":["0.variables.i.file"]}`, ""}, file}, CodeBadRequest},
		"an operation that is no JSON": {[]part{{"operations", "mutation", ""}, place, file}, CodeBadRequest},
		"a large operation":            {[]part{{"operations", `{"query":"` + strings.Repeat(" ", maxRequest) + `"}`, ""}, place, file}, CodeRequestTooLarge},
		"a large file":                 {[]part{ops, place, {"0", strings.Repeat("x", maxFile+1), "a"}}, CodeRequestTooLarge},
		"a huge file":                  {[]part{ops, place, {"0", strings.Repeat("x", 2*maxMultipart), "a"}}, CodeRequestTooLarge},
		"a file for a String": {[]part{{"operations", `{"query":"mutation($i: AddCertificateInput!) { addCertificate(input: $i) { clientMutationId } }","variables":{"i":{"identityProviderId":"x","certificate":null}}}`, ""},
			{"map", `{"0":["variables.i.certificate"]}`, ""}, file}, CodeBadUserInput},
		"a file for an ID": {[]part{{"operations", `{"query":"query($i: ID!) { node(id: $i) { id } }","variables":{"i":null}}`, ""}, {"map", `{"0":["variables.i"]}`, ""}, file}, CodeBadUserInput},
		"a file for an object": {[]part{{"operations", `{"query":"mutation($i: AddCertificateInput!) { addCertificate(input: $i) { clientMutationId } }","variables":{"i":null}}`, ""},
			{"map", `{"0":["variables.i"]}`, ""}, file}, CodeBadUserInput},
	} {
		t.Run(name, func(t *testing.T) {
			got := []byte("nothing")
			body, contentType := form(t, c.parts...)
			answered := serve(t, uploads(&got), known(t.Context()), request(http.MethodPost, "/graphql", body, contentType, modern, asked))
			if answered.code() != string(c.code) || answered.status < 400 || string(got) != "nothing" {
				t.Errorf("%d %s", answered.status, answered.text)
			}
		})
	}
}

// A browser sends forms from any page, so a form needs a header that no page of
// another site can send; and a file is nothing that JSON can hold.
func TestUploadForged(t *testing.T) {
	var got []byte
	h := uploads(&got)
	body, contentType := form(t, part{"operations", uploadMutation, ""}, part{"map", uploadMap, ""}, part{"0", "x", "a.pem"})
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"no header":          {[]string{contentType}, http.StatusForbidden},
		"an empty header":    {[]string{contentType, "X-Rollcall-Request: "}, http.StatusForbidden},
		"a cookie":           {[]string{contentType, "Cookie: rollcall_session=x"}, http.StatusForbidden},
		"two content types":  {[]string{contentType, asJSON}, http.StatusForbidden},
		"no boundary":        {[]string{"Content-Type: multipart/form-data", asked}, http.StatusUnsupportedMediaType},
		"another boundary":   {[]string{"Content-Type: multipart/form-data; boundary=other", asked}, http.StatusBadRequest},
		"multipart/mixed":    {[]string{strings.Replace(contentType, "form-data", "mixed", 1), asked}, http.StatusUnsupportedMediaType},
		"compressed":         {[]string{contentType, asked, "Content-Encoding: gzip"}, http.StatusUnsupportedMediaType},
		"in another charset": {[]string{contentType + "; charset=utf-16", asked}, http.StatusUnsupportedMediaType},
	} {
		if answered := serve(t, h, known(t.Context()), request(http.MethodPost, "/graphql", body, append(c.headers, modern)...)); answered.status != c.status {
			t.Errorf("%s: %d %s", name, answered.status, answered.text)
		}
	}
	for _, value := range []string{`"x"`, `{"Content":"eA=="}`, `1`, `[null]`} {
		text := strings.Replace(uploadMutation, `"file":null`, `"file":`+value, 1)
		if answered := serve(t, h, known(t.Context()), request(http.MethodPost, "/graphql", text, asJSON, modern)); answered.code() != string(CodeBadUserInput) || got != nil {
			t.Errorf("%s: %d %s", value, answered.status, answered.text)
		}
	}
}

// A body that ends early, at whatever byte, is refused and never carried out.
func TestUploadCutOff(t *testing.T) {
	body, contentType := form(t, part{"operations", uploadMutation, ""}, part{"map", uploadMap, ""}, part{"0", "content", "a.pem"})
	var got []byte
	h := uploads(&got)
	for n := 0; n < len(body)-4; n += 7 {
		if answered := serve(t, h, known(t.Context()), request(http.MethodPost, "/graphql", body[:n], contentType, modern, asked)); answered.status != 400 || got != nil {
			t.Fatalf("after %d of %d bytes: %d %s", n, len(body), answered.status, answered.text)
		}
	}
}
