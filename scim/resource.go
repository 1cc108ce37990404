package scim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/models"
	"rollcall/roster"
)

// timeFormat is an xsd:dateTime in UTC (RFC 7643 section 2.3.5).
const timeFormat = "2006-01-02T15:04:05.000Z"

// location is the absolute address of a resource.
func (c call) location(t *resourceType, id models.ID) string {
	return c.base + t.endpoint + "/" + string(id)
}

// userVersion is the weak ETag of a User. The membership's revision moves with
// everything but the groups, which are pushed by the thousand.
func userVersion(m roster.Member) string {
	if len(m.Groups) == 0 {
		return `W/"` + strconv.Itoa(m.Revision) + `"`
	}
	sum := fnv.New64a()
	for _, g := range m.Groups {
		_, _ = sum.Write([]byte(string(g.ID) + g.DisplayName + "\x00")) // never fails
	}
	return fmt.Sprintf(`W/"%d-%x"`, m.Revision, sum.Sum64())
}

func groupVersion(g models.Group) string { return `W/"` + strconv.Itoa(g.Revision) + `"` }

// live is what of a User comes from the roster's columns.
func (c call) live(m roster.Member) document {
	d := document{
		"schemas":  []string{urnUser},
		"id":       string(m.ID),
		"userName": m.UserName,
		"active":   m.Status == models.StatusActive,
		"meta": document{
			"resourceType": "User",
			"created":      m.CreatedAt.UTC().Format(timeFormat),
			"lastModified": m.UpdatedAt.UTC().Format(timeFormat),
			"location":     c.location(userType, m.ID),
			"version":      userVersion(m),
		},
	}
	if m.ExternalID != nil {
		d["externalId"] = *m.ExternalID
	}
	d["schemas"] = append([]string{urnUser}, extensionsOf(m.Profile.Document)...)
	if len(m.Groups) > 0 {
		groups := make([]document, len(m.Groups))
		for i, g := range m.Groups {
			groups[i] = document{
				"value": string(g.ID), "display": g.DisplayName, "type": "direct", "$ref": c.location(groupType, g.ID),
			}
		}
		d["groups"] = groups
	}
	return d
}

// document is a member as SCIM sees them. A deactivated member is as visible as
// any other.
func (c call) document(m roster.Member) (document, error) {
	d, err := stored(userType, m.Profile.Document)
	if err != nil {
		return nil, err
	}
	for name, value := range c.live(m) {
		d[name] = value
	}
	return d, nil
}

// shown is a member as they are answered. Unless something is left out, what is
// kept as text is passed on as text.
func (c call) shown(m roster.Member, show projection) (any, error) {
	if !show.all() {
		d, err := c.document(m)
		return show.of(userType, d), err
	}
	out := c.appendLive(make([]byte, 0, len(m.Profile.Document)+len(c.base)+512+len(m.Groups)*256), m)
	kept := m.Profile.Document
	if len(kept) <= len("{}") {
		return json.RawMessage(out), nil
	}
	out[len(out)-1] = ','
	return json.RawMessage(append(out, kept[1:]...)), nil
}

// appendLive writes what live says, without the map in between: a page has a
// hundred of them.
func (c call) appendLive(out []byte, m roster.Member) []byte {
	text := func(name, value string) {
		out = append(append(append(out, '"'), name...), '"', ':')
		out = appendText(out, value)
		out = append(out, ',')
	}
	out = append(out, `{"schemas":["`+urnUser+`"`...)
	for _, urn := range extensionsOf(m.Profile.Document) {
		out = append(append(append(out, `,"`...), urn...), '"')
	}
	out = append(out, `],`...)
	text("id", string(m.ID))
	if m.ExternalID != nil {
		text("externalId", *m.ExternalID)
	}
	text("userName", m.UserName)
	out = append(out, `"active":`...)
	out = strconv.AppendBool(out, m.Status == models.StatusActive)
	if len(m.Groups) > 0 {
		out = append(out, `,"groups":[`...)
		for i, g := range m.Groups {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, '{')
			text("value", string(g.ID))
			text("$ref", c.location(groupType, g.ID))
			text("display", g.DisplayName)
			out = append(out, `"type":"direct"}`...)
		}
		out = append(out, ']')
	}
	out = append(out, `,"meta":{"resourceType":"User",`...)
	out = append(out, `"created":"`...)
	out = m.CreatedAt.UTC().AppendFormat(out, timeFormat)
	out = append(out, `","lastModified":"`...)
	out = m.UpdatedAt.UTC().AppendFormat(out, timeFormat)
	out = append(out, `",`...)
	text("location", c.location(userType, m.ID))
	text("version", userVersion(m))
	out[len(out)-1] = '}'
	return append(out, '}')
}

