// Command rollcall shows what a Go program does with Rollcall's GraphQL API: make
// a team, set up its single sign-on, trust the next certificate and retire the one
// before, list who is outside of single sign-on and export the history. It needs
// nothing but Go.
//
//	ROLLCALL_URL=https://rollcall.example.com ROLLCALL_KEY=rck_… go run ./scripts/examples/rollcall outside-sso acme
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// client speaks to one installation with one key.
type client struct{ url, key string }

// userError is what keeps a mutation from changing anything.
type userError struct {
	Code, Message string
	Field         []string
}

func (e userError) Error() string {
	return fmt.Sprintf("%s %s: %s", e.Code, strings.Join(e.Field, "."), e.Message)
}

// ask sends a document and reads its data into out. Every payload among the data
// is looked at for user errors.
func (c client) ask(ctx context.Context, document string, variables map[string]any, out any) error {
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return fmt.Errorf("HTTP %d: %w", res.StatusCode, err)
	}
	if len(answer.Errors) > 0 {
		return errors.New(answer.Errors[0].Message)
	}
	var payloads map[string]json.RawMessage
	if err := json.Unmarshal(answer.Data, &payloads); err != nil {
		return err
	}
	for _, raw := range payloads {
		var p struct{ UserErrors []userError }
		if json.Unmarshal(raw, &p) == nil && len(p.UserErrors) > 0 {
			return p.UserErrors[0]
		}
	}
	return json.Unmarshal(answer.Data, out)
}

func (c client) createTeam(ctx context.Context, out io.Writer, slug, name string) error {
	var data struct {
		CreateTeam struct{ Team struct{ ID string } }
	}
	err := c.ask(ctx, `mutation($input: CreateTeamInput!) { createTeam(input: $input) { team { id } userErrors { code field message } } }`,
		map[string]any{"input": map[string]any{"slug": slug, "name": name, "plan": "ENTERPRISE"}}, &data)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, data.CreateTeam.Team.ID)
	return err
}

// team is what the commands need to know of a team.
type team struct {
	ID          string
	SsoSettings struct {
		DefaultIdentityProvider struct{ ID string }
	}
}

func (c client) team(ctx context.Context, slug string) (team, error) {
	var data struct{ Team *team }
	err := c.ask(ctx, `query($slug: String!) { team(slug: $slug) { id ssoSettings { defaultIdentityProvider { id } } } }`, map[string]any{"slug": slug}, &data)
	if err == nil && data.Team == nil {
		err = fmt.Errorf("there is no team %s, or it is not yours to see", slug)
	}
	if err != nil {
		return team{}, err
	}
	return *data.Team, nil
}

func (c client) configureSso(ctx context.Context, out io.Writer, slug, file string) error {
	t, err := c.team(ctx, slug)
	if err != nil {
		return err
	}
	xml, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var data struct {
		EnableSso struct{ SsoSettings struct{ LoginURL string } }
	}
	err = c.ask(ctx, `mutation($import: ImportMetadataInput!, $enable: EnableSsoInput!) {
		importMetadata(input: $import) { identityProvider { id } userErrors { code field message } }
		enableSso(input: $enable) { ssoSettings { loginUrl } userErrors { code field message } } }`,
		map[string]any{"import": map[string]any{"teamId": t.ID, "xml": string(xml)}, "enable": map[string]any{"teamId": t.ID, "skipLoginTest": true}}, &data)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, data.EnableSso.SsoSettings.LoginURL)
	return err
}

func (c client) addCertificate(ctx context.Context, out io.Writer, slug, file string) error {
	t, err := c.team(ctx, slug)
	if err != nil {
		return err
	}
	certificate, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var data struct {
		AddCertificate struct {
			Certificate struct{ FingerprintSha256 string }
		}
	}
	err = c.ask(ctx, `mutation($input: AddCertificateInput!) { addCertificate(input: $input) { certificate { fingerprintSha256 } userErrors { code field message } } }`,
		map[string]any{"input": map[string]any{"identityProviderId": t.SsoSettings.DefaultIdentityProvider.ID, "certificate": string(certificate)}}, &data)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, data.AddCertificate.Certificate.FingerprintSha256)
	return err
}

