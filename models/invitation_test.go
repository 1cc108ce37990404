package models_test

import (
	"testing"

	"rollcall/models"
)

// Whoever invited is named by their address, and by nothing else.
func TestInviter(t *testing.T) {
	for label, want := range map[string]string{
		"root@acme.test": "root@acme.test", "root@acme.test (ci)": "root@acme.test", "root@acme.test (a (b))": "root@acme.test",
		"first start": "", "rollcall": "", "": "",
	} {
		if got := (models.Invitation{InvitedBy: label}).Inviter(); got != want {
			t.Errorf("%q is named %q, want %q", label, got, want)
		}
	}
}
