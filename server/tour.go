package server

import (
	"context"
	"io"
	"text/template"

	"rollcall/credential"
	"rollcall/models"
)

// tourKeys are what the tour shows.
type tourKeys struct{ URL, IDP, Mail, Operator, Scim string }

// demoKeys makes the credentials of the tour.
func (r *Rooms) demoKeys(ctx context.Context, team models.ID) (tourKeys, error) {
	operator, err := r.Credentials.FirstOperatorKey(ctx)
	if err != nil {
		return tourKeys{}, err
	}
	_, token, err := r.Credentials.CreateScimToken(ctx, credential.NewScimToken{TeamID: team, Name: "demo"})
	return tourKeys{Operator: operator, Scim: token}, err
}

// tour is six lines between the rulers, each a step. They need bash, curl and
// sed and nothing else; a test pastes them.
var tour = template.Must(template.New("tour").Parse(`
Rollcall is running on a throw-away database with the team acme.

  Sign in           {{.URL}}/saml/acme
  GraphQL           {{.URL}}/graphql
  GraphiQL          {{.URL}}/graphiql/
  SCIM              {{.URL}}/scim/acme/v2
  Test IdP          {{.IDP}}
  Operator API key  {{.Operator}}
  SCIM token        {{.Scim}}
  Mail              {{.Mail}}  and in the log, on standard error

In a browser: open the sign-in address, choose Ada, press Continue; you are signed in.
Whoever is new confirms their e-mail address first: open the link on the page Mail and
press its button. Then paste lines 1 and 5 of the tour into a terminal and load the
sign-in page again: you are out.

The whole tour in a terminal (bash and curl), line by line or all at once:
------------------------------------------------------------------------
U={{.URL}} I={{.IDP}} K={{.Operator}} S={{.Scim}} J=$(mktemp)
R=$(curl -s -c $J -o /dev/null -w '%{redirect_url}' $U/saml/acme/init); A=$(curl -s --data "${R#*\?}" --data-urlencode nameid=ada@acme.test $I/login | sed -n 's/.*name="SAMLResponse" value="\([^"]*\)".*/\1/p' | sed 's/&#43;/+/g')
curl -s -b $J -c $J -o /dev/null -w 'signed in: HTTP %{http_code}\n' --data-urlencode "SAMLResponse=$A" $U/saml/acme/finalize
curl -s -b $J -H 'Content-Type: application/json' -d '{"query":"{ viewer { user { email } session { team { slug } nameId } } }"}' $U/graphql; echo
ID=$(curl -s -H "Authorization: Bearer $S" "$U/scim/acme/v2/Users?filter=userName%20eq%20%22ada@acme.test%22" | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p'); curl -s -X DELETE -o /dev/null -w 'removed by SCIM: HTTP %{http_code}\n' -H "Authorization: Bearer $S" $U/scim/acme/v2/Users/$ID
curl -s -b $J -H 'Content-Type: application/json' -d '{"query":"{ viewer { user { email } } }"}' $U/graphql; echo
------------------------------------------------------------------------
All lines need what line 1 sets. Ctrl-C ends the demo and deletes its database.

`))

func writeTour(out io.Writer, keys tourKeys) error { return tour.Execute(out, keys) }
