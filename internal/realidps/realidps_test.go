//go:build realidps

package realidps

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// report is what a run tells at its end.
var report = struct {
	lines    []string        // one for each row and database
	signedIn map[string]bool // databases with the identity providers through which somebody got in
}{signedIn: map[string]bool{}}

func note(database string, r row, outcome string, args ...any) {
	report.lines = append(report.lines, fmt.Sprintf("%-8s  %-19s  %-30s  ", database, r.idp, r.name)+fmt.Sprintf(outcome, args...))
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, line := range report.lines {
		fmt.Println(line)
	}
	os.Exit(code)
}

// TestRealIdentityProviders tries every row of the table on both databases.
func TestRealIdentityProviders(t *testing.T) {
	var names []string
	rows := map[string][]row{}
	for _, r := range table {
		if rows[r.idp] == nil {
			names = append(names, r.idp)
		}
		rows[r.idp] = append(rows[r.idp], r)
	}
	housetest.EachEmpty(t, func(t *testing.T, src models.Source) {
		server := startRollcall(t, src)
		for _, name := range names {
			t.Run(name, func(t *testing.T) { tryAll(t, server, string(src.Dialect), name, rows[name]) })
		}
		server.keptQuiet(t)
	})
	if flag.Lookup("test.run").Value.String() != "" {
		return // somebody asked for a part
	}
	for _, database := range []models.Dialect{models.SQLite, models.Postgres} {
		for _, name := range []string{samlp, simplesamlphp, pysaml2, lemonldap, samlidp256} {
			if !report.signedIn[string(database)+" "+name] {
				t.Errorf("nobody signed in through %s on %s", name, database)
			}
		}
	}
}

// tryAll sets up a team for each row, runs the identity provider with all of
// them as its service providers, and tries the rows.
func tryAll(t *testing.T, server *rollcall, database, name string, rows []row) {
	slug := strings.ReplaceAll(name, " ", "-")
	neighbour := newTrial(t, server, row{idp: name}, slug+"-neighbour")
	services := []service{neighbour.service}
	trials := make([]*trial, len(rows)) // nil for rows that cannot run
	for i, r := range rows {
		if r.ready() || r.without != "" {
			trials[i] = newTrial(t, server, r, fmt.Sprintf("%s-%d", slug, i))
			services = append(services, trials[i].service)
		}
	}
	running := starters[name](t, services)
	neighbour.connect(running)
	neighbour.allowUnsolicited()
	for i, c := range trials {
		if c == nil {
			note(database, rows[i], "NOT RUN: rollcall has no %s yet", rows[i].needs)
			continue
		}
		c.neighbour = neighbour.service
		c.connect(running)
		passed := t.Run(c.name, func(t *testing.T) {
			c.t = t
			c.try()
		})
		switch {
		case !passed:
			note(database, c.row, "FAILED")
		case !c.ready():
			note(database, c.row, "refused with %s; the rest was NOT RUN: rollcall has no %s yet", c.without, c.needs)
		case c.refused != "":
			note(database, c.row, "refused with %s", c.refused)
		default:
			note(database, c.row, "works")
			report.signedIn[database+" "+name] = true
		}
	}
}
