package scim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"rollcall/models"
)

// maxBulkOperations bounds one bulk request (RFC 7644 section 3.7).
const maxBulkOperations = 1000

// bulkOperation is one element of "Operations".
type bulkOperation struct {
	method, bulkID, version string
	rest                    []string // the path, taken apart
	data                    object
	err                     error // what is wrong with it, known before it runs
}

type bulkResult struct {
	Method   string `json:"method"`
	BulkID   string `json:"bulkId,omitempty"`
	Version  string `json:"version,omitempty"`
	Location string `json:"location,omitempty"`
	Status   string `json:"status"`
	Response any    `json:"response,omitempty"`
}

type bulkBody struct {
	Schemas    []string     `json:"schemas"`
	Operations []bulkResult `json:"Operations"`
}

// bulk is POST /Bulk. Each operation is a transaction of its own. One that
// refers by bulkId to a resource that a later one makes waits for it; of
// operations that wait for each other one is carried out without the reference,
// which is added as soon as there is something to refer to.
func (h *handler) bulk(c call) (reply, error) {
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	if err := checkMessage(body, urnBulkRequest); err != nil {
		return reply{}, err
	}
	ops, failOnErrors, err := readBulk(body)
	if err != nil {
		return reply{}, err
	}
	b := &bulkRun{
		handler: h, call: c, ops: ops, failOnErrors: failOnErrors,
		results: make([]*bulkResult, len(ops)), state: make([]int, len(ops)), made: map[string]models.ID{}, maker: map[string]int{},
	}
	for i, o := range ops {
		if o.bulkID != "" && o.method == http.MethodPost {
			b.maker[o.bulkID] = i
		}
	}
	for i := range ops {
		b.run(i)
		for _, p := range b.pending {
			b.complete(p)
		}
		b.pending = nil
	}
	out := bulkBody{Schemas: []string{urnBulk}, Operations: []bulkResult{}}
	for _, r := range b.results {
		if r != nil {
			out.Operations = append(out.Operations, *r)
		}
	}
	return reply{status: http.StatusOK, body: out}, nil
}

func readBulk(body object) ([]bulkOperation, int, error) {
	v, _ := body.get("Operations")
	list, ok := v.([]any)
	switch {
	case !ok || len(list) == 0:
		return nil, 0, bad(typeInvalidSyntax, "Operations must be a list with at least one operation.")
	case len(list) > maxBulkOperations:
		return nil, 0, &problem{
			status: http.StatusRequestEntityTooLarge, detail: "A bulk request may have " + strconv.Itoa(maxBulkOperations) + " operations (maxOperations).",
		}
	}
	failOnErrors := 0
	if v, _ := body.get("failOnErrors"); v != nil {
		n, err := integer(typeInvalidValue, "failOnErrors", textOf(v))
		if err != nil {
			return nil, 0, err
		}
		failOnErrors = max(n, 0)
	}
	ops := make([]bulkOperation, 0, len(list))
	ids := map[string]bool{}
	for _, item := range list {
		o, ok := item.(object)
		if !ok {
			return nil, 0, bad(typeInvalidSyntax, "An operation must be an object.")
		}
		op := readBulkOperation(o)
		if op.bulkID != "" && op.err == nil {
			if ids[op.bulkID] {
				op.err = bad(typeInvalidValue, "The bulkId is used twice.")
			}
			ids[op.bulkID] = true
		}
		ops = append(ops, op)
	}
	return ops, failOnErrors, nil
}

