package resolvers

import (
	"encoding/base64"

	"github.com/99designs/gqlgen/graphql"

	"rollcall/fault"
	"rollcall/graph/model"
)

// What is given as text, as a file, or by its address.

type (
	maybeText = graphql.Omittable[*string]
	maybeFile = graphql.Omittable[*model.Upload]
)

// origin reads where metadata comes from: the document, pasted or as a file, or
// its address.
func (in *arguments) origin(xml maybeText, file maybeFile, url maybeText) (document, address string) {
	switch given := count(xml.Value() != nil, file.Value() != nil, url.Value() != nil); {
	case in.err != nil:
	case given > 1:
		in.err = fault.New(fault.InvalidValue, "Give the document, a file or the address, and not two of them.").On("url")
	case given == 0:
		in.err = fault.New(fault.Required, "Give the document, a file or the address.").On("xml")
	case file.Value() != nil:
		return string(file.Value().Content), ""
	}
	return text(xml), text(url)
}

// certificate reads a certificate that is pasted or comes as a file.
func (in *arguments) certificate(pasted maybeText, file maybeFile) string {
	switch given := count(pasted.Value() != nil, file.Value() != nil); {
	case in.err != nil:
	case given > 1:
		in.err = fault.New(fault.InvalidValue, "Give the certificate or a file, not both.").On("file")
	case given == 0:
		in.err = fault.New(fault.Required, "Give the certificate or a file.").On("certificate")
	case file.Value() != nil:
		return certificateText(file.Value().Content)
	}
	return text(pasted)
}

// certificateText is a file as what is pasted: DER, which begins with the tag of
// a sequence and is no text, in base64.
func certificateText(content []byte) string {
	const sequence = 0x30 // also the digit 0, with which no other form begins
	if len(content) > 0 && content[0] == sequence {
		return base64.StdEncoding.EncodeToString(content)
	}
	return string(content)
}

// aboutFile moves a fault from the text that the verb read to the file that it
// came in.
func aboutFile(err error, file maybeFile, field string) error {
	f, ok := fault.As(err)
	if !ok || file.Value() == nil || len(f.Field) == 0 || f.Field[0] != field {
		return err
	}
	return f.On(append([]string{"file"}, f.Field[1:]...)...)
}

func count(conditions ...bool) (n int) {
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}
