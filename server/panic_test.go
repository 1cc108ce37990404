package server

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rollcall/fault"
	"rollcall/internal/housetest"
)

// A panic is answered in the form of its door, and the log tells where it was
// without the value that it was thrown with.
func TestPanicIsAnswered(t *testing.T) {
	log, heard := housetest.NewLog()
	r := &Rooms{Log: log, Now: housetest.NewClock().Now}
	var told error
	d := door{http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("rck_secret") }),
		func(w http.ResponseWriter, _ *http.Request, err error) {
			told = err
			w.WriteHeader(http.StatusInternalServerError)
		}}
	w := httptest.NewRecorder()
	r.describe(r.chain(d)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError || fault.KindOf(told) != fault.Internal {
		t.Errorf("answered %d with %v", w.Code, told)
	}
	if said := heard.String(); strings.Contains(said, "rck_secret") || strings.Contains(said, "goroutine") || !strings.Contains(said, "TestPanicIsAnswered") {
		t.Errorf("the log says %s", said)
	}
}

// net/http's own way to drop a connection goes on to net/http.
func TestAbortIsNotAnswered(t *testing.T) {
	r := &Rooms{Log: housetest.Logger(t), Now: housetest.NewClock().Now}
	d := door{http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		func(http.ResponseWriter, *http.Request, error) { t.Error("answered") }}
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("recovered %v", err)
		}
	}()
	r.describe(r.chain(d)).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
}