func readBulkOperation(o object) bulkOperation {
	text := func(name string) string {
		v, _ := o.get(name)
		s, _ := v.(string)
		return s
	}
	op := bulkOperation{method: strings.ToUpper(text("method")), bulkID: text("bulkId"), version: text("version")}
	for _, p := range strings.Split(text("path"), "/") {
		if p != "" {
			op.rest = append(op.rest, p)
		}
	}
	data, given := o.get("data")
	op.data, _ = data.(object)
	if list, ok := data.([]any); ok && op.method == http.MethodPatch { // as RFC 7644 section 3.7.3 shows it
		op.data = object{{name: "Operations", value: list}}
	}
	known := len(op.rest) > 0 && slices.Contains([]string{"users", "groups"}, lower(op.rest[0])) && len(op.rest) <= 2 && op.rest[len(op.rest)-1] != ".search"
	switch {
	case !slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, op.method):
		op.err = bad(typeInvalidSyntax, "method must be POST, PUT, PATCH or DELETE.")
	case !known:
		op.err = bad(typeInvalidSyntax, "path must be that of a resource, like /Users or /Groups/{id}.")
	case op.method != http.MethodDelete && (!given || op.data == nil):
		op.err = bad(typeInvalidSyntax, "data must be an object.")
	case op.method == http.MethodPost && op.bulkID == "":
		op.err = bad(typeInvalidSyntax, "A POST needs a bulkId.")
	}
	return op
}

// The states of an operation in a bulk run.
const (
	waiting = iota
	running
	finished
)

type bulkRun struct {
	handler      *handler
	call         call
	ops          []bulkOperation
	results      []*bulkResult
	state        []int
	made         map[string]models.ID // bulkId -> id
	maker        map[string]int       // bulkId -> operation
	failOnErrors int
	failed       int
	pending      []pendingReference
}

func (b *bulkRun) stopped() bool { return b.failOnErrors > 0 && b.failed >= b.failOnErrors }

// run carries out an operation after those that it refers to.
func (b *bulkRun) run(i int) {
	if b.state[i] != waiting || b.stopped() {
		return
	}
	b.state[i] = running
	defer func() { b.state[i] = finished }()
	op := b.ops[i]
	for _, id := range references(op) {
		if maker, ok := b.maker[id]; ok {
			b.run(maker)
		}
	}
	if b.stopped() {
		return
	}
	if op.err != nil {
		b.fail(i, op.err)
		return
	}
	data, unresolved, err := b.resolve(op)
	if err != nil {
		b.fail(i, err)
		return
	}
	answer, err := b.send(op, op.method, b.path(op), data)
	if err != nil {
		b.fail(i, err)
		return
	}
	if op.bulkID != "" && answer.id != "" {
		b.made[op.bulkID] = answer.id
	}
	b.succeed(i, answer)
	if unresolved && !b.call.dry {
		b.pending = append(b.pending, pendingReference{i, answer})
	}
}

// pendingReference is an operation of a circle that was carried out without a
// reference.
type pendingReference struct {
	operation int
	first     reply
}

// complete adds the references that had to wait, now that all is made.
func (b *bulkRun) complete(p pendingReference) {
	op := b.ops[p.operation]
	data, _, err := b.resolve(op)
	if err == nil {
		op.version = "" // it was for the state before
		var answer reply
		if answer, err = b.send(op, http.MethodPut, []string{op.rest[0], string(p.first.id)}, data); err == nil {
			answer.status = p.first.status
			b.succeed(p.operation, answer)
			return
		}
	}
	b.fail(p.operation, err)
	b.results[p.operation].Location = p.first.location
}

func (b *bulkRun) succeed(i int, answer reply) {
	op := b.ops[i]
	b.results[i] = &bulkResult{
		Method: op.method, BulkID: op.bulkID, Version: answer.version, Location: answer.location, Status: strconv.Itoa(answer.status),
	}
	if answer.location == "" && len(op.rest) == 2 {
		b.results[i].Location = b.call.base + "/" + strings.Join(b.path(op), "/")
	}
}

func (b *bulkRun) fail(i int, err error) {
	op := b.ops[i]
	p, logged := problemOf(err)
	if logged {
		b.handler.log.ErrorContext(b.call.r.Context(), "SCIM bulk operation failed", "method", op.method, "error", err)
	}
	b.failed++
	b.results[i] = &bulkResult{Method: op.method, BulkID: op.bulkID, Status: strconv.Itoa(p.status), Response: p.body()}
	if len(op.rest) == 2 {
		b.results[i].Location = b.call.base + "/" + strings.Join(b.path(op), "/")
	}
}

