package scim

import "reflect"

// What PATCH does to the elements of multi-valued attributes.

// remove takes an attribute away. A list of values with it, as older clients
// send, takes away those values only.
func (d document) remove(o operation, attr *attribute) error {
	if attr.required {
		return bad(typeMutability, "%s is required and cannot be removed.", attr.name)
	}
	if !attr.many || o.value == nil {
		delete(d, attr.name)
		return nil
	}
	value, err := clean(attr, attr.name, o.value)
	if err != nil {
		return err
	}
	unwanted, _ := value.([]document)
	d.drop(attr, func(el document) bool {
		for _, u := range unwanted {
			if includes(el, u) {
				return true
			}
		}
		return false
	})
	return nil
}

// drop removes the elements that pass the test; none left means unassigned.
func (d document) drop(attr *attribute, test func(document) bool) {
	var kept []document
	for _, el := range d.list(attr.name) {
		if !test(el) {
			kept = append(kept, el)
		}
	}
	d.setList(attr, kept)
}

func (d document) setList(attr *attribute, list []document) {
	if len(list) == 0 {
		delete(d, attr.name)
		return
	}
	d[attr.name] = list
}

// includes reports whether el agrees with every sub-attribute of part.
func includes(el, part document) bool {
	for k, v := range part {
		if f, ok := v.(foreign); ok {
			if !reflect.DeepEqual(el[el.spelled(k)], f) {
				return false
			}
			continue
		}
		if !sameLiteral(el[k], v) {
			return false
		}
	}
	return true
}

// append adds elements that are not there yet, or what they say more of one that
// has the same value and type; a new primary one takes over.
func (d document) append(attr *attribute, more []document) error {
	list := d.list(attr.name)
	for _, el := range more {
		if contains(list, el) {
			continue
		}
		at := twin(list, el)
		switch {
		case at >= 0:
			list[at] = merged(list[at], el)
			if err := list[at].checkParts(attr.name); err != nil {
				return err
			}
		case len(list) == maxValues:
			return tooManyValues(attr.name)
		default:
			at, list = len(list), append(list, el)
		}
		if el.flag("primary") {
			demote(list, at)
		}
	}
	d.setList(attr, list)
	return nil
}

func contains(list []document, el document) bool {
	for _, have := range list {
		if len(have) == len(el) && includes(have, el) {
			return true
		}
	}
	return false
}

// demote leaves one element primary and says of the one before that it is not
// (RFC 7644 section 3.5.2).
func demote(list []document, primary int) {
	for i, el := range list {
		if i != primary && el.flag("primary") {
			el["primary"] = false
		}
	}
}

// applySelected works on the elements that pass the test. When there are none,
// an assignment creates one that starts as fresh; without fresh there is no
// target. To remove nothing is not an error: repeats are harmless.
func (d document) applySelected(o operation, attr, sub *attribute, test func(document) bool, fresh document) error {
	change, err := elementChange(o, attr, sub)
	if err != nil || change == nil {
		return err
	}
	var kept []document
	var promoted []int // elements that became primary
	found := 0
	for _, el := range d.list(attr.name) {
		if test(el) {
			found++
			before := el.flag("primary")
			if el = change(el); el == nil {
				continue
			}
			if err := el.checkParts(attr.name); err != nil {
				return err
			}
			if el.flag("primary") && !before {
				promoted = append(promoted, len(kept))
			}
		}
		kept = append(kept, el)
	}
	switch {
	case found == 0 && (o.op == opRemove || o.value == nil):
		return nil
	case found == 0 && fresh == nil:
		return bad(typeNoTarget, "No value of %s matches the filter.", attr.name)
	case found == 0:
		return d.create(attr, fresh, change(fresh))
	case len(promoted) > 1:
		return bad(typeInvalidValue, "Only one of %s can be primary.", attr.name)
	case len(promoted) == 1:
		demote(kept, promoted[0])
	}
	d.setList(attr, kept)
	return nil
}

// create appends the element that a filter described and an operation filled.
func (d document) create(attr *attribute, fresh, filled document) error {
	el := merged(fresh, filled)
	if len(el) == len(fresh) {
		return nil // nothing came to what the filter said
	}
	return d.append(attr, []document{el})
}

// elementChange makes the function that an operation applies to an element;
// the function returns nil to take the element away. A nil function means that
// there is nothing to do.
func elementChange(o operation, attr, sub *attribute) (func(document) document, error) {
	if sub != nil {
		return subChange(o, attr, sub)
	}
	switch {
	case o.op == opRemove, o.op == opReplace && o.value == nil:
		return func(document) document { return nil }, nil
	case o.value == nil:
		return nil, nil
	}
	if list, ok := o.value.([]any); ok && len(list) == 1 { // as SAP's client writes it
		o.value = list[0]
	}
	cleaned, err := cleanComplex(attr, attr.name, o.value)
	value, ok := cleaned.(document)
	switch {
	case err != nil || !ok:
		return nil, err // not ok: nothing of it is kept
	case o.op == opReplace:
		return func(document) document { return merged(value, nil) }, nil
	default:
		return func(el document) document { return merged(el, value) }, nil
	}
}

func subChange(o operation, attr, sub *attribute) (func(document) document, error) {
	value, err := subValue(o, attr, sub)
	if err != nil || value == nil && o.op == opAdd {
		return nil, err
	}
	return func(el document) document {
		el = merged(el, nil)
		put(el, sub, value)
		if len(el) == 0 {
			return nil
		}
		return el
	}, nil
}
