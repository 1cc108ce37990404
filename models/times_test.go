package models_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"

	"rollcall/internal/housetest"
	"rollcall/models"
)

// A time is kept to the microsecond and compares as an instant, whatever zone
// it was given in. SQLite compares text, so this is not for granted.
func TestTimes(t *testing.T) {
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		midnight := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		zones := []*time.Location{
			time.UTC, time.FixedZone("west", -8*3600), time.FixedZone("east", 13*3600+45*60), time.FixedZone("odd", -3600-1800),
		}
		random := rand.New(rand.NewPCG(1, 2))
		var want []time.Time
		for i := range 60 {
			// Close together around a change of day, with every number of decimals.
			at := midnight.Add(time.Duration(random.Int64N(4*int64(time.Hour))) - 2*time.Hour)
			at = at.Truncate([]time.Duration{time.Microsecond, time.Millisecond, time.Second, time.Minute}[i%4])
			want = append(want, at)
			event := models.AuditEvent{ID: newID(t), At: at.In(zones[i%len(zones)]), Details: []models.AuditDetail{}}
			if err := db.InTx(t.Context(), func(tx *gorm.DB) error { return tx.Create(&event).Error }); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortFunc(want, time.Time.Compare)
		var events []models.AuditEvent
		if err := db.Read(t.Context()).Order("at").Find(&events).Error; err != nil {
			t.Fatal(err)
		}
		var got []time.Time
		for _, e := range events {
			got = append(got, e.At)
		}
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("the order is %v,\nand should be %v", got, want)
		}
		for i, zone := range zones {
			pivot := want[20+i]
			var n int64
			if err := db.Read(t.Context()).Model(&models.AuditEvent{}).Where("at < ?", pivot.In(zone)).Count(&n).Error; err != nil {
				t.Fatal(err)
			}
			if earlier := slices.IndexFunc(want, pivot.Equal); int(n) != earlier {
				t.Errorf("%d events are before %v and the database finds %d", earlier, pivot.In(zone), n)
			}
		}
	})
}

func TestStamp(t *testing.T) {
	at := time.Date(2026, 3, 2, 1, 30, 0, 123_456_789, time.FixedZone("east", 5*3600+1800))
	if got, want := models.Stamp(at), time.Date(2026, 3, 1, 20, 0, 0, 123_456_000, time.UTC); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	housetest.EachDatabase(t, func(t *testing.T, db *models.DB) {
		team := newTeam(t, "acme")
		team.CreatedAt = models.Stamp(at)
		if err := db.InTx(t.Context(), func(tx *gorm.DB) error { return tx.Create(&team).Error }); err != nil {
			t.Fatal(err)
		}
		var got models.Team
		if err := db.Read(t.Context()).Where("id = ?", team.ID).Take(&got).Error; err != nil {
			t.Fatal(err)
		}
		if !got.CreatedAt.Equal(models.Stamp(at)) {
			t.Errorf("%v came back as %v", models.Stamp(at), got.CreatedAt)
		}
	})
}

// gorm's own timestamps come from the clock that the database was opened with.
func TestClockOfTheDatabase(t *testing.T) {
	housetest.EachSource(t, func(t *testing.T, src models.Source) {
		clock := housetest.NewClock()
		db := housetest.Open(t, src, clock.Now)
		team := storedTeam(t, db, "acme")
		clock.Advance(time.Hour + 123*time.Nanosecond)
		if err := db.InTx(t.Context(), func(tx *gorm.DB) error {
			return tx.Model(&team).Where("id = ?", team.ID).Update("name", "Acme Ltd").Error
		}); err != nil {
			t.Fatal(err)
		}
		var got models.Team
		if err := db.Read(t.Context()).Take(&got).Error; err != nil {
			t.Fatal(err)
		}
		if want := housetest.Start.Add(time.Hour); !got.UpdatedAt.Equal(want) || !got.CreatedAt.Equal(housetest.Start) {
			t.Errorf("made at %v, changed at %v, want %v", got.CreatedAt, got.UpdatedAt, want)
		}
	})
}
