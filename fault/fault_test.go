package fault_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"rollcall/fault"
)

func TestErrorText(t *testing.T) {
	plain := fault.New(fault.Taken, "The slug %q is in use.", "acme")
	for _, c := range []struct {
		err  error
		want string
	}{
		{plain, `TAKEN: The slug "acme" is in use.`},
		{plain.On("input", "slug"), `TAKEN (input.slug): The slug "acme" is in use.`},
		{plain.Because(errors.New("duplicate key")), `TAKEN: The slug "acme" is in use.: duplicate key`},
		{plain.On("slug").Because(errors.New("x")), `TAKEN (slug): The slug "acme" is in use.: x`},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if plain.Kind != fault.Conflict {
		t.Errorf("the kind is %s", plain.Kind)
	}
}

// A fault may be a package's variable: pointing one copy at a field or giving
// it a cause must not change the others.
func TestOnAndBecauseCopy(t *testing.T) {
	first := fault.New(fault.Required, "Give a name.")
	cause := errors.New("cause")
	second, third := first.On("name"), first.Because(cause)
	if first.Field != nil || errors.Unwrap(first) != nil {
		t.Errorf("the first one changed: %+v", first)
	}
	if !slices.Equal(second.Field, []string{"name"}) || errors.Unwrap(second) != nil {
		t.Errorf("the second one is %+v", second)
	}
	if third.Field != nil || !errors.Is(third, cause) {
		t.Errorf("the third one is %+v", third)
	}
	if both := second.Because(cause); !slices.Equal(both.Field, second.Field) || !errors.Is(both, cause) {
		t.Errorf("both together are %+v", both)
	}
}

func TestLookingIntoErrors(t *testing.T) {
	denied := fault.New(fault.Forbidden, "No.")
	for _, c := range []struct {
		name string
		err  error
		code fault.Code
		kind fault.Kind
		ok   bool
	}{
		{"a fault", denied, fault.Forbidden, fault.Denied, true},
		{"wrapped", fmt.Errorf("while removing: %w", denied), fault.Forbidden, fault.Denied, true},
		{"joined", errors.Join(errors.New("x"), denied), fault.Forbidden, fault.Denied, true},
		{"a fault because of another one", fault.New(fault.Clash, "No.").Because(denied), fault.Clash, fault.Conflict, true},
		{"any other error", errors.New("x"), fault.InternalError, fault.Internal, false},
		{"no error", nil, fault.InternalError, fault.Internal, false},
	} {
		e, ok := fault.As(c.err)
		if ok != c.ok || ok && e.Code != c.code {
			t.Errorf("%s: As finds %v, %v", c.name, e, ok)
		}
		if fault.CodeOf(c.err) != c.code || fault.KindOf(c.err) != c.kind {
			t.Errorf("%s: %s, %s", c.name, fault.CodeOf(c.err), fault.KindOf(c.err))
		}
		if got := fault.Is(c.err, c.code); got != (c.err != nil) {
			t.Errorf("%s: Is answers %v", c.name, got)
		}
		if fault.Is(c.err, fault.LastAdmin) {
			t.Errorf("%s: is LAST_ADMIN", c.name)
		}
	}
}
