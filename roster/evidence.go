package roster

import (
	"slices"
	"strings"
	"unicode"

	"gorm.io/gorm"

	"rollcall/models"
)

// domainOf is the domain of an address as domains are stored: lower case, in
// ASCII. An address with another letter in its domain is in no domain that
// counts for anything: letters that only look alike are never the same.
func domainOf(address string) string {
	name := address[strings.LastIndexByte(address, '@')+1:]
	if strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
		return ""
	}
	return strings.ToLower(name)
}

// holds reports whether the team proved by DNS that an address's domain is its own.
func holds(tx *gorm.DB, team models.ID, address string) (bool, error) {
	name := domainOf(address)
	if name == "" {
		return false, nil
	}
	var n int64
	err := tx.Model(&models.Domain{}).Where("name = ? AND held AND team_id = ?", name, team).Count(&n).Error
	return n > 0, err
}

// letsIn reports whether the team lets people with an address in.
func letsIn(settings models.SsoSettings, address string) bool {
	name := domainOf(address)
	return len(settings.AllowedDomains) == 0 || name != "" && slices.Contains(settings.AllowedDomains, name)
}
