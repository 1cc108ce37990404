package roster_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"gorm.io/gorm"

	"rollcall/fault"
	"rollcall/models"
	"rollcall/roster"
)

// What is counted for lists is what is there, after hundreds of changes by every
// door, one after the other and at once, and pages found by the counts are those
// of the whole list. There are enough people and groups that stretches of names
// are cut, and few enough in some of them that they end.
func TestListsStayCounted(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.crowdOf(1_240)
		r := rand.New(rand.NewPCG(1, 2))
		h.counted("at first")
		w := &walker{house: h, r: r}
		for range 150 {
			w.step()
		}
		h.counted("one by one")
		h.paged(r)

		const workers, steps = 8, 25
		together(t, times(workers, func(i int) error {
			mine := &walker{house: h, r: rand.New(rand.NewPCG(uint64(i), 3))}
			for range steps {
				mine.step()
			}
			return nil
		})...)
		h.counted("at once")
		h.paged(r)

		// Everybody of the crowd goes, most of them at once.
		var ids []models.ID
		h.must(h.db.Read(h.Context()).Model(&models.Membership{}).Where("team_id = ? AND user_name_key LIKE 'crowd%'", h.team.ID).Order("id").Pluck("id", &ids).Error)
		var rest sync.WaitGroup
		for part := range slices.Chunk(ids[:len(ids)-5], len(ids)/4) {
			rest.Go(func() {
				for _, id := range part {
					if _, err := h.Remove(h.operator(), id); err != nil {
						t.Error(err)
					}
				}
			})
		}
		rest.Wait()
		h.counted("when most are gone")
		h.paged(r)
	})
}

// crowdOf seeds people and groups with names near each other, just before stretches
// are cut.
func (h *house) crowdOf(n int) {
	h.Helper()
	now := h.clock.Now()
	var users []models.User
	var members []models.Membership
	var profiles []models.ScimProfile
	var groups []models.Group
	for i := range n {
		id, user, group := newID(h), newID(h), newID(h)
		name := fmt.Sprintf("crowd%04d@acme.test", (i*7919)%n)
		status := models.StatusActive
		if i%7 == 3 {
			status = models.StatusDeactivated
		}
		users = append(users, models.User{ID: user, Kind: models.KindPerson, Origin: models.OriginScim, Email: name, EmailKey: name, ManagedByTeamID: &h.team.ID, CreatedAt: now, UpdatedAt: now})
		members = append(members, models.Membership{
			ID: id, TeamID: h.team.ID, UserID: user, Role: models.RoleMember, RoleSource: models.RoleByDefault, Status: status, Source: models.SourceScim,
			ScimManaged: true, UserName: name, UserNameKey: name, Revision: 1, CreatedAt: now, UpdatedAt: now,
		})
		profiles = append(profiles, models.ScimProfile{MembershipID: id, TeamID: h.team.ID, Seq: i + 36, Document: "{}"})
		groups = append(groups, models.Group{ID: group, TeamID: h.team.ID, DisplayName: name, DisplayNameKey: name, Seq: i + 36, Revision: 1, CreatedAt: now, UpdatedAt: now})
	}
	h.must(h.db.InTx(h.Context(), func(tx *gorm.DB) error {
		for _, q := range []string{
			"UPDATE scim_counters SET total = total + ?, next_seq = ? WHERE team_id = ? AND kind = 'USER'",
			"INSERT INTO scim_counters (total, next_seq, team_id, kind) VALUES (?, ?, ?, 'GROUP')",
		} {
			if err := tx.Exec(q, n, n+35, h.team.ID).Error; err != nil {
				return err
			}
		}
		for block := range (n+35)>>10 + 1 {
			if err := tx.Exec(`INSERT INTO scim_blocks (team_id, kind, block, live) VALUES (?, 'USER', ?, 0), (?, 'GROUP', ?, 0)
				ON CONFLICT (team_id, kind, block) DO NOTHING`, h.team.ID, block, h.team.ID, block).Error; err != nil {
				return err
			}
		}
		for _, rows := range []any{&users, &members, &profiles, &groups} {
			if err := tx.CreateInBatches(rows, 300).Error; err != nil {
				return err
			}
		}
		return tx.Exec(`UPDATE scim_blocks SET live = CASE kind
			WHEN 'USER' THEN (SELECT count(*) FROM scim_profiles p WHERE p.team_id = scim_blocks.team_id AND p.seq >> 10 = block)
			ELSE (SELECT count(*) FROM team_groups g WHERE g.team_id = scim_blocks.team_id AND g.seq >> 10 = block) END WHERE team_id = ?`, h.team.ID).Error
	}))
}