// send runs a verb as a request of its own would.
func (b *bulkRun) send(op bulkOperation, method string, rest []string, data object) (reply, error) {
	if data == nil {
		data = object{}
	}
	r := b.call.r.Clone(b.call.r.Context())
	r.Method, r.URL = method, &url.URL{Path: r.URL.Path}
	r.Header = http.Header{}
	if op.version != "" {
		r.Header.Set("If-Match", op.version)
	}
	c := b.call
	c.r, c.read = r, &data
	return b.handler.run(c, method, rest)
}

// path is the operation's path with a bulkId in it resolved.
func (b *bulkRun) path(op bulkOperation) []string {
	out := slices.Clone(op.rest)
	for i, p := range out {
		if id, ok := bulkReference(p); ok && b.made[id] != "" {
			out[i] = string(b.made[id])
		}
	}
	return out
}

// bulkReference reads "bulkId:x".
func bulkReference(s string) (string, bool) { return strings.CutPrefix(s, "bulkId:") }

// references lists the bulkIds that an operation refers to.
func references(op bulkOperation) []string {
	var out []string
	for _, p := range op.rest {
		if id, ok := bulkReference(p); ok {
			out = append(out, id)
		}
	}
	walkText(op.data, func(s string) {
		if id, ok := bulkReference(s); ok {
			out = append(out, id)
		}
	})
	return out
}

func walkText(v any, visit func(string)) {
	switch v := v.(type) {
	case string:
		visit(v)
	case object:
		for _, m := range v {
			walkText(m.value, visit)
		}
	case []any:
		for _, item := range v {
			walkText(item, visit)
		}
	}
}

// resolve writes the ids for the references of an operation's data. A reference
// to what is being made at this moment is left out: unresolved. So is, in a dry run,
// one to what would have been made. One to what was not made, or is in no
// operation, is an error.
func (b *bulkRun) resolve(op bulkOperation) (out object, unresolved bool, err error) {
	v, unresolved, err := b.resolved(op.data)
	out, _ = v.(object)
	if err == nil && unresolved && op.method != http.MethodPost && !b.call.dry {
		err = noSuchBulkID()
	}
	return out, unresolved, err
}

func noSuchBulkID() error {
	return &problem{status: http.StatusConflict, detail: "The operation refers to a bulkId whose resource was not made."}
}

// resolved returns nil for a value that cannot be given yet.
func (b *bulkRun) resolved(v any) (any, bool, error) {
	switch v := v.(type) {
	case string:
		id, ok := bulkReference(v)
		if !ok {
			return v, false, nil
		}
		if made := b.made[id]; made != "" {
			if b.call.dry { // it is not there
				return nil, true, nil
			}
			return string(made), false, nil
		}
		if maker, ok := b.maker[id]; ok && b.state[maker] == running {
			return nil, true, nil
		}
		return nil, false, noSuchBulkID()
	case object:
		out := make(object, 0, len(v))
		waits := false
		for _, m := range v {
			value, unresolved, err := b.resolved(m.value)
			if err != nil {
				return nil, false, err
			}
			if unresolved && value == nil && lower(m.name) == "value" {
				return nil, true, nil // the reference itself: the whole element waits
			}
			waits = waits || unresolved
			if value != nil || m.value == nil {
				out = append(out, member{name: m.name, value: value})
			}
		}
		return out, waits, nil
	case []any:
		out := make([]any, 0, len(v))
		waits := false
		for _, item := range v {
			value, unresolved, err := b.resolved(item)
			if err != nil {
				return nil, false, err
			}
			waits = waits || unresolved
			if value != nil {
				out = append(out, value)
			}
		}
		return out, waits, nil
	}
	return v, false, nil
}
