package server_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// What happens on one server reaches the streams of another on the same
// PostgreSQL without waiting for them to look.
func TestStreamOnTheOtherReplica(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		if src.Dialect == models.SQLite {
			return // one process has the file
		}
		one := boot(t, src)
		// The first operator key is shown once, by the first server.
		two := bootBeside(t, src, one.operator)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		heard, letGo := two.rooms.DB.Follow()
		done := make(chan struct{}, 2)
		for _, h := range []*house{one, two} {
			go func() { h.rooms.DB.CarryNews(ctx, h.rooms.Log); done <- struct{}{} }()
		}
		defer func() { cancel(); <-done; <-done }()
		<-heard // it listens
		letGo()

		team := textAt(one.mutate(`mutation { createTeam(input: {slug: "acme", name: "Acme", plan: ENTERPRISE}) { team { id } userErrors { code field message } } }`, nil), "team", "id")
		body := fmt.Sprintf(`{"query":"subscription($team: ID!) { auditEventAdded(teamId: $team) { action } }","variables":{"team":%q}}`, team)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, two.url+"/graphql", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "text/event-stream")
		req.Header.Set("Authorization", "Bearer "+one.operator)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		lines := bufio.NewReader(res.Body)
		for i := range 3 {
			begin := time.Now()
			one.mutate(`mutation($team: ID!, $name: String!) { updateTeam(input: {teamId: $team, name: $name}) { team { id } userErrors { code field message } } }`,
				map[string]any{"team": team, "name": fmt.Sprint("Acme ", i)})
			for {
				line, err := lines.ReadString('\n')
				if err != nil {
					t.Fatalf("the stream broke: %v", err)
				}
				if strings.Contains(line, `"team.changed"`) {
					break
				}
			}
			t.Logf("event %d reached the other replica within %s, its change included", i, time.Since(begin))
		}
	})
}
