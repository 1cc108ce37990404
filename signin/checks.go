package signin

import (
	"strings"

	"rollcall/models"
)

// checkTitles are the checks of a sign-in in the words of its page. The record
// and the API have their names.
var checkTitles = map[string]string{
	"base64":                       "Encoding of the form",
	"size":                         "Size of the message",
	"xml":                          "XML",
	"structure":                    "Structure of the message",
	"ids":                          "Ids of its elements",
	"form":                         "Form of the message",
	"query":                        "Query of the address",
	"message":                      "Kind of message",
	"version":                      "SAML version",
	"issuer":                       "Issuer",
	"not_on_or_after":              "End of its validity",
	"response":                     "SAML response",
	"response_version":             "SAML version of the response",
	"status":                       "Status that the provider reports",
	"destination":                  "Address that the response was sent to",
	"binding":                      "How the message was sent",
	"identity_provider":            "Identity provider of the team",
	"settings":                     "Settings of the team",
	"certificates":                 "Certificates that are trusted",
	"signature_form":               "Form of the signatures",
	"signature":                    "Signature",
	"response_signature":           "Signature of the response",
	"assertion_signature":          "Signature of the assertion",
	"response_issuer":              "Issuer of the response",
	"assertion":                    "Place of the assertion",
	"assertion_present":            "Assertion",
	"assertion_version":            "SAML version of the assertion",
	"assertion_issuer":             "Issuer of the assertion",
	"issuer_format":                "Form of the issuer",
	"encryption":                   "Encryption",
	"decryption":                   "Decryption of the assertion",
	"name_id_decryption":           "Decryption of the NameID",
	"issue_instant":                "Time of the assertion",
	"conditions":                   "Conditions",
	"conditions_window":            "Time that the conditions allow",
	"conditions_not_before":        "Start of the conditions",
	"conditions_not_on_or_after":   "End of the conditions",
	"audience":                     "Audience",
	"subject_confirmation":         "Confirmation of the person",
	"confirmation_window":          "Time that the confirmation allows",
	"confirmation_not_before":      "Start of the confirmation",
	"confirmation_not_on_or_after": "End of the confirmation",
	"recipient":                    "Recipient",
	"in_response_to":               "Request that it answers",
	"request":                      "Request of this browser",
	"replay":                       "First use of the assertion",
	"turn":                         "Number of messages at a time",
	"flood":                        "Number of messages at a time",
	"authn_statement":              "Statement of a login",
	"authn_instant":                "Time of the login there",
	"force_authn":                  "Login that was asked for anew",
	"authn_context":                "Kind of login there",
	"session_not_on_or_after":      "End of the session there",
	"mfa_evidence":                 "Evidence of a second factor",
	"name_id":                      "NameID",
	"name_id_format":               "Format of the NameID",
	"email":                        "E-mail address",
	"membership":                   "Membership",
}

// checkLine is a check as a page shows it.
type checkLine struct {
	Title string
	models.AttemptCheck
}

// checkLines sorts a record's checks by how they ended, each in the record's order.
// One that did not run is no failure: what it looks for is optional, or an
// earlier one failed.
func checkLines(checks []models.AttemptCheck) (failed, skipped, passed []checkLine) {
	for _, c := range checks {
		title, ok := checkTitles[c.Name]
		if !ok {
			title = plainName(c.Name)
		}
		line := checkLine{title, c}
		switch c.Status {
		case "pass":
			passed = append(passed, line)
		case "skipped":
			skipped = append(skipped, line)
		default:
			failed = append(failed, line)
		}
	}
	return failed, skipped, passed
}

// plainName is the name of a check that has no title, such as a newer release's.
func plainName(name string) string {
	words := strings.ReplaceAll(name, "_", " ")
	if words == "" {
		return "Check"
	}
	return strings.ToUpper(words[:1]) + words[1:]
}
