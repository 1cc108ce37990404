package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	validator "github.com/mattermost/xml-roundtrip-validator"
)

// roundTrips asks xml-roundtrip-validator about every token of a document
// that scan accepted: what encoding/xml writes must be what it read, or two
// passes over the same message could see two different ones (CVE-2020-29509,
// -29510, -29511). kinds bounds how many different tags and comments there may
// be, because asking about one costs as much as parsing a hundred; messages
// have some dozens.
//
// An answer depends on nothing but the token, so equal ones are asked about
// once. Text is written character by character, so all of it is asked about
// together; without an escape or a carriage return it is the same before and
// after by its nature.
func roundTrips(doc []byte, kinds int) error {
	d := xml.NewDecoder(bytes.NewReader(doc))
	asked := map[string]bool{}
	var texts []byte
	for {
		from := d.InputOffset()
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return validator.CheckToken(xml.CharData(append(texts, '.')))
		}
		if err != nil {
			return err
		}
		raw := doc[from:d.InputOffset()]
		if text, ok := token.(xml.CharData); ok {
			if !bytes.Equal(text, raw) || bytes.ContainsAny(raw, "&\r") {
				texts = append(append(texts, text...), '\n')
			}
			continue
		}
		// The end tag that <a/> implies has no bytes of its own.
		if len(raw) == 0 || asked[string(raw)] {
			continue
		}
		if len(asked) == kinds {
			return tooLarge("the document has more than %d different tags", kinds)
		}
		asked[string(raw)] = true
		if err := validator.CheckToken(token); err != nil {
			return err
		}
	}
}