// appendText writes a JSON string. What needs no escape is copied.
func appendText(out []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			var text bytes.Buffer
			enc := json.NewEncoder(&text)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(s); err != nil {
				return append(out, `""`...) // a string can always be written
			}
			return append(out, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...)
		}
	}
	return append(append(append(out, '"'), s...), '"')
}

// extensionsOf lists the extensions that a kept text has something of. Inside of
// a value the quotes of a key would be escaped, so one mention is the key.
func extensionsOf(kept string) []string {
	const enterprise = `"` + urnEnterprise + `":`
	switch mentions := strings.Count(kept, `"urn:`) + strings.Count(kept, `"URN:`); {
	case mentions == 0:
		return nil
	case mentions == 1 && strings.Contains(kept, enterprise):
		return onlyEnterprise
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal([]byte(kept), &keys); err != nil {
		return nil // it was written by us
	}
	var out []string
	for name, value := range keys {
		if strings.HasPrefix(lower(name), "urn:") && bytes.HasPrefix(bytes.TrimSpace(value), []byte("{")) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

var onlyEnterprise = []string{urnEnterprise}

// groupDocument is a group as SCIM sees it.
func (c call) groupDocument(g roster.GroupWithMembers) (document, error) {
	d, err := stored(groupType, g.Document)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]any{
		"schemas":     append([]string{urnGroup}, extensionsOf(g.Document)...),
		"id":          string(g.ID),
		"displayName": g.DisplayName,
		"meta": document{
			"resourceType": "Group",
			"created":      g.CreatedAt.UTC().Format(timeFormat),
			"lastModified": g.UpdatedAt.UTC().Format(timeFormat),
			"location":     c.location(groupType, g.ID),
			"version":      groupVersion(g.Group),
		},
	} {
		d[name] = value
	}
	if g.ExternalID != nil {
		d["externalId"] = *g.ExternalID
	}
	// Without people the list is there and empty: clients count what is in it.
	members := make([]document, len(g.Members))
	for i, m := range g.Members {
		members[i] = document{"value": string(m.ID), "type": "User", "$ref": c.location(userType, m.ID)}
		if m.Display != "" {
			members[i]["display"] = m.Display
		}
	}
	d["members"] = members
	return d, nil
}

// scimUser is what the roster needs of a document. current is the member who
// is changed, nil for a new one. "active" that is absent is not "true": it
// leaves a member as they are, so that nobody comes back by an omission.
func (d document) scimUser(current *roster.Member) (roster.ScimUser, error) {
	u := roster.ScimUser{
		UserName: d.text("userName"), Active: true, Email: d.email(),
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
	if current != nil && u.Email == strings.TrimSpace(u.UserName) && pick(d.list("emails")) == "" &&
		models.Fold(u.UserName) == models.Fold(current.UserName) {
		u.Email = "" // nothing was said about the address: it stays
	}
	var err error
	u.Profile, err = d.profile()
	return u, err
}

// email chooses the address of the account: of emails the primary one, else the
// one of type work, else the first; else the userName if it is an address. What
// is no address is kept in the document and is nobody's.
func (d document) email() string {
	if chosen := pick(d.list("emails")); chosen != "" {
		if !looksLikeAddress(chosen) {
			return ""
		}
		return chosen
	}
	if userName := strings.TrimSpace(d.text("userName")); looksLikeAddress(userName) {
		return userName
	}
	return ""
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
	s = strings.TrimSpace(s)
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && len(s) <= maxAddress && models.Printable(s) && !strings.ContainsAny(s, " <>\"()[],;:\\") &&
		!strings.Contains(domain, "@")
}

// maxAddress is the longest address (RFC 5321 section 4.5.3.1.3).
const maxAddress = 254

// parseTime reads a date of a filter: RFC 3339, and without a zone UTC.
func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
