package scim_test

import (
	"strconv"
	"strings"
	"testing"
)

func init() {
	for _, b := range bulks {
		d := demand{section: "7644 3.7", method: "POST", path: "/Bulk", body: bulkURN + b.rest + "}", status: 200, want: b.want}
		for i, status := range strings.Fields(b.statuses) {
			d.want += " Operations/" + strconv.Itoa(i) + `/status="` + status + `"`
		}
		d.want += " Operations/" + strconv.Itoa(len(strings.Fields(b.statuses))) + "-"
		demands = append(demands, d)
	}
	demands = append(demands,
		demand{"7644 3.7", "POST", "/Bulk", "", `{"Operations":[{"method":"DELETE","path":"/Users/{ada}"}]}`, 200, `Operations/0/status="204"`},
		demand{"7644 3.7", "POST", "/Bulk", "", patchURN + `[{"method":"DELETE","path":"/Users/{ada}"}]}`, 400, `scimType="invalidSyntax"`},
		demand{"7644 3.7", "POST", "/Bulk", "", bulkURN + `"Operations":"x"}`, 400, `scimType="invalidSyntax"`},
		demand{"7644 3.7", "POST", "/Bulk", "", `{"schemas":`, 400, `scimType="invalidSyntax"`},
		demand{"7644 3.7.3", "POST", "/Bulk", "", bulkURN + `"failOnErrors":"x","Operations":[{"method":"DELETE","path":"/Users/{ada}"}]}`, 400, `scimType="invalidValue"`},
	)
}

