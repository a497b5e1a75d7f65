package ledger

import (
	"encoding/base32"
	"encoding/binary"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// types are written as one byte, their place here plus one; any other type as
// 0 and its text. Released places never change: append only.
var types = [...]activity.Type{
	"page.viewed", "cta.seen", "cta.clicked", "form.seen", "form.started", "form.posted", "file.downloaded",
	"mail.sent", "mail.clicked", "mail.opened", "mail.replied", "mail.bounced", "mail.complained", "mail.unsubscribed",
	"call.answered", "call.missed", "call.requested", "call.price_asked", "call.refused",
	"social.shared", "social.asked", "ad.clicked", "webinar.signed_up", "webinar.attended", "stand.visited",
	"trial.started", "product.logged_in", "product.invited", "product.imported", "product.active",
	"deal.opened", "deal.won", "deal.lost", "profile.changed", "consent.changed",
	"lead.taken", "lead.accepted", "lead.returned", "lead.adjusted", "activity.revoked", "leads.merged",
}

func typeCode(t activity.Type) byte {
	for i := range types {
		if types[i] == t {
			return byte(i + 1)
		}
	}
	return 0
}

// What an entry has beside the fields that each one has.
const (
	hasMade = 1 << iota
	hasPacked
	hasFlags
	isRevoked
	hasOwner
	hasMore // revocation or adjustment
	dayBits // two bits: the day less the UTC day of At plus one; 3 = written out
)

// appendEntry writes an entry; at is the time of the entry before it. An entry
// with a path and a campaign takes about 50 bytes, 20 of them are not
// properties.
func appendEntry(b []byte, e *Entry, at int64, owners []lead.ID) []byte {
	var has byte
	if e.Made != 0 {
		has |= hasMade
	}
	if len(e.Packed) > 0 {
		has |= hasPacked
	}
	if e.Flags != 0 {
		has |= hasFlags
	}
	if e.Revoked {
		has |= isRevoked
	}
	if e.Owner != "" {
		has |= hasOwner
	}
	if e.Revokes != 0 || e.Points != 0 {
		has |= hasMore
	}
	off := int64(e.Day) - floorDay(e.At) + 1
	if off < 0 || off > 2 {
		off = 3
	}
	has |= byte(off) * dayBits

	code := typeCode(e.Type)
	b = append(b, has, code)
	if code == 0 {
		b = appendString(b, string(e.Type))
	}
	b = binary.LittleEndian.AppendUint64(b, e.Key)
	b = binary.LittleEndian.AppendUint32(b, e.PayloadHash)
	b = binary.AppendVarint(b, e.At-at)
	b = binary.AppendVarint(b, e.Received-e.At)
	if off == 3 {
		b = binary.AppendVarint(b, int64(e.Day))
	}
	if has&hasMade != 0 {
		b = binary.AppendVarint(b, e.Received-e.Made)
	}
	b = appendHits(b, e.Hits)
	if has&hasPacked != 0 {
		b = appendString(b, string(e.Packed))
	}
	if has&hasFlags != 0 {
		b = append(b, byte(e.Flags))
	}
	if has&hasOwner != 0 {
		b = binary.AppendUvarint(b, uint64(ownerIndex(owners, e.Owner)))
	}
	if has&hasMore != 0 {
		b = binary.LittleEndian.AppendUint64(b, e.Revokes)
		b = binary.AppendVarint(b, int64(e.Points))
		b = binary.AppendVarint(b, int64(e.Until))
		b = appendHits(b, e.undoHits)
		b = binary.AppendVarint(b, int64(e.undoDay))
		b = binary.AppendVarint(b, int64(e.undoPoints))
		b = binary.AppendVarint(b, int64(e.undoUntil))
	}
	return b
}

// readEntry reads what appendEntry wrote. Hits are appended to arena, so that
// the entries of a tail share one slice; Packed aliases the bytes read.
func readEntry(r *byteReader, at int64, owners []lead.ID, arena *[]signal.Number) Entry {
	var e Entry
	has, code := r.byte(), r.byte()
	switch {
	case code == 0:
		e.Type = activity.Type(r.text())
	case int(code) <= len(types):
		e.Type = types[code-1]
	default:
		r.bad = true
	}
	if b := r.bytes(12); b != nil {
		e.Key = binary.LittleEndian.Uint64(b)
		e.PayloadHash = binary.LittleEndian.Uint32(b[8:])
	}
	e.At = at + r.int()
	e.Received = e.At + r.int()
	if off := has / dayBits; off == 3 {
		e.Day = readDay(r)
	} else {
		e.Day = activity.Day(floorDay(e.At) + int64(off) - 1)
	}
	if has&hasMade != 0 {
		e.Made = e.Received - r.int()
	}
	e.Hits = readHits(r, arena)
	if has&hasPacked != 0 {
		e.Packed = r.text()
	}
	if has&hasFlags != 0 {
		e.Flags = activity.Flag(r.byte())
	}
	e.Revoked = has&isRevoked != 0
	if has&hasOwner != 0 {
		if i := r.uint(); i < uint64(len(owners)) {
			e.Owner = owners[i]
		} else {
			r.bad = true
		}
	}
	if has&hasMore != 0 {
		if b := r.bytes(8); b != nil {
			e.Revokes = binary.LittleEndian.Uint64(b)
		}
		e.Points = int(r.int())
		e.Until = readDay(r)
		e.undoHits = readHits(r, arena)
		e.undoDay = readDay(r)
		e.undoPoints = int(r.int())
		e.undoUntil = readDay(r)
	}
	if e.At > maxTime || e.At < -maxTime || e.Day > maxDay || e.Day < -maxDay {
		r.bad = true
	}
	return e
}

const maxTime = maxDay * 86400

func readDay(r *byteReader) activity.Day {
	d := r.int()
	if d > maxDay || d < -maxDay {
		r.bad = true
		return 0
	}
	return activity.Day(d)
}

func appendHits(b []byte, hits []signal.Number) []byte {
	b = binary.AppendUvarint(b, uint64(len(hits)))
	var before signal.Number
	for _, h := range hits {
		b = binary.AppendUvarint(b, uint64(h-before))
		before = h
	}
	return b
}

func readHits(r *byteReader, arena *[]signal.Number) []signal.Number {
	n := r.count()
	if n == 0 {
		return nil
	}
	from := len(*arena)
	before := uint64(0)
	for ; n > 0; n-- {
		if before += r.uint(); before > uint64(Manual) {
			r.bad = true
			return nil
		}
		*arena = append(*arena, signal.Number(before))
	}
	return (*arena)[from:len(*arena):len(*arena)]
}

func floorDay(at int64) int64 {
	d := at / 86400
	if at%86400 < 0 {
		d--
	}
	return d
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// leadCode is the alphabet of lead ids: 16 characters are 10 bytes.
var leadCode = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// appendLead writes a lead's id: a length of 0 and 10 bytes, or its text.
func appendLead(b []byte, id lead.ID) []byte {
	if raw, err := leadCode.DecodeString(string(id)); err == nil && len(raw) == 10 {
		return append(append(b, 0), raw...)
	}
	return appendString(b, string(id))
}

func readLead(r *byteReader) lead.ID {
	n := r.uint()
	if n == 0 {
		return lead.ID(leadCode.EncodeToString(r.bytes(10)))
	}
	return lead.ID(r.bytes(n))
}

func appendLeads(b []byte, ids []lead.ID) []byte {
	b = binary.AppendUvarint(b, uint64(len(ids)))
	for _, id := range ids {
		b = appendLead(b, id)
	}
	return b
}

func readLeads(r *byteReader) []lead.ID {
	n := r.count()
	if n == 0 {
		return nil
	}
	ids := make([]lead.ID, 0, n)
	for ; n > 0 && !r.bad; n-- {
		ids = append(ids, readLead(r))
	}
	return ids
}

func ownerIndex(owners []lead.ID, id lead.ID) int {
	for i, o := range owners {
		if o == id {
			return i
		}
	}
	// unreachable: owners are collected before entries are written
	return len(owners)
}

func withOwner(owners []lead.ID, id lead.ID) []lead.ID {
	if id == "" || ownerIndex(owners, id) < len(owners) {
		return owners
	}
	return append(owners, id)
}
