package saml_test

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/internal/idptest"
)

func BenchmarkLogin(b *testing.B) {
	idp := newIDP(b)
	groups := idptest.Attribute{Name: "groups"}
	for n := range 1500 {
		groups.Values = append(groups.Values, fmt.Sprintf("group %d", n))
	}
	for _, c := range []struct {
		name string
		edit func(*idptest.Response)
	}{
		{"one signature", func(r *idptest.Response) {}},
		{"two signatures", func(r *idptest.Response) { r.SignResponse = true }},
		{"1500 groups, one signature", func(r *idptest.Response) { r.Attributes = []idptest.Attribute{groups} }},
		{"1500 groups, two signatures", func(r *idptest.Response) { r.Attributes, r.SignResponse = []idptest.Attribute{groups}, true }},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := good()
			c.edit(&r)
			message := respond(b, idp, r)
			b.ReportAllocs()
			for b.Loop() {
				if a, refusal := judge(message, expecting(idp)); a == nil {
					b.Fatal(refusal)
				}
			}
		})
	}
}

// What a stranger can make us do with one message that is within every limit.
func BenchmarkWorstInBounds(b *testing.B) {
	idp := newIDP(b)
	base := unpacked(b, respond(b, idp, good()))
	spot := "</saml:Issuer>"
	for name, filling := range map[string]string{
		"elements":   strings.Repeat("<a/>", 19_900),
		"comments":   strings.Repeat("<!---->", 35_000),
		"attributes": strings.Repeat(`<a a="" b="" c="" d="" e="" f="" g="" h="" i="" j="" k="" l="" m="" n="" o="" p="" q="" r="" s="" t="" u="" v="" w="" x="" y="" z=""/>`, 1500),
		"deep":       strings.Repeat(strings.Repeat("<a>", 36)+strings.Repeat("</a>", 36), 500),
		"entities":   "<a>" + strings.Repeat("&amp;", 49_000) + "</a>",
		"namespaces": `<a xmlns:a="urn:x" xmlns:b="urn:x" xmlns:c="urn:x" xmlns:d="urn:x" xmlns:e="urn:x" xmlns:f="urn:x" xmlns:g="urn:x" xmlns:h="urn:x">` + strings.Repeat("<a/>", 15_000) + "</a>",
	} {
		message := packed(strings.Replace(base, spot, spot+filling, 1))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if a, _ := judge(message, expecting(idp)); a != nil && name == "" {
					b.Fatal("accepted")
				}
			}
		})
	}
}
