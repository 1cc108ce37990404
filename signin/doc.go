// Package signin is the door for people and their browsers: a few pages, the
// start of a SAML sign-in, the address that takes its answer, and sign-out. It
// decides nothing. Whether an answer is genuine is said by sso, who comes in by
// roster, and what a cookie is worth by credential; this room carries the
// values between them and a browser, and says in one sentence what went wrong.
//
// A sign-in that starts here goes
//
//	GET  /saml/acme            a page with a link                     begin.go
//	GET  /saml/acme/init       flow cookie, on to the IdP             begin.go
//	POST /saml/acme/finalize   sso.Judge, roster.SignIn, cookie, 303  acs.go
//
// One that meets an account of its owner's own asks them first
//
//	GET  /upgrade              the question, and the link of a mail   upgrade.go
//	POST /upgrade              roster.AgreeToUpgrade, and once more   upgrade.go
//	                           through the identity provider
//
// and one that ends
//
//	POST /signout              session closed, on to the IdP          logout.go
//	     /saml/acme/logout     sso.Logout: requests and answers       logout.go
//
// Three things keep strangers out of it. The flow cookie binds the answer to
// the browser that asked, so nobody can be signed in to somebody else's
// account. The way back is a path of this installation and nothing else. And
// whatever is wrong with an answer, the browser is told the same, except where
// the person can do something about it: table notices.go.
//
// The pages need no script and load nothing from anywhere else. One has a line
// of script, which presses its button.
package signin
