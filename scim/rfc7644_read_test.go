package scim_test

func init() { demands = append(demands, demandsOfReading...) }

const (
	searchURN = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],`
	atAcme    = baseURL + "/scim/{slug}/v2"
)

var demandsOfReading = []demand{
	// Section 2: without a token that fits.
	{"7644 2", "GET", "/Users", "Authorization: ", "", 401, `status="401" scimType- #Www-Authenticate="Bearer_realm=\"rollcall\""`},
	{"7644 2", "POST", "/Users", "Authorization: Basic YTpi", `{"userName":"x@acme.test"}`, 401, `#Www-Authenticate="Bearer_realm=\"rollcall\""`},
	{"7644 2", "DELETE", "/Users/{ada}", "Authorization: Bearer x", "", 401, `#Www-Authenticate="Bearer_realm=\"rollcall\",_error=\"invalid_token\""`},
	{"7644 2", "GET", "/Users", "Authorization: Bearer", "", 401, ``},

	// Sections 3.1, 3.2 and 3.8: types and methods.
	{"7644 3.1", "POST", "/Users", "Content-Type: application/xml", `{"userName":"x@acme.test"}`, 415, `status="415"`},
	{"7644 3.1", "PUT", "/Users/{ada}", "Content-Type: text/html", `{"userName":"ada@acme.test"}`, 415, ``},
	{"7644 3.8", "GET", "/Users", "Accept: */*", "", 200, `#Content-Type="application/scim+json;_charset=utf-8"`},
	{"7644 3.8", "GET", "/Users/nobody", "Accept: application/json", "", 404, `#Content-Type="application/json;_charset=utf-8"`},
	{"7644 3.2", "PATCH", "/Users", "", `{}`, 405, `status="405" #Allow="GET,_HEAD,_POST"`},
	{"7644 3.2", "DELETE", "/Groups", "", "", 405, `#Allow!`},
	{"7644 3.2", "POST", "/Groups/{team}", "", `{}`, 405, `#Allow!`},
	{"7644 3.2", "DELETE", "/Bulk", "", "", 405, `#Allow="POST"`},
	{"7644 3.2", "GET", "/Groups/.search", "", "", 405, `#Allow="POST"`},
	{"7644 3.2", "GET", "/Groups/{team}/members", "", "", 404, `status="404"`},
	{"7644 3.2", "GET", "/Users/", "", "", 200, `totalResults=2`},

	// Section 3.4.1 and 3.9: what is shown of a resource.
	{"7644 3.4.1", "GET", "/Users/{ada}", "", "", 200, `#Location="` + atAcme + `/Users/{ada}" #Content-Location="` + atAcme + `/Users/{ada}" #Etag!`},
	{"7644 3.4.1", "GET", "/Groups/{ada}", "", "", 404, `scimType-`},
	{"7644 3.9", "GET", "/Users/{ada}?attributes=NAME.familyname,%20emails.value", "", "", 200, `name={"familyName":"King"} emails/0={"value":"ada@acme.test"} schemas! id! userName- meta-`},
	{"7644 3.9", "GET", "/Users/{ada}?attributes=userName&attributes=title", "", "", 200, `userName! title! name-`},
	{"7644 3.9", "GET", "/Users/{ada}?attributes=bogus", "", "", 200, `id! schemas! userName-`},
	{"7644 3.9", "GET", "/Users/{ada}?attributes=meta.location", "", "", 200, `meta={"location":"` + atAcme + `/Users/{ada}"}`},
	{"7644 3.9", "GET", "/Users/{ada}?attributes=groups", "", "", 200, `groups/0/value="{team}" userName-`},
	{"7644 3.9", "GET", "/Users/{ada}?excludedAttributes=schemas,id,meta", "", "", 200, `id! schemas! meta- userName!`},
	{"7644 3.9", "GET", "/Users/{ada}?excludedAttributes=bogus", "", "", 200, `userName! meta!`},
	{"7644 3.9", "GET", "/Groups/{team}?attributes=members.value", "", "", 200, `members/0={"value":"{ada}"} displayName-`},
	{"7644 3.9", "GET", "/Groups/{team}?excludedAttributes=members", "", "", 200, `members- displayName!`},
	{"7644 3.10", "GET", "/Users/{ada}?attributes=URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER:name.familyName", "", "", 200, `name={"familyName":"King"} userName-`},
	{"7644 3.10", "GET", "/Users/{ada}?attributes=" + entURN, "", "", 200, entURN + `/department! ` + entURN + `/manager! userName-`},
	{"7644 3.9", "GET", "/Users/{ada}?attributes=title&excludedAttributes=name", "", "", 400, `scimType="invalidValue"`},
	{"7644 3.9", "GET", "/Users?attributes=title&excludedAttributes=name", "", "", 400, `scimType="invalidValue"`},
	{"7644 3.9", "POST", "/Users/.search", "", searchURN + `"attributes":["title"],"excludedAttributes":["name"]}`, 400, `scimType="invalidValue"`},
	{"7644 3.9", "GET", "/Users/{ada}?attributes=title&excludedAttributes=", "", "", 200, `title! userName-`},

	// Section 3.4.2: lists.
	{"7644 3.4.2", "GET", "/Users?unheard=of", "", "", 200, `totalResults=2`},
	{"7644 3.4.2", "GET", "/Users?filter=&count=1", "", "", 400, `scimType="invalidFilter"`},
	{"7644 3.4.2.1", "GET", "/?startIndex=2&count=2", "", "", 200, `totalResults=3 itemsPerPage=2 startIndex=2 Resources/0/id="{bob}" Resources/1/id="{team}"`},
	{"7644 3.4.2.1", "GET", "/?attributes=displayName", "", "", 200, `Resources/0/userName- Resources/2/displayName="Team" Resources/2/members-`},
	{"7644 3.4.2.1", "GET", "/?sortBy=displayName", "", "", 200, `totalResults=3 Resources/0/id="{ada}"`},

	// Section 3.4.2.3: sorting.
	{"7644 3.4.2.3", "GET", "/Users?sortBy=USERNAME&sortOrder=ASCENDING", "", "", 200, `Resources/0/id="{ada}"`},
	{"7644 3.4.2.3", "GET", "/Users?sortOrder=descending", "", "", 200, `Resources/0/id="{ada}" Resources/1/id="{bob}"`},
	{"7644 3.4.2.3", "GET", "/Users?sortBy=id&sortOrder=descending", "", "", 200, `Resources/0/id="{bob}"`},
	{"7644 3.4.2.3", "GET", "/Users?sortBy=meta.created&sortOrder=ascending", "", "", 200, `Resources/0/id="{ada}"`},
	{"7644 3.4.2.3", "GET", "/Users?sortBy=" + userURN + ":name.familyName&sortOrder=descending", "", "", 200, `Resources/0/id="{bob}"`},
	{"7644 3.4.2.3", "GET", "/Users?sortBy=" + entURN + ":manager", "", "", 200, `Resources/0/id="{ada}"`},
	{"7644 3.4.2.3", "GET", "/Users?sortBy=addresses.locality&sortOrder=descending", "", "", 200, `Resources/0/id="{bob}"`},
	{"7644 3.4.2.3", "GET", "/Users?sortBy=bogus", "", "", 400, `scimType="invalidValue"`},
	{"7644 3.4.2.3", "GET", "/Users?sortBy=1bad", "", "", 400, `scimType="invalidValue"`},
	{"7644 3.4.2.3", "GET", "/Groups?sortBy=userName", "", "", 400, `scimType="invalidValue"`},

	// Section 3.4.2.4: pages.
	{"7644 3.4.2.4", "GET", "/Users?startIndex=&count=", "", "", 200, `startIndex=1 itemsPerPage=2`},
	{"7644 3.4.2.4", "GET", "/Users?count=1.5", "", "", 400, `scimType="invalidValue"`},
	{"7644 3.4.2.4", "GET", "/Users?count=100000", "", "", 200, `itemsPerPage=2`},
	{"7644 3.4.2.4", "GET", "/Users?startIndex=2", "", "", 200, `itemsPerPage=1 startIndex=2 Resources/0/id="{bob}" Resources/1-`},
	{"7644 3.4.2.4", "GET", `/Users?filter=title pr&startIndex=2`, "", "", 200, `totalResults=1 itemsPerPage=0 Resources/0-`},

	// Section 3.4.3: queries by POST.
	{"7644 3.4.3", "POST", "/Users/.search", "", searchURN + `"sortBy":"userName","sortOrder":"descending","count":1}`, 200, `totalResults=2 itemsPerPage=1 Resources/0/id="{bob}"`},
	{"7644 3.4.3", "POST", "/Users/.search", "", searchURN + `"filter":null,"startIndex":2}`, 200, `startIndex=2 Resources/0/id="{bob}"`},
	{"7644 3.4.3", "POST", "/Users/.search/", "", searchURN + `"count":0}`, 200, `totalResults=2 Resources/0-`},
	{"7644 3.4.3", "POST", "/Users/.search", "", `{"filter":"title pr"}`, 200, `totalResults=1`},
	{"7644 3.4.3", "POST", "/Users/.search", "", patchURN + `[]}`, 400, `scimType="invalidSyntax"`},
	{"7644 3.4.3", "POST", "/Users/.search", "", searchURN + `"filter":"bogus eq"}`, 400, `scimType="invalidFilter"`},
	{"7644 3.4.3", "POST", "/Users/.search", "", searchURN + `"sortOrder":"up"}`, 400, `scimType="invalidValue"`},
	{"7644 3.4.3", "POST", "/Users/.search", "", searchURN + `"sortBy":"bogus"}`, 400, `scimType="invalidValue"`},
	{"7644 3.4.3", "POST", "/Users/.search", "", searchURN + `"count":1.5}`, 400, `scimType="invalidValue"`},
	{"7644 3.4.3", "POST", "/Users/.search", "", searchURN + `"startIndex":true}`, 400, `scimType="invalidValue"`},
	{"7644 3.4.3", "POST", "/Users/.search", "", searchURN + `"attributes":7}`, 400, `scimType="invalidValue"`},
	{"7644 3.4.3", "POST", "/.search", "", `[]`, 400, `scimType="invalidSyntax"`},

	// Section 3.11: a token is nobody.
	{"7644 3.11", "PATCH", "/Me", "", `{}`, 501, `status="501"`},
	{"7644 3.11", "DELETE", "/Me", "", "", 501, ``},

	// Section 3.14: versions on reading.
	{"7644 3.14", "GET", "/Users/{bob}", `If-None-Match: "1"`, "", 304, `#Etag="W/\"1\""`},
	{"7644 3.14", "GET", "/Users/{bob}", `If-None-Match: W/"0", W/"1"`, "", 304, ``},
	{"7644 3.14", "GET", "/Users/{bob}", `If-None-Match: W/"0", "x"`, "", 200, `#Etag="W/\"1\"" meta/version="W/\"1\""`},

	// Section 4: discovery.
	{"7644 4", "GET", "/ServiceProviderConfig", "", "", 200, `#Content-Location="` + atAcme + `/ServiceProviderConfig" meta/location="` + atAcme + `/ServiceProviderConfig"`},
	{"7644 4", "GET", "/Schemas/" + entURN, "", "", 200, `#Content-Location="` + atAcme + `/Schemas/` + entURN + `" meta/location="` + atAcme + `/Schemas/` + entURN + `"`},
	{"7644 4", "GET", "/ResourceTypes/user", "", "", 200, `id="User" #Content-Location="` + atAcme + `/ResourceTypes/User"`},
	{"7644 4", "GET", "/ResourceTypes?count=1&startIndex=2&sortBy=id", "", "", 200, `totalResults=2 itemsPerPage=2 startIndex=1 Resources/1!`},
	{"7644 4", "GET", "/Schemas?attributes=id&sortOrder=descending", "", "", 200, `Resources/0/attributes! Resources/2!`},
	{"7644 4", "GET", "/Schemas?attributes=id&excludedAttributes=name", "", "", 200, `Resources/0/name!`},
	{"7644 4", "PUT", "/Schemas/" + userURN, "", `{}`, 405, `#Allow="GET,_HEAD"`},
	{"7644 4", "POST", "/ResourceTypes", "Content-Type: text/plain", `test`, 405, `#Allow="GET,_HEAD"`},

	// RFC 9865: cursors.
	{"9865 2", "GET", "/Users?cursor=&count=1000", "", "", 200, `itemsPerPage=2 nextCursor-`},
	{"9865 2", "GET", "/Users?cursor=&count=1&startIndex=2", "", "", 200, `Resources/0/id="{ada}" startIndex- nextCursor!`},
	{"9865 2", "GET", `/Users?filter=title pr&cursor=&count=1`, "", "", 200, `totalResults=1 nextCursor-`},
	{"9865 2.1", "GET", "/?cursor=&count=0", "", "", 400, `scimType="invalidCount"`},
	{"9865 2.1", "GET", "/Users?cursor=AAAA", "", "", 400, `scimType="invalidCursor"`},
	{"9865 3", "POST", "/Users/.search", "", searchURN + `"cursor":"","count":0}`, 400, `scimType="invalidCount"`},
	{"9865 3", "POST", "/Users/.search", "", searchURN + `"cursor":"","count":"x"}`, 400, `scimType="invalidCount"`},
	{"9865 3", "POST", "/Users/.search", "", searchURN + `"cursor":7}`, 400, `scimType="invalidValue"`},
}
