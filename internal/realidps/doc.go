// Package realidps signs people in to a real rollcall process through identity
// providers that nobody here wrote: Auth0's samlp, SimpleSAMLphp, pysaml2,
// LemonLDAP::NG and crewjam's samlidp. Everything goes through the doors that
// customers use: the GraphQL API with the operator key of the first start, the
// pages that a browser sees, and SCIM.
//
// It is all tests, under the build tag realidps, because it needs packages of
// other ecosystems; scripts/e2e-idps installs them and runs it. What is tried
// is the table in table_test.go. A row that needs something that rollcall
// cannot do yet says so in the table and in the report of every run.
package realidps
