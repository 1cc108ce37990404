package roster_test

import (
	"testing"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/roster"
)

// Provisioning that is switched off writes nothing more, however long before the
// request was let in: a bulk request of a thousand operations is many
// transactions.
func TestProvisioningOffInTheMiddle(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.provision(wanted("one@acme.test"))
		g, err := h.CreateGroup(h.scim(), h.team.ID, roster.NewGroup{DisplayName: "Admins"})
		h.must(err)
		_, err = h.UpdateProvisioning(h.operator(), h.team.ID, roster.ProvisioningChange{ScimEnabled: ptr(false)})
		h.must(err)
		_, err = h.ProvisionScim(h.scim(), h.team.ID, wanted("two@acme.test"))
		ended(h, "create", err, fault.Forbidden)
		out := present(m)
		out.Active = false
		_, err = h.UpdateScim(h.scim(), h.team.ID, m.ID, out)
		ended(h, "deactivate", err, fault.Forbidden)
		ended(h, "remove", h.RemoveScim(h.scim(), h.team.ID, m.ID, 0), fault.Forbidden)
		_, err = h.ChangeGroup(h.scim(), h.team.ID, g.ID, []roster.GroupChange{{Add: []roster.GroupRef{{ID: m.ID}}}}, 0)
		ended(h, "group", err, fault.Forbidden)
		ended(h, "delete the group", h.DeleteGroup(h.scim(), h.team.ID, g.ID, 0), fault.Forbidden)
		got, found := h.find(m.ID)
		same(t, "the member", []any{found, got.Status}, []any{true, models.StatusActive})
	})
}
