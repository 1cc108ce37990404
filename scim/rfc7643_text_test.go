package scim_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// texts are in every script and of every oddity that JSON can say.
var texts = map[string]string{
	"composed": "José", "decomposed": "Jose\u0301", "right to left": "\u05d0\u05d1 \u0627\u0628", "emoji": "👩\u200d👩\u200d👧 🇩🇪", "four bytes": "𝒳𐍈",
	"Persian": "علی\u200cرضا", "zero width": "a\u200bb\ufeffc", "control": "a\x01b\x1fc", "tab and lines": "a\tb\r\nc", "markup": `<b>&"'</b>`, "backslashes": `a\b/c`,
	"separators": "a\u2028b\u2029c", "delete": "a\x7fb", "noncharacters": "a\ufffeb\uffff", "private": "\ue000", "marks": "Z" + strings.Repeat("\u0301", 50),
	"spaces around": "  a  ", "override": "a\u202eb", "replacement": "a\ufffdb", "next line": "a\u0085b",
}

// Section 2.3.1: what is sent comes back, and is found.
func TestCore2Text(t *testing.T) {
	eachStage(t, func(s *stage) {
		for what, text := range texts {
			sent := map[string]any{
				"displayName": text, "title": text, "name": map[string]any{"familyName": text, "formatted": text},
				"phoneNumbers": []any{map[string]any{"value": text, "type": text}}, entURN: map[string]any{"department": text}, otherURN: map[string]any{"a": text},
			}
			made := s.post(sent)
			if made.status != 201 {
				s.t.Errorf("%s: %s", what, made.text)
				continue
			}
			read := s.do("GET", "/Users/"+made.id(), "").want(200, "")
			changed := s.patch(made.id(), `[{"op":"replace","path":"nickName","value":`+asJSON(s.t, text)+`}]`).want(200, "")
			for name, value := range sent {
				made.equal(what, value, name)
				read.equal(what, value, name)
			}
			changed.equal(what, text, "nickName")
			quoted := asJSON(s.t, text)
			for _, literal := range []string{quoted, escaped(text)} {
				for _, name := range []string{"displayName", "title", "name.familyName", entURN + ":department"} {
					s.do("GET", "/Users?filter="+url.QueryEscape(name+" eq "+literal+` and id eq "`+made.id()+`"`), "").want(200, "").has(1, "totalResults")
				}
			}
		}
	})
}

// escaped writes a JSON string in ASCII alone.
func escaped(text string) string {
	var out strings.Builder
	for _, unit := range utf16Of(text) {
		out.WriteString(`\u`)
		for shift := 12; shift >= 0; shift -= 4 {
			out.WriteByte("0123456789abcdef"[unit>>shift&15])
		}
	}
	return `"` + out.String() + `"`
}

func utf16Of(text string) []uint16 {
	var out []uint16
	for _, r := range text {
		if r -= 0x10000; r >= 0 {
			out = append(out, 0xd800|uint16(r>>10), 0xdc00|uint16(r&0x3ff))
		} else {
			out = append(out, uint16(r+0x10000))
		}
	}
	return out
}

// Names that stand for somebody are one line that can be read: 400, never 500.
func TestCore2Names(t *testing.T) {
	eachStage(t, func(s *stage) {
		for what, row := range map[string]struct {
			text       string
			user, crew int
		}{
			"composed":      {"Jürgen", 201, 201},
			"as decomposed": {"Ju\u0308rgen", 409, 409},
			"capitals":      {"JÜRGEN", 409, 409},
			"right to left": {"\u05d0\u05d1", 201, 201},
			"Persian":       {"علی\u200cرضا", 400, 201},
			"emoji":         {"👩\u200d💻 crew", 400, 201},
			"hidden":        {"Ad\u200dmins", 400, 400},
			"control":       {"a\x01", 400, 400},
			"line":          {"a\nb", 400, 400},
			"override":      {"a\u202eb", 400, 400},
			"blank":         {" \t ", 400, 400},
			"long":          {strings.Repeat("x", 513), 400, 400},
			"very long":     {strings.Repeat("x", 100_000), 400, 400},
		} {
			if what == "as decomposed" || what == "capitals" { // after the first of them
				continue
			}
			s.named(what, row.text, row.user, row.crew)
			if what == "composed" {
				s.named("as decomposed", "Ju\u0308rgen", 409, 409)
				s.named("capitals", "JÜRGEN", 409, 409)
			}
		}
	})
}

