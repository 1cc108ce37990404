package signin

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"rollcall/fault"
)

// TestEveryReasonHasANotice holds the table against fault's: a new code of a
// refused sign-in needs a sentence, or the decision that it looks like all.
func TestEveryReasonHasANotice(t *testing.T) {
	listed := map[fault.Code]bool{}
	for _, e := range fault.Table {
		if string(e.Code) == strings.ToLower(string(e.Code)) {
			listed[e.Code] = true
			if _, ok := notices[e.Code]; !ok {
				t.Errorf("%s has no notice", e.Code)
			}
		}
	}
	for code, n := range notices {
		if !listed[code] {
			t.Errorf("%s is not in fault's table", code)
		}
		if n.sentence == "" || strings.Contains(n.sentence, string(code)) || !strings.HasSuffix(n.sentence, ".") || strings.Count(n.sentence, ".") != 1 {
			t.Errorf("%s: not one sentence: %q", code, n.sentence)
		}
	}
}

func TestStatuses(t *testing.T) {
	for code, want := range map[fault.Code]int{
		fault.TeamNotFound: 404, fault.SsoNotEnabled: 404, fault.ConnectionDraft: 404,
		fault.SignatureInvalid: 400, fault.CertExpired: 400, fault.AssertionReplayed: 400, fault.CertificateMissing: 400,
		fault.ResponseTooLarge: 413, fault.ResponseWrongBinding: 405, fault.LoginLimited: 429, fault.LoginInternal: 500,
		fault.RequestUnknown: 400, fault.RequestExpired: 400, fault.RequestMismatch: 400, fault.IdpInitiatedDisabled: 403,
		fault.IdpDeclined: 403, fault.UserDeactivated: 403, fault.UserRemoved: 403, fault.LoginAccountConflict: 403, fault.EmailMissing: 400,
		fault.InternalError: 500, fault.Missing: 404, fault.RateLimited: 429, fault.NotSignedIn: 400, fault.Forbidden: 400, fault.Clash: 400,
	} {
		if got := noticeOf(fault.New(code, "x")).status; got != want {
			t.Errorf("%s: %d, want %d", code, got, want)
		}
	}
	if n := noticeOf(errors.New("the database is gone")); n.status != http.StatusInternalServerError || n.sentence != ours.sentence {
		t.Errorf("a failure of ours: %+v", n)
	}
}

// TestKinds covers every kind of fault, so that a new one cannot be told as a
// failure of ours by mistake.
func TestKinds(t *testing.T) {
	for _, k := range fault.Kinds {
		n, status := noticeOfKind(k), statusOf(k)
		if (n.sentence == ours.sentence) != (k == fault.Internal) || (status == http.StatusInternalServerError) != (k == fault.Internal) {
			t.Errorf("%v: %d %q", k, status, n.sentence)
		}
	}
}
