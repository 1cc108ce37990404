package server

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"rollcall/access"
	"rollcall/models"
)

// scrapeWithin is how long the database may take to answer a scrape.
const scrapeWithin = 5 * time.Second

// work is what the metrics say of the durable work. It is read when it is
// asked for, so every replica says the same.
type work struct {
	rooms *Rooms
	jobs, last, mails, notices, untold, failing,
	up *prometheus.Desc
}

func newWork(r *Rooms) *work {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("rollcall_"+name, help, labels, nil)
	}
	return &work{
		rooms:   r,
		jobs:    describe("jobs", "Jobs by kind and state; finished ones as long as they are kept.", "kind", "state"),
		last:    describe("job_last_run_timestamp_seconds", "When a job of the kind was last done.", "kind"),
		mails:   describe("mails", "Mails by state.", "state"),
		notices: describe("notices_unannounced", "Notices whose mails have not been written yet."),
		untold:  describe("notices_untold", "Notices of the last seven days that found no admin to be told."),
		failing: describe("metadata_sources_failing", "Metadata addresses whose last look failed."),
		up:      describe("work_readable", "1 if the state of the work could be read."),
	}
}

// Describe implements prometheus.Collector.
func (w *work) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{w.jobs, w.last, w.mails, w.notices, w.untold, w.failing, w.up} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (w *work) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	ctx, cancel := context.WithTimeout(AsSystem(context.Background()), scrapeWithin)
	defer cancel()
	s, err := w.rooms.Jobs.Status(ctx)
	if err != nil {
		w.rooms.Log.ErrorContext(ctx, "reading the state of the work", "error", err)
		gauge(w.up, 0)
		return
	}
	gauge(w.up, 1)
	for _, k := range s.Kinds {
		for state, n := range map[string]int64{"waiting": k.Waiting, "running": k.Running, "retrying": k.Retrying, "done": k.Done, "failed": k.Failed} {
			gauge(w.jobs, float64(n), k.Kind, state)
		}
		if k.LastRun != nil {
			gauge(w.last, float64(k.LastRun.Unix()), k.Kind)
		}
	}
	for _, state := range []models.MailState{models.MailQueued, models.MailSent, models.MailFailed, models.MailCancelled} {
		gauge(w.mails, float64(s.Mails[state]), string(state))
	}
	gauge(w.notices, float64(s.Unannounced))
	gauge(w.untold, float64(s.Untold))
	gauge(w.failing, float64(s.Failing))
}

// metrics is the page that Prometheus reads.
func (r *Rooms) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newWork(r), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// guardedMetrics is that page beside everything else: for operators, by key.
func (r *Rooms) guardedMetrics() http.Handler {
	page := r.metrics()
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		actor, err := r.actor(req)
		if err != nil || actor.Kind != access.Operator {
			w.Header().Set("WWW-Authenticate", `Bearer realm="rollcall"`)
			plain(w, http.StatusUnauthorized, "an operator key is needed\n")
			return
		}
		page.ServeHTTP(w, req)
	})
}

// ownMetrics serves the metrics, and nothing else, on their own address.
func (r *Rooms) ownMetrics(l net.Listener) func(context.Context) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", r.metrics())
	return func(ctx context.Context) error { return Listen(ctx, l, mux, r.Log) }
}
