package ledger

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Row is an entry as it is exported, one JSON object a line. Replaying the rows
// of a lead gives the same tally, registers and ids.
type Row struct {
	Key        string          `json:"key"`
	Payload    string          `json:"payload"`
	Type       activity.Type   `json:"type"`
	At         string          `json:"at"`
	Received   string          `json:"received"`
	Made       int64           `json:"made,omitempty"`
	Day        string          `json:"day"`
	Hits       []signal.Number `json:"hits,omitempty"`
	Properties map[string]any  `json:"properties,omitempty"`
	Packed     string          `json:"packed,omitempty"`
	Flags      activity.Flag   `json:"flags,omitempty"`
	Revokes    string          `json:"revokes,omitempty"`
	Revoked    bool            `json:"revoked,omitempty"`
	Points     int             `json:"points,omitempty"`
	Until      string          `json:"until,omitempty"`
	Owner      lead.ID         `json:"owner,omitempty"`
}

// Export gives an entry for people and programs. Packed is what the entry is
// restored from; Properties say the same in the dictionary's words.
func (e *Entry) Export(d *Dictionary) (Row, error) {
	r := Row{
		Key: fmt.Sprintf("%016x", e.Key), Payload: fmt.Sprintf("%08x", e.PayloadHash), Type: e.Type,
		At: moment(e.At), Received: moment(e.Received), Made: e.Made, Day: date(e.Day),
		Hits: e.Hits, Packed: hex.EncodeToString(e.Packed), Flags: e.Flags,
		Points: e.Points, Owner: e.Owner, Revoked: e.Revoked,
	}
	if e.Revokes != 0 {
		r.Revokes = fmt.Sprintf("%016x", e.Revokes)
	}
	if e.Until != 0 {
		r.Until = date(e.Until)
	}
	properties, err := d.Unpack(e.Packed)
	if err != nil {
		return r, fmt.Errorf("export entry %016x: %w", e.Key, err)
	}
	for _, p := range properties {
		if r.Properties == nil {
			r.Properties = map[string]any{}
		}
		switch p.Value.Kind {
		case activity.Number:
			r.Properties[p.Name] = p.Value.Number
		case activity.Bool:
			r.Properties[p.Name] = p.Value.Bool
		case activity.List:
			r.Properties[p.Name] = p.Value.List
		default:
			r.Properties[p.Name] = p.Value.Text
		}
	}
	return r, nil
}

// ParseRow reads a line of an export.
func ParseRow(line []byte) (Entry, error) {
	var r Row
	if err := json.Unmarshal(line, &r); err != nil {
		return Entry{}, fmt.Errorf("exported entry: %w", err)
	}
	p := parser{row: r.Key}
	e := Entry{
		Key: p.hash("key", r.Key, 64), PayloadHash: uint32(p.hash("payload", r.Payload, 32)), Type: r.Type,
		At: p.moment("at", r.At), Received: p.moment("received", r.Received), Made: r.Made, Day: p.date("day", r.Day),
		Hits: r.Hits, Flags: r.Flags, Points: r.Points, Owner: r.Owner, Revoked: r.Revoked,
	}
	if r.Revokes != "" {
		e.Revokes = p.hash("revokes", r.Revokes, 64)
	}
	if r.Until != "" {
		e.Until = p.date("until", r.Until)
	}
	if packed, err := hex.DecodeString(r.Packed); err != nil {
		p.fail("packed", err)
	} else if len(packed) > 0 {
		e.Packed = packed
	}
	return e, p.err
}

type parser struct {
	row string
	err error
}

func (p *parser) fail(field string, err error) {
	if p.err == nil && err != nil {
		p.err = fmt.Errorf("exported entry %.20q, field %s: %w", p.row, field, err)
	}
}

func (p *parser) hash(field, s string, bits int) uint64 {
	v, err := strconv.ParseUint(s, 16, bits)
	p.fail(field, err)
	return v
}

func (p *parser) moment(field, s string) int64 {
	t, err := time.Parse(time.RFC3339, s)
	p.fail(field, err)
	return t.Unix()
}

func (p *parser) date(field, s string) activity.Day {
	if s == "-" {
		return 0
	}
	t, err := time.Parse(time.DateOnly, s)
	p.fail(field, err)
	return activity.Day(floorDay(t.Unix()))
}

func moment(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }

func date(d activity.Day) string {
	if d == 0 {
		return "-"
	}
	return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly)
}
