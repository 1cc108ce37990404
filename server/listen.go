package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Bounds on what a connection may take. The largest honest request is a sign-in
// of half a megabyte from a slow line.
const (
	headerWithin  = 10 * time.Second
	requestWithin = 30 * time.Second
	answerWithin  = 60 * time.Second
	idleFor       = 2 * time.Minute
	maxHeader     = 64 << 10
	// stopWithin is how long a stop waits for requests under way.
	stopWithin = 20 * time.Second
)

// Listen serves h on l until ctx ends, then lets requests under way finish.
func Listen(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerWithin,
		ReadTimeout:       requestWithin,
		WriteTimeout:      answerWithin,
		IdleTimeout:       idleFor,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	// The context that asked for the stop is over; the stop has one of its own.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	err := srv.Shutdown(grace)
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
