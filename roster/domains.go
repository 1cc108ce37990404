package roster

import (
	"slices"
	"strings"

	"gorm.io/gorm"

	"rollcall/domain"
	"rollcall/fault"
	"rollcall/models"
	"rollcall/sso"
)

// mayAssert judges whether a team's identity provider may bring an address that
// nobody has here yet: a new person's, or the new one of somebody known. It may
// not when the team lets in certain domains only and this is none of them, nor
// when another team proved that the domain is its own. What it finds is added to
// the attempt. Members who are known already are not asked: they came before the
// rule, or before the other team. Fault: domain_not_allowed.
func mayAssert(tx *gorm.DB, l *sso.Login, address string) error {
	return mayBring(tx, l.Settings, address, l.Noted)
}

// mayBring is mayAssert without a sign-in: noted is told what was found.
func mayBring(tx *gorm.DB, settings models.SsoSettings, address string, noted func(check string, passed bool, expected, actual string)) error {
	name, ok := domain.Of(address)
	if !ok {
		name = "a name that is no domain"
	}
	if allowed := settings.AllowedDomains; len(allowed) > 0 {
		passed := ok && slices.Contains(allowed, name)
		noted("allowed_domains", passed, strings.Join(allowed, ", "), name)
		if !passed {
			return fault.New(fault.DomainNotAllowed, "The team does not let in addresses in %s.", name)
		}
	}
	holder, err := domain.Holder(tx, address)
	if err != nil || holder == "" {
		return err
	}
	passed := holder == settings.TeamID
	noted("domain_holder", passed, "a domain that no other team holds", name)
	if !passed {
		return fault.New(fault.DomainNotAllowed, "Another team proved that %s is its own.", name)
	}
	return nil
}

// unnoted is for where no attempt is written.
func unnoted(string, bool, string, string) {}

// notForeign refuses, to a provisioning client, an address that nobody has here
// yet in a domain that another team proved to be its own.
func notForeign(tx *gorm.DB, team models.ID, address string) error {
	holder, err := domain.Holder(tx, address)
	if err != nil || holder == "" || holder == team {
		return err
	}
	return foreign()
}

func foreign() *fault.Error {
	return fault.New(fault.AccountConflict, "Another team proved that the domain of this e-mail address is its own.").On("email")
}