// bulks is what a bulk request holds and the statuses of its operations: as many as
// are answered, and no more.
var bulks = []struct{ rest, statuses, want string }{
	// Section 3.7.3: the answer to each kind of operation. The data of a PATCH may be
	// the list of operations alone, as it is shown there.
	{`"failOnErrors":1,"Operations":[
		{"method":"POST","path":"/Users","bulkId":"qwerty","data":{"schemas":["` + userURN + `"],"userName":"x@acme.test"}},
		{"method":"PUT","path":"/Users/{bob}","version":"W/\"1\"","data":{"userName":"bob@acme.test","title":"T"}},
		{"method":"PATCH","path":"/Users/{bob}","version":"W/\"2\"","data":[{"op":"remove","path":"title"},{"op":"add","path":"nickName","value":"B"}]},
		{"method":"DELETE","path":"/Users/{bob}","version":"W/\"3\"","bulkId":"gone"}]`, "201 200 200 204",
		`schemas/0="urn:ietf:params:scim:api:messages:2.0:BulkResponse" Operations/0/bulkId="qwerty" Operations/0/method="POST" Operations/0/location! Operations/0/version="W/\"1\"" Operations/0/response- ` +
			`Operations/1/version="W/\"2\"" Operations/1/location="` + atAcme + `/Users/{bob}" Operations/2/version="W/\"3\"" Operations/3/bulkId="gone" Operations/3/location="` + atAcme + `/Users/{bob}" Operations/3/version-`},
	{`"Operations":[{"method":"PATCH","path":"/Groups/{team}","data":{"Operations":[{"op":"add","path":"members","value":[{"value":"{bob}"}]}]}}]`, "204",
		`Operations/0/location="` + atAcme + `/Groups/{team}" Operations/0/version!`},
	{`"Operations":[{"method":"put","path":"Users/{bob}/","data":{"userName":"bob@acme.test"}}]`, "200", `Operations/0/method="PUT"`},
	{`"Operations":[{"method":"DELETE","path":"/Groups/{team}"},{"method":"PUT","path":"/Groups/{team}","data":{"displayName":"x"}}]`, "204 404", ``},

	// Section 3.7: errors of an operation are in its response, and its location is
	// told unless nothing was made.
	{`"Operations":[{"method":"PUT","path":"/Users/{bob}","version":"W/\"9\"","data":{"userName":"x@acme.test"}}]`, "412",
		`Operations/0/response/status="412" Operations/0/response/schemas/0="urn:ietf:params:scim:api:messages:2.0:Error" Operations/0/location="` + atAcme + `/Users/{bob}"`},
	{`"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"BOB@acme.test"}}]`, "409",
		`Operations/0/response/scimType="uniqueness" Operations/0/bulkId="a" Operations/0/location-`},
	{`"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{}}]`, "400", `Operations/0/response/scimType="invalidValue"`},
	{`"Operations":[{"method":"PATCH","path":"/Users/{bob}","data":{"schemas":["urn:x:y"],"Operations":[{"op":"add","path":"title","value":"x"}]}}]`, "400", `Operations/0/response/scimType="invalidSyntax"`},
	{`"Operations":[{"method":"PATCH","path":"/Users/{bob}","data":"x"},{"method":"PATCH","path":"/Users/{bob}"},{"method":"PATCH","path":"/Users/{bob}","data":[]}]`, "400 400 400", ``},
	{`"Operations":[{"path":"/Users","bulkId":"a","data":{}},{"method":"POST","bulkId":"b","data":{}},{"method":"POST","path":"/Users","data":{"userName":"x@acme.test"}}]`, "400 400 400", ``},
	{`"Operations":[{"method":"POST","path":"/Bulk","bulkId":"a","data":{}},{"method":"POST","path":"/Users/.search","bulkId":"b","data":{}},{"method":"POST","path":"/Me","bulkId":"c","data":{}}]`, "400 400 400", ``},

	// Section 3.7.2: references.
	{`"Operations":[{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"G","members":[{"value":"bulkId:u"}]}},{"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"x@acme.test"}}]`, "201 201", ``},
	{`"Operations":[{"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"x@acme.test"}},{"method":"PATCH","path":"/Groups/{team}","data":[{"op":"add","path":"members","value":[{"value":"bulkId:u"}]}]}]`, "201 204", ``},
	{`"Operations":[{"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"x@acme.test"}},{"method":"PATCH","path":"/Users/bulkId:u","data":[{"op":"add","path":"title","value":"T"}]},{"method":"DELETE","path":"/Users/bulkId:u"}]`, "201 200 204", ``},
	{`"Operations":[{"method":"POST","path":"/Users","bulkId":"u","data":{}},{"method":"PATCH","path":"/Groups/{team}","data":[{"op":"add","path":"members","value":[{"value":"bulkId:u"}]}]}]`, "400 409", ``},
	{`"Operations":[{"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"x@acme.test"}},{"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"y@acme.test"}}]`, "201 400", ``},
	{`"Operations":[{"method":"POST","path":"/Groups","bulkId":"a","data":{"displayName":"A","members":[{"type":"Group","value":"bulkId:b"}]}},{"method":"POST","path":"/Groups","bulkId":"b","data":{"displayName":"B","members":[{"type":"Group","value":"bulkId:a"}]}}]`, "400 409", ``},

	// Section 3.7.3: failOnErrors.
	{`"failOnErrors":1,"Operations":[{"method":"DELETE","path":"/Users/a"},{"method":"DELETE","path":"/Users/{ada}"}]`, "404", ``},
	{`"failOnErrors":2,"Operations":[{"method":"DELETE","path":"/Users/a"},{"method":"DELETE","path":"/Users/{ada}"},{"method":"DELETE","path":"/Users/b"},{"method":"DELETE","path":"/Users/{bob}"}]`, "404 204 404", ``},
	{`"Operations":[{"method":"DELETE","path":"/Users/a"},{"method":"DELETE","path":"/Users/b"},{"method":"DELETE","path":"/Users/{bob}"}]`, "404 404 204", ``},
}

// RFC 7644 section 3.7.4: what is too much is refused as a whole, with the limit.
func TestBulkLimits(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.acme
		c.create("bob@acme.test")
		many := strings.Repeat(`{"method":"POST","path":"/Users","bulkId":"x","data":{"userName":"x@acme.test"}},`, 1000)
		for body, limit := range map[string]string{
			`"Operations":[` + many + `{}]`:            "1000",
			`"x":"` + strings.Repeat("y", 1<<20) + `"`: "1048576",
		} {
			a := c.bulk(body).want(413, "")
			if detail, _ := a.at("detail").(string); !strings.Contains(detail, limit) {
				t.Errorf("%s does not tell %s", detail, limit)
			}
		}
		c.do("GET", "/Users", "").want(200, "").has(1, "totalResults")
	})
}
