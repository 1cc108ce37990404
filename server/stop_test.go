package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// A server that is asked to stop has written down every provisioning call that it
// answered, also those of its last second.
func TestStopLosesNoCalls(t *testing.T) {
	path := program(t)
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		address := freeAddress(t)
		database := "ROLLCALL_DATABASE_URL=" + src.DSN
		if src.Dialect == models.SQLite {
			database = "ROLLCALL_DATABASE_URL=sqlite:" + src.DSN
		}
		first := start(t, path, address, []string{database})
		h := &house{t: t, url: "http://" + address}
		for line := range first.lines {
			if _, key, ok := strings.Cut(line, "once: "); ok {
				h.operator = key
				break
			}
		}
		_, secret, base := setUp(h, "acme", newBrowser(t).get(newForeign(t).url+"/metadata").body)
		const calls = 30
		for i := range calls {
			body := fmt.Sprintf(`{"userName":"user%d@acme.test"}`, i)
			if made := newBrowser(t).send(http.MethodPost, base+"/Users", "application/scim+json", body, "Authorization", "Bearer "+secret); made.StatusCode != http.StatusCreated {
				t.Fatalf("%d %s", made.StatusCode, made.body)
			}
		}
		if err := first.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := first.cmd.Wait(); err != nil {
			t.Errorf("the process ended with %v", err)
		}
		start(t, path, address, []string{database})
		kept := h.query(newBrowser(t), h.operator, `query { team(slug: "acme") { scimCalls(first: 1) { totalCount } memberships(first: 1) { totalCount } } }`, nil)
		if n, people := at(kept.Data, "team", "scimCalls", "totalCount"), at(kept.Data, "team", "memberships", "totalCount"); n != float64(calls) || people != float64(calls) {
			t.Errorf("%v calls and %v people: %v", n, people, kept)
		}
	})
}
