package server

import (
	"bytes"
	"html/template"
	"net/http"
	"strings"

	"rollcall/mail"
)

var mailsPage = template.Must(template.New("mails").Funcs(template.FuncMap{"lines": func(text string) []string { return strings.Split(text, "\n") }, "address": isAddress}).Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Mail of the demo</title>
<style>
:root { color-scheme: light dark }
body { font-family: sans-serif; line-height: 1.5; max-width: 50em; margin: 1em; overflow-wrap: anywhere }
pre { white-space: pre-wrap; padding: .5em; border: 1px solid }
</style></head>
<body>
<h1>Mail of the demo</h1>
{{range .}}<article>
<h2>{{.Subject}}</h2>
<p>To: {{.To}}<br>From: {{.From}}</p>
<pre>{{range $i, $l := lines .Text}}{{if $i}}
{{end}}{{if address $l}}<a href="{{$l}}">{{$l}}</a>{{else}}{{$l}}{{end}}{{end}}</pre>
</article>
{{else}}<p>Nothing was sent yet.</p>
{{end}}</body>
</html>
`))

// isAddress reports whether a line of a mail is an address to follow.
func isAddress(line string) bool {
	return strings.HasPrefix(line, "http://") && !strings.ContainsAny(line, " \t")
}

// showMails is the demo's page of what was sent.
func showMails(sent *mail.Capture) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		var page bytes.Buffer
		if err := mailsPage.Execute(&page, sent.Latest()); err != nil {
			plain(w, http.StatusInternalServerError, "the page cannot be written\n")
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		h.Set("Cache-Control", "no-store")
		_, _ = w.Write(page.Bytes())
	}
}