// retireCertificates removes the certificates that another one took over from. One
// can go when a younger one has verified a sign-in: the IdP signs with that one
// now. Until then both are trusted, and nobody is kept out.
func (c client) retireCertificates(ctx context.Context, out io.Writer, slug string) error {
	type certificate struct {
		ID         string
		CreatedAt  time.Time
		LastUsedAt *time.Time
	}
	var data struct {
		Team *struct {
			SsoSettings struct {
				DefaultIdentityProvider struct{ Certificates []certificate }
			}
		}
	}
	err := c.ask(ctx, `query($slug: String!) { team(slug: $slug) { ssoSettings { defaultIdentityProvider { certificates { id createdAt lastUsedAt } } } } }`, map[string]any{"slug": slug}, &data)
	if err == nil && data.Team == nil {
		err = fmt.Errorf("there is no team %s, or it is not yours to see", slug)
	}
	if err != nil {
		return err
	}
	all := data.Team.SsoSettings.DefaultIdentityProvider.Certificates
	var newest time.Time
	for _, cert := range all {
		if cert.LastUsedAt != nil && cert.CreatedAt.After(newest) {
			newest = cert.CreatedAt
		}
	}
	for _, cert := range all {
		if !cert.CreatedAt.Before(newest) {
			continue
		}
		var done struct {
			RemoveCertificate struct{ DeletedCertificateID string }
		}
		err := c.ask(ctx, `mutation($input: RemoveCertificateInput!) { removeCertificate(input: $input) { deletedCertificateId userErrors { code field message } } }`,
			map[string]any{"input": map[string]any{"certificateId": cert.ID}}, &done)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, done.RemoveCertificate.DeletedCertificateID); err != nil {
			return err
		}
	}
	return nil
}

// page is a part of a list of whatever.
type page struct {
	Nodes    []json.RawMessage
	PageInfo struct {
		HasNextPage bool
		EndCursor   *string
	}
}

// list writes every node of a connection of the team as a line of JSON.
func (c client) list(ctx context.Context, out io.Writer, slug, connection, selection string) error {
	document := `query($slug: String!, $after: String) { team(slug: $slug) { list: ` + connection + ` { nodes ` + selection + ` pageInfo { hasNextPage endCursor } } } }`
	var after *string
	for {
		var data struct{ Team *struct{ List page } }
		if err := c.ask(ctx, document, map[string]any{"slug": slug, "after": after}, &data); err != nil {
			return err
		}
		if data.Team == nil {
			return fmt.Errorf("there is no team %s, or it is not yours to see", slug)
		}
		for _, node := range data.Team.List.Nodes {
			if _, err := fmt.Fprintf(out, "%s\n", node); err != nil {
				return err
			}
		}
		if !data.Team.List.PageInfo.HasNextPage {
			return nil
		}
		after = data.Team.List.PageInfo.EndCursor
	}
}

func (c client) run(ctx context.Context, out io.Writer, args []string) error {
	switch {
	case len(args) == 3 && args[0] == "create-team":
		return c.createTeam(ctx, out, args[1], args[2])
	case len(args) == 3 && args[0] == "configure-sso":
		return c.configureSso(ctx, out, args[1], args[2])
	case len(args) == 3 && args[0] == "add-certificate":
		return c.addCertificate(ctx, out, args[1], args[2])
	case len(args) == 2 && args[0] == "retire-certificates":
		return c.retireCertificates(ctx, out, args[1])
	case len(args) == 2 && args[0] == "outside-sso":
		return c.list(ctx, out, args[1], `memberships(first: 100, after: $after, filter: {underSso: false, status: ACTIVE})`, `{ role source user { email } }`)
	case len(args) == 2 && args[0] == "export-audit":
		return c.list(ctx, out, args[1], `auditEvents(first: 100, after: $after, direction: ASC)`, `{ id at action actorLabel targetLabel details { name value } changes { field before after } }`)
	default:
		return errors.New("commands: create-team SLUG NAME, configure-sso SLUG FILE, add-certificate SLUG FILE, retire-certificates SLUG, outside-sso SLUG, export-audit SLUG")
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c := client{url: os.Getenv("ROLLCALL_URL"), key: os.Getenv("ROLLCALL_KEY")}
	if err := c.run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		cancel()
		os.Exit(1)
	}
}