// walker makes changes at random, by every door.
type walker struct {
	*house
	r *rand.Rand
}

func (w *walker) step() {
	var err error
	switch w.r.IntN(14) {
	case 0, 1, 2:
		in := wanted(w.name())
		in.Active = w.r.IntN(3) > 0
		_, err = w.ProvisionScim(w.scim(), w.team.ID, in)
	case 3:
		err = first(w.SignIn(w.request(), w.judged(w.team, w.idp, named(w.name()))))
	case 4:
		kind := []models.UserKind{models.KindPerson, models.KindIntegration}[w.r.IntN(2)]
		_, err = w.Add(w.operator(), roster.NewMember{TeamID: w.team.ID, Kind: kind, Role: models.RoleMember, Person: roster.Person{Email: w.name()}})
	case 5, 6, 7:
		if m, ok := w.someone(); ok {
			in := present(m)
			if w.r.IntN(2) == 0 {
				in.UserName = w.name()
			}
			if w.r.IntN(2) == 0 {
				in.Active = !in.Active
			}
			_, err = w.push(m, in)
		}
	case 8:
		if m, ok := w.someone(); ok {
			_, err = w.Deactivate(w.operator(), m.ID, "")
		}
	case 9:
		if m, ok := w.someone(); ok {
			_, err = w.Reactivate(w.operator(), m.ID)
		}
	case 10:
		if m, ok := w.someone(); ok && w.r.IntN(2) == 0 {
			_, err = w.Remove(w.operator(), m.ID)
		} else if ok {
			err = w.RemoveScim(w.scim(), w.team.ID, m.ID, 0)
		}
	case 11:
		_, err = w.CreateGroup(w.scim(), w.team.ID, roster.NewGroup{DisplayName: w.name()})
	case 12:
		if g, ok := w.group(); ok {
			name := w.name()
			_, err = w.ChangeGroup(w.scim(), w.team.ID, g.ID, []roster.GroupChange{{DisplayName: &name}}, 0)
		}
	case 13:
		if g, ok := w.group(); ok {
			err = w.DeleteGroup(w.scim(), w.team.ID, g.ID, 0)
		}
	}
	if _, refused := fault.As(err); err != nil && !refused {
		w.Errorf("%v", err)
	}
}

// name lies among those of the crowd, in front of them or behind.
func (w *walker) name() string {
	n := w.names.Add(1)
	return fmt.Sprintf("%s%04d.%d@acme.test", []string{"crowd", "crowd", "crowd", "a", "z", "ж"}[w.r.IntN(6)], w.r.IntN(1_240), n)
}

func (w *walker) someone() (roster.Member, bool) {
	var rows []models.Membership
	w.must(w.db.Read(w.Context()).Where("team_id = ? AND id <> ?", w.team.ID, w.root.ID).Order("id").Offset(w.r.IntN(1_000)).Limit(1).Find(&rows).Error)
	if len(rows) == 0 {
		return roster.Member{}, false
	}
	m := roster.Member{Membership: rows[0]}
	err := w.db.Read(w.Context()).Where("id = ?", m.UserID).Take(&m.User).Error
	return m, err == nil // else gone meanwhile
}

func (w *walker) group() (models.Group, bool) {
	var rows []models.Group
	w.must(w.db.Read(w.Context()).Where("team_id = ?", w.team.ID).Order("id").Offset(w.r.IntN(1_000)).Limit(1).Find(&rows).Error)
	if len(rows) == 0 {
		return models.Group{}, false
	}
	return rows[0], true
}

// listed is somebody on a list.
type listed struct {
	ID     models.ID
	Name   string
	Seq    int
	Status models.MembershipStatus
}

func (h *house) listOf(kind models.ResourceKind) (rows []listed) {
	h.Helper()
	q := "SELECT m.id, m.user_name_key AS name, p.seq, m.status FROM scim_profiles p JOIN memberships m ON m.id = p.membership_id WHERE p.team_id = ? ORDER BY p.seq"
	if kind == models.ResourceGroup {
		q = "SELECT id, display_name_key AS name, seq FROM team_groups WHERE team_id = ? ORDER BY seq"
	}
	h.must(h.db.Read(h.Context()).Raw(q, h.team.ID).Scan(&rows).Error)
	return rows
}

