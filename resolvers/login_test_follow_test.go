package resolvers

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"rollcall/internal/housetest"
	"rollcall/models"
	"rollcall/roster"
	"rollcall/sso"
)

// startedTest is a test login of acme's that waits for its answer.
func (d *desk) startedTest(t *testing.T) models.LoginTest {
	t.Helper()
	p, err := d.SSO.CreateIdentityProvider(operator(t), sso.NewIdentityProvider{
		TeamID: d.acme.team.ID, EntityID: d.idp.EntityID, SsoURL: d.idp.SSOURL, Certificates: []string{d.idp.CertificatePEM()},
	})
	if err != nil {
		t.Fatal(err)
	}
	test, err := d.SSO.StartLoginTest(operator(t), d.acme.team.ID, &p.ID)
	if err != nil {
		t.Fatal(err)
	}
	return test
}

func awaiting(test models.LoginTest) string {
	return fmt.Sprintf(`subscription { loginTestFinished(testId: %q) { id state code effect url } }`, test.GlobalID())
}

// keepLooking has the stream look again and again until the test ends, whether or
// not it still does.
func (l *listener) keepLooking() {
	go func() {
		for {
			select {
			case l.tick <- time.Time{}:
			case <-l.t.Context().Done():
				return
			}
		}
	}()
}

// rest reads a stream to its end and returns the data in it.
func (l *listener) rest() string {
	l.t.Helper()
	text, err := io.ReadAll(l.body)
	if err != nil {
		l.t.Fatalf("the stream broke: %v", err)
	}
	return string(text)
}

// The stream of a test login tells its end once, and ends with it.
func TestLoginTestFinished(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		test := d.startedTest(t)
		l := d.listenTo(t, d.actor(t, d.acme.admin), awaiting(test))
		l.look()
		housetest.Update(t, d.db, &models.LoginTest{}, map[string]any{"state": models.TestPassed, "effect": "CREATED", "finished_at": d.clock.Now()}, "id = ?", test.ID)
		l.keepLooking()
		if event, data := l.next(); event != "next" || !strings.Contains(data, `"id":"`+test.GlobalID()+`","state":"PASSED"`) {
			t.Errorf("%s %s", event, data)
		}
		if rest := l.rest(); strings.Contains(rest, "event: next") || !strings.Contains(rest, "event: complete") {
			t.Errorf("after the end: %q", rest)
		}
		// Of one that has ended the end is told at once.
		l = d.listenTo(t, d.actor(t, d.acme.admin), awaiting(test))
		if event, data := l.next(); event != "next" || !strings.Contains(data, `"state":"PASSED"`) {
			t.Errorf("%s %s", event, data)
		}
	})
}

// A test that nobody answered in time has no end to tell of: the stream just ends.
func TestLoginTestExpires(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		test := d.startedTest(t)
		l := d.listenTo(t, d.actor(t, d.acme.admin), awaiting(test))
		l.look()
		d.clock.Advance(test.ExpiresAt.Sub(d.clock.Now()) + time.Second)
		l.keepLooking()
		if rest := l.rest(); strings.Contains(rest, "event: next") || !strings.Contains(rest, "event: complete") {
			t.Errorf("the stream says %q", rest)
		}
	})
}

// The stream is for those who may see the test, and only for as long.
func TestLoginTestFollowedByOthers(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		test := d.startedTest(t)
		for name, m := range map[string]roster.Member{"a member": d.acme.member, "another team's admin": d.globex.admin} {
			l := d.listenTo(t, d.actor(t, m), awaiting(test))
			if rest := l.rest(); strings.Contains(rest, `"state"`) || !strings.Contains(rest, `"errors"`) {
				t.Errorf("%s: %q", name, rest)
			}
		}
		l := d.listenTo(t, d.actor(t, d.acme.admin), awaiting(test))
		second, err := d.Roster.Add(operator(t), roster.NewMember{TeamID: d.acme.team.ID, Kind: models.KindPerson, Role: models.RoleAdmin, Person: roster.Person{Email: "second@acme.test"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Roster.ChangeRole(as(t, second), d.acme.admin.ID, models.RoleMember, nil); err != nil {
			t.Fatal(err)
		}
		housetest.Update(t, d.db, &models.LoginTest{}, map[string]any{"state": models.TestPassed}, "id = ?", test.ID)
		l.keepLooking()
		if rest := l.rest(); strings.Contains(rest, `"state"`) {
			t.Errorf("without the right: %q", rest)
		}
	})
}
