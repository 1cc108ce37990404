package scim

import "encoding/json"

// What bounds the work that foreign attributes make. Their names are compared with
// each other and their values are copied by every operation, so what is too much is
// refused where it comes up and not when it is about to be kept.

// sameName reports whether two names are one, in any case.
func sameName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x != y && (x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z') {
			return false
		}
	}
	return true
}

// checkNames refuses a document one of whose objects has more names than one may
// have: they are compared with each other.
func (d document) checkNames() error {
	crowded := len(d) > maxNames
	for _, value := range d {
		switch v := value.(type) {
		case document:
			crowded = crowded || len(v) > maxNames
		case []document:
			for _, el := range v {
				crowded = crowded || len(el) > maxNames
			}
		}
	}
	if crowded {
		return tooManyNames()
	}
	return nil
}

func tooManyNames() error {
	return bad(typeInvalidValue, "An object may have %d attributes.", maxNames)
}

// checkTree refuses a value that alone is more than may be kept, before anything is
// done with it.
func checkTree(tree any) error {
	if treeSize(tree) > maxForeign {
		return tooMuchForeign()
	}
	return nil
}

// treeSize is about how many bytes of JSON a value takes, and no more.
func treeSize(v any) int {
	switch v := v.(type) {
	case string:
		return len(v) + 2
	case json.Number:
		return len(v)
	case map[string]any:
		n := 2
		for name, value := range v {
			n += len(name) + 4 + treeSize(value)
		}
		return max(n-1, 2)
	case []any:
		n := 2
		for _, item := range v {
			n += 1 + treeSize(item)
		}
		return max(n-1, 2)
	}
	return 4 // true, false, null
}

// checkForeign refuses a document with more than may be kept.
func checkForeign(d document) error {
	if foreignSize(d) > maxForeign {
		return tooMuchForeign()
	}
	return d.checkNames()
}

func tooMuchForeign() error {
	return bad(typeInvalidValue, "Attributes that no schema describes may have %d bytes together.", maxForeign)
}

// foreignSize is how many bytes the foreign values of a document take, and the
// URNs of its foreign extensions.
func foreignSize(d document) int {
	size := 0
	for name, value := range d {
		switch v := value.(type) {
		case foreign:
			text, _ := json.Marshal(v) // a tree that came out of JSON goes into it
			size += len(name) + len(text)
		case document:
			size += foreignSize(v)
		case []document:
			for _, el := range v {
				size += foreignSize(el)
			}
		}
	}
	return size
}

// treeKey is the same for equal values, and for no others.
func treeKey(v any) string {
	text, _ := json.Marshal(v) // a tree that came out of JSON goes into it, in the order of names
	return string(text)
}

func keysOf(list []any) map[string]bool {
	keys := make(map[string]bool, len(list))
	for _, v := range list {
		keys[treeKey(v)] = true
	}
	return keys
}
