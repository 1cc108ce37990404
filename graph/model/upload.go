package model

import "io"

// Upload is what a file of the request holds. Its name and its media type are
// whatever the sender wrote there, so nobody looks at them.
type Upload struct{ Content []byte }

// UnmarshalGQL implements graphql.Unmarshaler. The value is a file that the
// edge put into the variables; no JSON value stands for one.
func (u *Upload) UnmarshalGQL(v any) error {
	file, ok := v.(Upload)
	if !ok {
		return BadInput("a file is sent in a multipart request, with null in its place")
	}
	*u = file
	return nil
}

// MarshalGQL implements graphql.Marshaler. It is there for gqlgen: no field has
// this type.
func (Upload) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, "null") }
