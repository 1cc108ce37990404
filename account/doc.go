// Package account is how people prove themselves without an identity provider:
// a password, a second factor, a passkey, a code from a sheet of paper, a link
// from a mail. Whether somebody may come in that way at all is models.OwnLogin's
// to say, and it is asked at every sign-in, whatever was proved before it.
//
// A sign-in goes through steps, each a row with a secret that only the browser
// has, and each used once:
//
//	Password    what was typed is judged                              signin.go
//	factor      a code or a passkey, when the person has one          factor.go
//	enrol       an admin of a team that enforces makes one first      enrol.go
//	team        which one, when several would let them in             open.go
//	            and then there is a session                           open.go
//
// Nothing here tells a stranger who has an account. A guess costs the same work
// whether there is somebody to guess at or not (hash.go), guesses are counted
// for the address that was typed and not for an account (guess.go), and whoever
// asks for a new password gets the same answer at the same time (reset.go).
package account
