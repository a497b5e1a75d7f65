package sim

import (
	"context"
	"encoding/base32"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

var tagCode = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// checkDecisions holds that each decision was carried out, each part of it
// once, and that none was lost on the way.
func (w *World) checkDecisions() {
	ctx := context.Background()
	known := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(w.is)) {
		list, _, err := w.mem.ListDecisions(ctx, id, "")
		if err != nil {
			w.broken("%v", err)
			continue
		}
		numbers := map[string][]int{}
		for _, d := range list {
			w.report.Decisions++
			key := d.DecisionKey.String()
			known["dec_"+tagCode.EncodeToString([]byte(key))] = true
			w.carriedOut(d)
			switch d.Kind {
			case decision.Handover, decision.FastLane, decision.Stage, decision.Audience, decision.Wake, decision.Talk:
				numbers[d.Kind] = append(numbers[d.Kind], d.N)
			case decision.Enroll:
				numbers[d.Kind+" "+d.Subject] = append(numbers[d.Kind+" "+d.Subject], d.N)
			}
		}
		for _, kind := range slices.Sorted(maps.Keys(numbers)) {
			ns := numbers[kind]
			slices.Sort(ns)
			for i, n := range ns {
				if n != i+1 && !w.absorbed(id) {
					w.broken("decisions %s of %s are numbered %v: one is missing or stands twice", kind, id, ns)
					break
				}
			}
		}
		w.asked(id, list)
		w.listedOnce(id, list)
	}
	for _, id := range slices.Sorted(maps.Keys(w.hooked)) {
		if !known[id] && !strings.HasPrefix(id, "msg_") {
			w.broken("webhook %s belongs to no decision", id)
		}
	}
}

// absorbed tells that a lead took another one in, or went into one: counters
// then go on from the higher.
func (w *World) absorbed(id lead.ID) bool {
	for from, into := range w.mails.moved {
		if lead.ID(into) == id || lead.ID(from) == id {
			return true
		}
	}
	return false
}

// carriedOut looks at the traces that one decision left in the world.
func (w *World) carriedOut(d store.Decision) {
	key := d.DecisionKey.String()
	did := func(what string) bool { return d.Done[what] != 0 }
	want := func(parts ...string) {
		for _, part := range parts {
			if !did(part) {
				w.broken("decision %s was not carried out: %s; done %v", key, part, slices.Sorted(maps.Keys(d.Done)))
			}
		}
	}
	tag := tagCode.EncodeToString([]byte(key))
	copies := len(w.post.copies["decision "+tag])
	w.report.Alerts += copies
	if n := d.Done["alert.group"]; n != 0 {
		if copies > 0 {
			w.double("decision %s was told alone and in list %d", key, n)
		}
		tag = listTag(n)
		copies = w.post.named[listed{"decision " + tag, d.Lead}]
		if copies < len(w.post.copies["decision "+tag]) {
			w.broken("list %d does not tell of %s", n, key)
		}
	}
	if w.spoken(d) {
		want("quiet")
		if copies > 0 || w.hooked["dec_"+tag] != nil {
			w.broken("decision %s is quiet, and somebody was told", key)
		}
		return
	}
	switch d.Kind {
	case decision.Handover, decision.FastLane:
		want("work", "webhook")
		w.worked(d.Lead, key)
		if did("withdrawn") {
			break // taken back before sales was told
		}
		if r, err := decision.DecodeReason(d.Reason); err == nil && r.Asked && d.Kind == decision.Handover && !did("told") {
			if copies > 0 {
				w.double("alert %s left, although the request itself is told", key)
			}
			break
		}
		want("alert")
		doubt := w.post.doubt["decision "+tag]
		switch {
		case copies > 2, copies == 2 && doubt == 0:
			w.double("alert %s left %d times, %d answers were lost", key, copies, doubt)
		case copies == 2:
			w.report.AlertsTwice++
		case copies == 0 && w.post.never["decision "+tag] == 0 && !did("alert.unknown"):
			w.broken("alert %s never left", key)
		}
	case decision.Stage:
		want("hold", "webhook")
	case decision.Withdrawn:
		want("work", "webhook")
	case decision.Audience:
		want("webhook")
	case decision.Enroll, decision.Unenroll, decision.Wake:
		want("track")
		return
	case decision.Talk:
		want("hold")
		return
	}
	if w.hooked["dec_"+tagCode.EncodeToString([]byte(key))] == nil {
		w.broken("webhook of %s was never taken", key)
	}
}

// worked holds that a reason is on the work list once, open or closed.
func (w *World) worked(id lead.ID, key string) {
	stored, err := w.mem.ReadWork(context.Background(), id)
	if err != nil {
		w.broken("work of %s: %v", key, err)
		return
	}
	item, err := flow.ReadWorkItem(stored)
	if err != nil {
		w.broken("%v", err)
		return
	}
	n := 0
	for _, r := range item.Reasons {
		if r.ID == key {
			n++
		}
	}
	if slices.Contains(item.Done, key) {
		n++
	}
	if n != 1 {
		w.broken("decision %s is on the work list %d times", key, n)
	}
}

// asked holds that every request of the fast lane was told, and none that was
// not made.
func (w *World) asked(id lead.ID, list []store.Decision) {
	it := w.is[id]
	s, err := ledger.Decode(it)
	if err != nil || s.MovedTo != "" || s.Excluded != 0 || w.absorbed(id) {
		return
	}
	told := 0
	for _, d := range list {
		if d.Kind != decision.FastLane {
			continue
		}
		r, err := decision.DecodeReason(d.Reason)
		if err != nil {
			w.broken("%v", err)
			return
		}
		told += r.Count
	}
	c := w.bookOf(it.Playbook)
	if c == nil {
		return
	}
	_, shelf, err := w.open(it, c)
	if err != nil {
		w.broken("%v", errors.Join(errors.New("ledger of "+string(id)), err))
		return
	}
	log, err := s.Log(shelf)
	if err != nil {
		w.broken("%v", err)
		return
	}
	revoked := map[uint64]bool{}
	for i := range log {
		revoked[log[i].Revokes] = true
	}
	asked, stands := 0, 0
	for i := range log {
		for _, n := range c.Rules.Config().FastLane {
			if slices.Contains(log[i].Hits, n) {
				asked++
				if !revoked[log[i].Key] {
					stands++
				}
			}
		}
	}
	if told < stands || told > asked {
		w.broken("%s asked for a call %d times, %d of them stand; sales was told of %d", id, asked, stands, told)
	}
}

// quietly holds that a published playbook decides without telling anybody.
func (w *World) quietly(before, after ledger.Item) {
	was, err := ledger.Decode(before)
	if err != nil {
		w.broken("%v", err)
		return
	}
	is, err := ledger.Decode(after)
	if err != nil {
		w.broken("%v", err)
		return
	}
	for _, d := range is.Pending {
		had := slices.ContainsFunc(was.Pending, func(o ledger.Pending) bool { return o.Kind == d.Kind && o.Name == d.Name && o.N == d.N })
		if !had && !d.Quiet && was.Playbook < is.Playbook {
			w.broken("publishing playbook %d told somebody: %s", is.Playbook, flow.KeyOf(is.Lead, d))
		}
	}
}
