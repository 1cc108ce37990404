package roster

// ScimFilter is a condition on people or groups that the database evaluates.
// Attributes are named in lower case, sub-attributes behind a dot, those of the
// enterprise extension behind "enterprise.": "username", "name.familyname",
// "emails", "enterprise.manager". Every condition is true or false, never
// unknown: a comparison with an attribute that has no value is false, but for ne.
type ScimFilter interface{ isScimFilter() }

// ScimOp compares.
type ScimOp string

// The comparisons of RFC 7644 section 3.4.2.2. ne is the opposite of eq.
const (
	ScimEq ScimOp = "eq"
	ScimNe ScimOp = "ne"
	ScimCo ScimOp = "co"
	ScimSw ScimOp = "sw"
	ScimEw ScimOp = "ew"
	ScimGt ScimOp = "gt"
	ScimGe ScimOp = "ge"
	ScimLt ScimOp = "lt"
	ScimLe ScimOp = "le"
	ScimPr ScimOp = "pr"
)

type (
	// ScimTest compares an attribute with a string, a bool or a time.Time. Text
	// comes folded unless the attribute is case-exact.
	ScimTest struct {
		Attr  string
		Op    ScimOp
		Value any
	}
	// ScimElement asks for one element of a multi-valued attribute that passes a
	// filter, whose tests name sub-attributes: "value", "type", "primary", ...
	ScimElement struct {
		Attr   string
		Filter ScimFilter
	}
	// ScimAll is true when all of its parts are.
	ScimAll []ScimFilter
	// ScimAny is true when one of its parts is.
	ScimAny []ScimFilter
	// ScimNot is the opposite.
	ScimNot struct{ Filter ScimFilter }
	// ScimConst is known beforehand.
	ScimConst bool
)

func (ScimTest) isScimFilter()    {}
func (ScimElement) isScimFilter() {}
func (ScimAll) isScimFilter()     {}
func (ScimAny) isScimFilter()     {}
func (ScimNot) isScimFilter()     {}
func (ScimConst) isScimFilter()   {}

// ScimSort orders a list; the attribute is named as in a ScimTest.
type ScimSort struct {
	Attr string
	Desc bool
}

// ScimPlace is where a row stands on a list. Of a page it is the last row's, and the
// next page begins behind it, whatever became of the row.
type ScimPlace struct {
	Seq int // 0 is no row
	Key any // what a sorted list is ordered by: a string, a time.Time, or nil where there is nothing
}

// ScimQuery asks for a page of people or groups.
type ScimQuery struct {
	Filter ScimFilter // nil for all
	Sort   *ScimSort  // nil for the order in which they came
	Start  int        // counted from 1
	After  ScimPlace  // what the page begins behind; with it Start is not looked at
	Cursor bool       // whether After counts, also when it is 0
	Limit  int
	Bare   bool // groups without their members
	// NameID, of a look-up by one name that finds nobody, finds somebody who came by
	// single sign-on under it and whom no client has described yet.
	NameID string
}
