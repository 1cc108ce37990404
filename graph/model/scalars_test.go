package model

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func TestDateTime(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-01T12:30:00Z":           `"2026-03-01T12:30:00Z"`,
		"2026-03-01T12:30:00.123456Z":    `"2026-03-01T12:30:00.123456Z"`,
		"2026-03-01T02:30:00+05:30":      `"2026-02-28T21:00:00Z"`,
		"2026-03-01T12:30:00.500-00:00":  `"2026-03-01T12:30:00.5Z"`,
		"2026-03-01":                     "",
		"2026-03-01 12:30:00Z":           "",
		"2026-03-01T12:30:00":            "",
		"2026-02-30T12:30:00Z":           "",
		"tomorrow":                       "",
		"2026-03-01T12:30:00Z swordfish": "",
	} {
		at, err := UnmarshalDateTime(text)
		if want == "" {
			checkBad(t, text, err)
			continue
		}
		var out bytes.Buffer
		MarshalDateTime(at).MarshalGQL(&out)
		if err != nil || out.String() != want || at.Location() != time.UTC {
			t.Errorf("%s becomes %s, %v", text, out.String(), err)
		}
	}
	_, err := UnmarshalDateTime(int64(12))
	checkBad(t, "12", err)
}

func TestURL(t *testing.T) {
	for text, good := range map[string]bool{
		"https://idp.example.com/sso?x=1#y": true, "http://localhost:8080": true,
		"": false, "/sso": false, "idp.example.com/sso": false, "mailto:a@b.c": false, "https://": false, "https://[": false, "https:///x": false,
	} {
		got, err := UnmarshalURL(text)
		if good && (err != nil || got != text) {
			t.Errorf("%s: %q, %v", text, got, err)
		}
		if !good {
			checkBad(t, text, err)
		}
	}
	_, err := UnmarshalURL(true)
	checkBad(t, "true", err)
	_, err = UnmarshalX509Certificate(1.5)
	checkBad(t, "1.5", err)
	var out bytes.Buffer
	MarshalURL("https://x.test/\"\n").MarshalGQL(&out)
	MarshalX509Certificate("-----BEGIN\n").MarshalGQL(&out)
	if want := `"https://x.test/\"\n""-----BEGIN\n"`; out.String() != want {
		t.Errorf("%s, not %s", out.String(), want)
	}
}

// checkBad wants an error that does not repeat the value.
func checkBad(t *testing.T, text string, err error) {
	t.Helper()
	var bad BadInput
	if !errors.As(err, &bad) || len(text) > 20 && bytes.Contains([]byte(err.Error()), []byte(text)) {
		t.Errorf("%q is answered %v", text, err)
	}
}