func (s *stage) named(what, text string, user, crew int) {
	s.t.Helper()
	for path, row := range map[string]struct {
		name   string
		status int
	}{"/Users": {"userName", user}, "/Groups": {"displayName", crew}} {
		a := s.do("POST", path, `{"`+row.name+`":`+asJSON(s.t, text)+`}`)
		if a.status != row.status {
			s.t.Errorf("%s: %s: %d, must be %d\n%s", path, what, a.status, row.status, a.text)
		}
		if a.status == 201 {
			a.equal(what, text, row.name)
		}
	}
}

// What is no JSON object in UTF-8, or says one thing twice, or half a character,
// is refused at every door with 400 and a SCIM error.
func TestCore2Bodies(t *testing.T) {
	eachStage(t, func(s *stage) {
		bad := map[string]string{
			"blank": "   ", "null": "null", "a list": "[]", "a list of one": `[{"userName":"x@acme.test"}]`, "a text": `"x"`, "a number": "1", "half an object": `{"userName":`,
			"something behind": `{"userName":"x@acme.test"}x`, "two objects": `{"userName":"x@acme.test"}{}`, "UTF-16": "\xff\xfe{\x00}\x00", "Latin-1": "{\"userName\":\"\xfc\"}",
			"single quotes": `{'userName':'x'}`, "no quotes": `{userName:"x"}`, "a comma too many": `{"userName":"x",}`, "a comment": "// c\n{\"userName\":\"x\"}", "NaN": `{"userName":NaN}`,
			"a mark alone": "\ufeff", "deep objects": strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000), "deep lists": `{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}",
			"open lists": strings.Repeat("[", 100_000), "a raw line break": "{\"userName\":\"a\nb\"}", "a leading zero": `{"userName":01}`, "one name twice": `{"a":1,"A":2}`,
			"a high half": `{"userName":"x\ud800"}`, "a low half": `{"userName":"\udc00x"}`, "two high halves": `{"userName":"\ud800\ud800"}`, "halves in the wrong order": `{"userName":"\ude00\ud83d"}`,
			"a half in a name": `{"userName":"x","a\ud83d":1}`, "a half behind a backslash": `{"userName":"\\\ud83d"}`, "a half and a letter": `{"userName":"\ud83d\u0041"}`,
		}
		for what, body := range bad {
			for _, at := range []string{"POST /Users", "PUT /Users/" + s.bob, "PATCH /Users/" + s.bob, "POST /Groups", "POST /Bulk", "POST /Users/.search"} {
				method, path, _ := strings.Cut(at, " ")
				if a := s.do(method, path, body); a.status != 400 {
					s.t.Errorf("%s: %s: %d %s", at, what, a.status, a.text)
				}
			}
		}
		for _, at := range []string{"POST /Users", "PUT /Users/" + s.bob, "PATCH /Users/" + s.bob, "POST /Groups", "POST /Bulk"} {
			method, path, _ := strings.Cut(at, " ")
			s.do(method, path, "").want(400, "invalidSyntax")
		}
		s.do("POST", "/Users", "\ufeff"+s.user(nil)).want(201, "")
		s.do("POST", "/Users", `{"userName":"`+s.name()+`","title":"\ud83d\ude00 \\ud83d"}`).want(201, "").equal("a whole pair", `😀 \ud83d`, "title")
		for _, literal := range []string{`"\ud800"`, `"\ude00\ud83d"`, `"\ud83dx"`} {
			s.do("GET", "/Users?filter="+url.QueryEscape("userName eq "+literal), "").want(400, "invalidFilter")
		}
		for _, name := range []string{"userName", "displayName", "title", "externalId"} {
			body := strings.Replace(s.user(map[string]any{name: "a?b"}), "a?b", `a\u0000b`, 1)
			s.do("POST", "/Users", body).want(400, "invalidValue")
		}
		s.do("GET", "/Users/"+s.bob, "").want(200, "").has("bob@acme.test", "userName")
	})
}

// Texts may have 4,096 characters, of any length in bytes.
func TestCore2Lengths(t *testing.T) {
	eachStage(t, func(s *stage) {
		for _, name := range []string{"displayName", "nickName", "title", "locale", "profileUrl"} {
			text := strings.Repeat("ü", 4096)
			s.post(map[string]any{name: text}).want(201, "").equal("4,096 characters", text, name)
			s.post(map[string]any{name: text + "x"}).want(400, "invalidValue")
		}
		s.post(map[string]any{"emails": []any{map[string]any{"value": strings.Repeat("x", 4000) + "@x.test"}}}).want(201, "")
		s.post(map[string]any{"title": strings.Repeat("x", 1<<20)}).want(413, "")
		s.post(map[string]any{"title": json.Number("123456789012345678901234567890")}).want(400, "invalidValue")
	})
}
