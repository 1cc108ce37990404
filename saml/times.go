package saml

import (
	"strconv"
	"strings"
	"time"

	"rollcall/fault"
)

// stamp writes an instant as records show it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func itoa(n int) string { return strconv.Itoa(n) }

// instant reads an xs:dateTime. SAML wants UTC (SAML core, section 1.3.3); an
// offset is understood too. A time without any zone could be off by half a
// day either way, so it is refused, with words that say so.
func instant(v string) (t time.Time, problem string) {
	t, err := time.Parse(time.RFC3339Nano, v)
	switch {
	case err == nil:
		return t.UTC(), ""
	case len(v) >= len("2006-01-02T15:04:05") && !strings.ContainsAny(v[len("2006-01-02"):], "Zz+-"):
		return time.Time{}, "the time " + bounded(v) + " has no time zone; it must end in Z"
	}
	return time.Time{}, "the time " + bounded(v) + " cannot be read"
}

// within records whether now lies in [notBefore, notOnOrAfter) give or take
// the skew. Either bound may be "". name is the prefix of the two checks.
func (s *sheet) within(name, notBefore, notOnOrAfter string, now time.Time, skew time.Duration) {
	before := s.failures()
	from, noFrom := instant(notBefore)
	until, noUntil := instant(notOnOrAfter)
	clock := "now " + stamp(now) + " ± " + skew.String()
	if notBefore != "" {
		switch check := name + "_not_before"; {
		case noFrom != "":
			s.fail(fault.AssertionInvalid, check, clock, notBefore, "%s", noFrom)
		case now.Add(skew).Before(from):
			s.fail(fault.AssertionNotYetValid, check, clock, notBefore, "valid from %s, which is %s from now; the clocks differ", stamp(from), from.Sub(now).Round(time.Second))
		default:
			s.pass(check, clock, notBefore)
		}
	}
	if notOnOrAfter != "" {
		switch check := name + "_not_on_or_after"; {
		case noUntil != "":
			s.fail(fault.AssertionInvalid, check, clock, notOnOrAfter, "%s", noUntil)
		case !now.Add(-skew).Before(until):
			s.fail(fault.AssertionExpired, check, clock, notOnOrAfter, "valid until %s, which was %s ago", stamp(until), now.Sub(until).Round(time.Second))
		default:
			s.pass(check, clock, notOnOrAfter)
		}
	}
	if s.failures() == before && noFrom == "" && noUntil == "" && !from.Before(until) { // SAML core, section 2.5.1
		s.fail(fault.AssertionInvalid, name+"_window", "NotBefore before NotOnOrAfter", notBefore+" "+notOnOrAfter, "the time that it is valid ends before it begins")
	}
}
