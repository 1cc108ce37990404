package mail

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"strings"
	"sync"
	text "text/template"
	"time"
	"unicode"
)

//go:embed templates
var files embed.FS

// Content is a message before it has a sender and a recipient.
type Content struct{ Subject, Text, HTML string }

// Render writes a message of the catalogue. It fails only for a kind or a
// language that there is not.
func Render(kind Kind, language Language, facts Facts) (Content, error) {
	set, err := catalogue()
	if err != nil {
		return Content{}, err
	}
	t := set[string(language)+"/"+string(kind)]
	if t == nil {
		return Content{}, fmt.Errorf("there is no mail %q in %q", kind, language)
	}
	facts = facts.tidied()
	write := func(part string) (string, error) {
		var b bytes.Buffer
		err := t.ExecuteTemplate(&b, part, facts)
		return strings.TrimSpace(b.String()), err
	}
	subject, err := write("subject")
	if err != nil {
		return Content{}, err
	}
	body, err := write("body")
	if err != nil {
		return Content{}, err
	}
	foot, err := write("foot")
	if err != nil {
		return Content{}, err
	}
	body = squeezed.ReplaceAllString(body, "\n\n") + "\n\n-- \n" + foot + "\n"
	html, err := asHTML(language, subject, body)
	return Content{Subject: oneLine(subject), Text: body, HTML: html}, err
}

// squeezed are the empty lines that template conditions leave.
var squeezed = regexp.MustCompile(`\n{3,}`)

var catalogue = sync.OnceValues(func() (map[string]*text.Template, error) {
	set := map[string]*text.Template{}
	for _, l := range Languages {
		for _, k := range Kinds {
			name := string(l) + "/" + string(k)
			t, err := text.New(name).Funcs(text.FuncMap{"day": dayIn(l), "moment": momentIn(l)}).
				ParseFS(files, "templates/"+string(l)+"/common.txt", "templates/"+name+".txt")
			if err != nil {
				return nil, err
			}
			set[name] = t
		}
	}
	return set, nil
})

// dayIn writes a day in its long form, momentIn a time with its zone.
func dayIn(l Language) func(string) string {
	return func(at string) string { return long(at, "2 January 2006", "2006年1月2日", l) }
}

func momentIn(l Language) func(string) string {
	return func(at string) string { return long(at, "2 January 2006, 15:04 UTC", "2006年1月2日 15:04 UTC", l) }
}

func long(at, english, japanese string, l Language) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return "?"
	}
	if l == Japanese {
		return t.UTC().Format(japanese)
	}
	return t.UTC().Format(english)
}

// tidied takes out of the facts what would break a line: some of them come
// from certificates and from people.
func (f Facts) tidied() Facts {
	for _, s := range []*string{&f.Team, &f.Actor, &f.Provider, &f.Subject, &f.Problem, &f.Name, &f.Prefix, &f.Fingerprint, &f.Email} {
		*s = oneLine(*s)
	}
	changes := make([]string, len(f.Changes))
	for i, c := range f.Changes {
		changes[i] = oneLine(c)
	}
	f.Changes = changes
	several := make([]Facts, len(f.Several))
	for i, one := range f.Several {
		several[i] = one.tidied()
	}
	f.Several = several
	return f
}

// oneLine replaces what is not printable, line breaks and the marks that turn
// the direction of writing among it.
func oneLine(s string) string {
	const most = 300
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if !unicode.IsPrint(r) {
			r = ' '
		}
		if out = append(out, r); len(out) == most {
			break
		}
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

// block is a paragraph of the HTML part, or lines that keep their breaks.
type block struct {
	Kept  bool
	Lines []piece
}

type piece struct {
	Text string
	Link string // set when the whole line is an address
}

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="{{.Language}}" dir="ltr">
<head><meta charset="utf-8"><title>{{.Subject}}</title></head>
<body style="font-family: sans-serif; line-height: 1.5; max-width: 40em; margin: 1em">
{{- range .Blocks}}
{{if .Kept}}<pre style="white-space: pre-wrap; background: #f4f4f4; padding: 0.5em">{{range $i, $l := .Lines}}{{if $i}}
{{end}}{{if $l.Link}}<a href="{{$l.Link}}">{{$l.Text}}</a>{{else}}{{$l.Text}}{{end}}{{end}}</pre>{{else}}<p>{{range $i, $l := .Lines}}{{if $i}}<br>
{{end}}{{if $l.Link}}<a href="{{$l.Link}}">{{$l.Text}}</a>{{else}}{{$l.Text}}{{end}}{{end}}</p>{{end}}
{{- end}}
</body>
</html>
`))

// asHTML turns the text into paragraphs. Lines with two spaces in front keep
// their form, and a line that is an address becomes a link to it.
func asHTML(language Language, subject, body string) (string, error) {
	var blocks []block
	for _, paragraph := range strings.Split(strings.TrimSpace(body), "\n\n") {
		b := block{Kept: strings.HasPrefix(paragraph, "  ")}
		for _, line := range strings.Split(paragraph, "\n") {
			if line == "-- " {
				continue
			}
			p := piece{Text: strings.TrimPrefix(line, "  ")}
			if address := strings.TrimSpace(line); webAddress(address) {
				p.Link = address
			}
			b.Lines = append(b.Lines, p)
		}
		blocks = append(blocks, b)
	}
	var out bytes.Buffer
	err := page.Execute(&out, map[string]any{"Language": string(language), "Subject": subject, "Blocks": blocks})
	return out.String(), err
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && !strings.ContainsAny(s, " \t")
}
