package graph

import (
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"rollcall/graph/model"
)

const (
	multipartForm = "multipart/form-data"
	// maxFile is the largest file, in bytes: as much as metadata may have.
	maxFile = 512 << 10
	// maxMultipart is the largest body with a file in it. The server reads bodies
	// of up to 600 KiB before it looks at the caller.
	maxMultipart = 600 << 10
	// maxMap is the longest text that says where the file belongs, in bytes, and
	// maxMapDepth how many steps lead there.
	maxMap      = 1 << 10
	maxMapDepth = 6
)

// readMultipart reads an operation with a file, as the GraphQL multipart request
// specification has it (github.com/jaydenseric/graphql-multipart-request-spec):
// the parts operations, map and one file, in this order. A browser sends such a
// form with cookies from any page, so it needs a header that other pages cannot
// send. Nothing is written to a disk.
func readMultipart(w http.ResponseWriter, r *http.Request, boundary string) (parameters, *refusal) {
	if !preflighted(r.Header) {
		return parameters{}, refuse(CodePreflight, "A multipart request needs the header X-Rollcall-Request, so that other sites cannot forge it.")
	}
	if boundary == "" {
		return parameters{}, refuse(CodeUnsupportedType, "The Content-Type needs a boundary.")
	}
	form := multipart.NewReader(http.MaxBytesReader(w, r.Body, maxMultipart), boundary)
	// 1. The operation.
	text, no := readPart(form, "operations", maxRequest)
	if no != nil {
		return parameters{}, no
	}
	p, no := readJSON(text)
	if no != nil {
		return parameters{}, no
	}
	// 2. Where the file belongs. The place is judged before the file is read.
	if text, no = readPart(form, "map", maxMap); no != nil {
		return parameters{}, no
	}
	name, path, no := readMap(text)
	if no != nil {
		return parameters{}, no
	}
	into, last := placeOf(p.variables, path)
	if into == nil {
		return parameters{}, refuse(CodeBadRequest, "The part map has to lead to a variable that is null.")
	}
	// 3. The file, and nothing behind it.
	content, no := readPart(form, name, maxFile)
	if no != nil {
		return parameters{}, no
	}
	if _, err := form.NextRawPart(); !errors.Is(err, io.EOF) {
		return parameters{}, partRefusal(err, "A request holds one file and nothing behind it.")
	}
	into[last] = model.Upload{Content: content}
	return p, nil
}

// readPart reads the next part, which has to have the name, and no more than
// most bytes.
func readPart(form *multipart.Reader, name string, most int64) ([]byte, *refusal) {
	part, err := form.NextRawPart()
	if err != nil || part.FormName() != name {
		return nil, partRefusal(err, "The parts of the body have to be operations, map and the file that map names, in this order.")
	}
	text, err := io.ReadAll(io.LimitReader(part, most+1))
	switch {
	case err != nil:
		return nil, partRefusal(err, "The body did not arrive whole.")
	case int64(len(text)) > most:
		return nil, refuse(CodeRequestTooLarge, "A part of the body is larger than the limit: 256 KiB for operations, 1 KiB for map, 512 KiB for the file.")
	default:
		return text, nil
	}
}

// partRefusal tells what is wrong with a form, without repeating any of it.
func partRefusal(err error, message string) *refusal {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return refuse(CodeRequestTooLarge, "The body is larger than 600 KiB.")
	}
	return refuse(CodeBadRequest, message)
}

// readMap reads the name of the one file and the path of the one variable that
// it belongs to.
func readMap(text []byte) (name string, path []string, no *refusal) {
	const shape = `The part map has to be an object with one file and one path, like {"0": ["variables.input.file"]}.`
	var files map[string][]string
	if err := json.Unmarshal(text, &files); err != nil || len(files) != 1 {
		return "", nil, refuse(CodeBadRequest, shape)
	}
	for name, paths := range files {
		if len(paths) != 1 || slices.Contains([]string{"", "operations", "map"}, name) {
			break
		}
		steps := strings.Split(paths[0], ".")
		if steps[0] != "variables" || len(steps) < 2 || len(steps) > maxMapDepth {
			break
		}
		return name, steps[1:], nil
	}
	return "", nil, refuse(CodeBadRequest, shape)
}

// placeOf follows a path through objects. It is nil unless there is a null at
// the end of it.
func placeOf(variables map[string]any, path []string) (into map[string]any, last string) {
	into, last = variables, path[len(path)-1]
	for _, step := range path[:len(path)-1] {
		into, _ = into[step].(map[string]any) // nil holds nothing
	}
	if v, there := into[last]; !there || v != nil {
		return nil, ""
	}
	return into, last
}
