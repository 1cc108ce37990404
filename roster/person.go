package roster

import (
	"cmp"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
)

const (
	// maxEmail is the longest address (RFC 5321 section 4.5.3.1.3, without the
	// angle brackets).
	maxEmail = 254
	// maxPersonName is the longest name of a person, in characters.
	maxPersonName = 200
)

// Person is what a door knows of somebody.
type Person struct {
	Email, Name, GivenName, FamilyName string
}

// proper trims the person's values and judges them. Names that cannot be shown
// are refused, not mended: what is stored is what was sent.
func (p *Person) proper() error {
	p.Email = strings.TrimSpace(p.Email)
	if !isAddress(p.Email) {
		return fault.New(fault.InvalidValue, "It is not an e-mail address of at most %d characters.", maxEmail).On("email")
	}
	for _, n := range []struct {
		field string
		value *string
	}{{"name", &p.Name}, {"givenName", &p.GivenName}, {"familyName", &p.FamilyName}} {
		*n.value = strings.TrimSpace(*n.value)
		if utf8.RuneCountInString(*n.value) > maxPersonName || !models.Legible(*n.value) {
			return fault.New(fault.InvalidValue, "A name may have %d printable characters.", maxPersonName).On(n.field)
		}
	}
	return nil
}

// named fills in the given and the family name that clients of SCIM expect of
// everybody: Okta imports nobody without both. What is known stays; the rest is
// taken from the name that others see, else from the address. A single word
// stands for both.
func (p Person) named() Person {
	if p.GivenName != "" && p.FamilyName != "" {
		return p
	}
	given, family := splitName(p.Name)
	if given == "" && !reachesNobody(p.Email) {
		local, _, _ := strings.Cut(p.Email, "@")
		local, _, _ = strings.Cut(local, "+")
		given, family = splitName(strings.NewReplacer(".", " ", "_", " ").Replace(local))
	}
	p.GivenName = cmp.Or(p.GivenName, given, p.FamilyName)
	p.FamilyName = cmp.Or(p.FamilyName, family, p.GivenName)
	return p
}

// splitName takes a name apart: the last word is the family's, unless a comma
// says which part is.
func splitName(name string) (given, family string) {
	if before, after, ok := strings.Cut(name, ","); ok && strings.TrimSpace(before) != "" && strings.TrimSpace(after) != "" {
		return strings.TrimSpace(after), strings.TrimSpace(before)
	}
	words := strings.Fields(name)
	if len(words) == 0 {
		return "", ""
	}
	last := len(words) - 1
	return strings.Join(words[:max(last, 1)], " "), words[last]
}

// ProperAddress trims an e-mail address and judges it. Fault: INVALID.
func ProperAddress(address string) (string, error) {
	p := Person{Email: address}
	err := p.proper()
	return p.Email, err
}

// isAddress accepts what mail systems in use accept: one @ that splits a local
// part from a domain, printable, without spaces, quotes and angle brackets.
func isAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-1 && strings.IndexByte(s, '@') == at && len(s) <= maxEmail &&
		models.Printable(s) && !strings.ContainsAny(s, " \"<>()[],;:\\")
}

// presentable is what can be shown of a name that another system keeps.
func presentable(name string) string {
	name = strings.TrimSpace(models.MadeLegible(name))
	if utf8.RuneCountInString(name) > maxPersonName {
		name = strings.TrimSpace(models.MadeLegible(string([]rune(name)[:maxPersonName])))
	}
	return name
}

// newUser inserts an account. It returns ErrAgain when another transaction
// made one with the same address at this moment.
func (s *Service) newUser(tx *gorm.DB, p Person, kind models.UserKind, origin models.UserOrigin, manager *models.ID) (models.User, error) {
	u, err := s.account(p, kind, origin, manager)
	if err != nil {
		return u, err
	}
	b, made := models.NewBatch(tx), int64(0)
	text, args := insertUser(&u)
	b.Add(&made, text, args...)
	return u, oneMade(b, &made)
}

// account is a new account with what every one has, not written yet.
func (s *Service) account(p Person, kind models.UserKind, origin models.UserOrigin, manager *models.ID) (models.User, error) {
	id, err := models.NewID()
	if err != nil {
		return models.User{}, err
	}
	if p.Email == "" {
		p.Email = noAddress(id)
	}
	now := s.now()
	u := models.User{
		ID: id, Kind: kind, Origin: origin, Email: p.Email, EmailKey: models.Fold(p.Email),
		Name: p.Name, GivenName: p.GivenName, FamilyName: p.FamilyName, ManagedByTeamID: manager, CreatedAt: now, UpdatedAt: now,
	}
	if origin != models.OriginSso {
		// An operator, the holder of the mailbox or the team's directory vouches for
		// the address. Who comes just in time is asked: see askToConfirm.
		u.VerifiedAt = &now
	}
	return u, nil
}

func insertUser(u *models.User) (text string, args []any) {
	into, marks, args := models.Insertion(u)
	return "INSERT INTO " + into + " VALUES (" + marks + ") ON CONFLICT (email_key) DO NOTHING", args
}

// oneMade runs a batch that is to make one row, and is ErrAgain when it did not.
func oneMade(b *models.Batch, made *int64) error {
	err := b.Run()
	if err == nil && *made == 0 {
		err = models.ErrAgain
	}
	return err
}

// userByEmail finds the account with an address, locked.
func userByEmail(tx *gorm.DB, address string) (u models.User, found bool, err error) {
	query := "SELECT " + userColumnList() + " FROM users u WHERE u.email_key = ?"
	if tx.Name() == "postgres" { // SQLite's writing transactions take turns
		query += " FOR UPDATE"
	}
	found, err = one(tx.Raw(query, models.Fold(address)), models.Fields(&u)...)
	return u, found, err
}

// newMembership inserts a membership with what every new one has, of an account
// that exists or, if it is fresh, is written with it. It returns ErrAgain when
// another transaction took the place of either at this moment.
func (s *Service) newMembership(tx *gorm.DB, m models.Membership, fresh *models.User) (models.Membership, error) {
	id, err := models.NewID()
	if err != nil {
		return m, err
	}
	now := s.now()
	m.ID, m.UserNameKey, m.Revision, m.CreatedAt, m.UpdatedAt = id, models.Fold(m.UserName), 1, now, now
	b, made := models.NewBatch(tx), int64(0)
	into, marks, args := models.Insertion(&m)
	values := "VALUES (" + marks + ")"
	if fresh != nil {
		text, account := insertUser(fresh)
		b.AddNamed("account", "id", nil, text, account...)
		source, of := b.From("account", "users WHERE id = ?", fresh.ID)
		values, args = "SELECT "+marks+" FROM "+source, append(args, of...)
	}
	b.Add(&made, "INSERT INTO "+into+" "+values+" ON CONFLICT DO NOTHING", args...)
	return m, oneMade(b, &made)
}