// counted compares what is counted with what is there.
func (h *house) counted(when string) {
	h.Helper()
	for _, kind := range []models.ResourceKind{models.ResourceUser, models.ResourceGroup} {
		rows := h.listOf(kind)
		what := fmt.Sprintf("%s, %s: ", when, kind)
		var total int
		h.must(h.db.Read(h.Context()).Raw("SELECT total FROM scim_counters WHERE team_id = ? AND kind = ?", h.team.ID, kind).Scan(&total).Error)
		same(h, what+"total", total, len(rows))

		want := map[int][2]int{}
		for _, row := range rows {
			n := want[row.Seq>>10]
			n[0]++
			if row.Status == models.StatusActive {
				n[1]++
			}
			want[row.Seq>>10] = n
		}
		var blocks []models.ScimBlock
		h.must(h.db.Read(h.Context()).Where("team_id = ? AND kind = ?", h.team.ID, kind).Find(&blocks).Error)
		got := map[int][2]int{}
		for _, b := range blocks {
			if b.Live != 0 || b.Active != 0 {
				got[b.Block] = [2]int{b.Live, b.Active}
			}
		}
		same(h, what+"blocks", got, want)

		var stretches []models.ScimNameBlock
		h.must(h.db.Read(h.Context()).Where("team_id = ? AND kind = ?", h.team.ID, kind).Find(&stretches).Error)
		slices.SortFunc(stretches, func(a, b models.ScimNameBlock) int { return cmp.Compare(a.FirstName, b.FirstName) })
		if when == "one by one" && len(stretches) < 2 {
			h.Errorf("%sno stretch was cut", what)
		}
		for i, s := range stretches {
			n := 0
			for _, row := range rows {
				if row.Name >= s.FirstName && (i == len(stretches)-1 || row.Name < stretches[i+1].FirstName) {
					n++
				}
			}
			if s.Live != n || i == 0 != (s.FirstName == "") {
				h.Errorf("%sstretch %d from %q counts %d, there are %d", what, i, s.FirstName, s.Live, n)
			}
		}
	}
}

// paged compares pages with the whole list.
func (h *house) paged(r *rand.Rand) {
	h.Helper()
	for _, kind := range []models.ResourceKind{models.ResourceUser, models.ResourceGroup} {
		for _, by := range []string{"", "name", "name desc", "meta.created", "meta.created desc"} {
			for _, status := range []models.MembershipStatus{"", models.StatusActive, models.StatusDeactivated} {
				if kind == models.ResourceGroup && status != "" {
					continue
				}
				rows := slices.DeleteFunc(h.listOf(kind), func(l listed) bool { return status != "" && l.Status != status })
				q := roster.ScimQuery{Limit: 7, Bare: true}
				if status != "" {
					q.Filter = roster.ScimTest{Attr: "active", Op: roster.ScimEq, Value: status == models.StatusActive}
				}
				attr, desc := strings.CutSuffix(by, " desc")
				switch attr {
				case "name":
					attr = map[models.ResourceKind]string{models.ResourceUser: "username", models.ResourceGroup: "displayname"}[kind]
					slices.SortFunc(rows, func(a, b listed) int { return cmp.Compare(a.Name, b.Name) })
					if desc {
						slices.Reverse(rows)
					}
				case "meta.created": // the test's clock stands still: equal ones keep their places
				}
				if attr != "" {
					q.Sort = &roster.ScimSort{Attr: attr, Desc: desc}
				}
				for _, start := range []int{1, 2, r.IntN(len(rows)) + 1, r.IntN(len(rows)) + 1, len(rows)/2 + 1, len(rows) - 6, len(rows) - 3, len(rows), len(rows) + 1} {
					if q.Start = start; start < 1 {
						continue
					}
					ids, total, more := h.idsOf(kind, q)
					from := min(start-1, len(rows))
					var want []models.ID
					for _, row := range rows[from:min(from+q.Limit, len(rows))] {
						want = append(want, row.ID)
					}
					if !slices.Equal(ids, want) || total != len(rows) || more != (from+q.Limit < len(rows)) {
						h.Errorf("%s by %q, %s, from %d of %d: %v (%d, more: %v), want %v", kind, by, status, start, len(rows), ids, total, more, want)
					}
				}
			}
		}
	}
}

func (h *house) idsOf(kind models.ResourceKind, q roster.ScimQuery) (ids []models.ID, total int, more bool) {
	h.Helper()
	if kind == models.ResourceGroup {
		rows, total, next, err := h.ScimGroups(h.scim(), h.team.ID, q)
		h.must(err)
		for _, g := range rows {
			ids = append(ids, g.ID)
		}
		return ids, total, next.Seq > 0
	}
	rows, total, next, err := h.ScimMembers(h.scim(), h.team.ID, q)
	h.must(err)
	for _, m := range rows {
		ids = append(ids, m.ID)
	}
	return ids, total, next.Seq > 0
}
