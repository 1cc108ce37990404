package scim

import (
	"strings"
	"time"

	"rollcall/models"
	"rollcall/roster"
)

// timeFormat is an xsd:dateTime in UTC (RFC 7643 section 2.3.5).
const timeFormat = "2006-01-02T15:04:05.000Z"

// location is the absolute address of a User.
func (c call) location(m roster.Member) string { return c.base + "/Users/" + string(m.ID) }

// document is a member as SCIM sees them. Everything comes from what is
// stored; a deactivated member is as visible as any other.
func (c call) document(m roster.Member) document {
	d := document{
		"schemas":  []string{urnUser},
		"id":       string(m.ID),
		"userName": m.UserName,
		"active":   m.Status == models.StatusActive,
		"emails":   []document{{"value": m.User.Email, "type": "work", "primary": true}},
		"meta": document{
			"resourceType": "User",
			"created":      m.CreatedAt.UTC().Format(timeFormat),
			"lastModified": later(m.UpdatedAt, m.User.UpdatedAt).UTC().Format(timeFormat),
			"location":     c.location(m),
		},
	}
	name := document{}
	for _, t := range []struct {
		into        document
		name, value string
	}{
		{d, "externalId", value(m.ExternalID)},
		{d, "displayName", m.User.Name},
		{name, "givenName", m.User.GivenName},
		{name, "familyName", m.User.FamilyName},
	} {
		if t.value != "" {
			t.into[t.name] = t.value
		}
	}
	if len(name) > 0 {
		d["name"] = name
	}
	return d
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// scimUser is what the roster needs of a document. current is the member who
// is changed, nil for a new one. "active" that is absent is not "true": it
// leaves a member as they are, so that nobody comes back by an omission.
func (d document) scimUser(current *roster.Member) (roster.ScimUser, error) {
	u := roster.ScimUser{
		UserName: d.text("userName"), Active: true,
		Name: d.text("displayName"), GivenName: d.complex("name").text("givenName"), FamilyName: d.complex("name").text("familyName"),
	}
	if u.Name == "" {
		u.Name = d.complex("name").text("formatted")
	}
	if id := d.text("externalId"); id != "" {
		u.ExternalID = &id
	}
	if active, ok := d["active"].(bool); ok {
		u.Active = active
	} else if current != nil {
		u.Active = current.Status == models.StatusActive
	}
	var err error
	u.Email, err = d.email(current)
	return u, err
}

// email chooses the one address that is kept: of emails the primary one, else
// the one of type work, else the first; else the userName if it is an address.
// A member who has an address keeps it when the document names no other,
// because a deactivation must not fail for want of one.
func (d document) email(current *roster.Member) (string, error) {
	chosen := pick(d.list("emails"))
	userName := d.text("userName")
	switch {
	case chosen != "" && (looksLikeAddress(chosen) || current != nil && chosen == current.User.Email):
		return chosen, nil
	case chosen != "":
		return "", bad(typeInvalidValue, "emails.value must be an e-mail address.")
	case current != nil && (models.Fold(userName) == models.Fold(current.UserName) || !looksLikeAddress(userName)):
		return current.User.Email, nil
	case looksLikeAddress(userName):
		return strings.TrimSpace(userName), nil
	}
	return "", bad(typeInvalidValue,
		"An e-mail address is required: map one to emails[type eq \"work\"].value, or use addresses as userName.")
}

func pick(emails []document) string {
	var first, work string
	for _, e := range emails {
		address := strings.TrimSpace(e.text("value"))
		switch {
		case address == "":
			continue
		case e.flag("primary"):
			return address
		case work == "" && strings.EqualFold(e.text("type"), "work"):
			work = address
		case first == "":
			first = address
		}
	}
	if work != "" {
		return work
	}
	return first
}

// looksLikeAddress is a coarse look; the roster has the last word.
func looksLikeAddress(s string) bool {
	local, domain, ok := strings.Cut(strings.TrimSpace(s), "@")
	return ok && local != "" && domain != "" && !strings.ContainsAny(s, "<>\"(),;:\\") &&
		!strings.ContainsFunc(strings.TrimSpace(s), func(r rune) bool { return r <= ' ' || r == 0x7f }) &&
		!strings.Contains(domain, "@")
}
