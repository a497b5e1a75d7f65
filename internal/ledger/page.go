package ledger

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// format is the first byte of every body and blob. Readers know all released
// formats for ever; writers write the newest.
const format = 1

const (
	bodyPage  = 'p'
	bodyRun   = 'r'
	bodyBlock = 'i'
)

// nonce names a record by its content, so two workers that make the same record
// make it under one key, two that make different ones do not meet, and a reader
// can tell that it got what was written.
type nonce [6]byte

func nonceOf(owner lead.ID, body []byte) nonce {
	h := sha256.New()
	h.Write([]byte(owner))
	h.Write([]byte{0})
	h.Write(body)
	var n nonce
	copy(n[:], h.Sum(nil))
	return n
}

var nonceCode = base32.HexEncoding.WithPadding(base32.NoPadding)

func (n nonce) String() string { return nonceCode.EncodeToString(n[:]) }

// pointer names a page or a run of a lead.
type pointer struct {
	owner lead.ID
	nonce nonce
}

func (p pointer) page() Ref { return Ref{p.owner, "p" + p.nonce.String()} }
func (p pointer) run() Ref  { return Ref{p.owner, "r" + p.nonce.String()} }
func (p pointer) block(i int) Ref {
	return Ref{p.owner, "i" + p.nonce.String() + "#" + strconv.Itoa(i)}
}

// Size of the record as DynamoDB counts it: names h, r and x included.
func (r Record) Size() int { return 3 + len(r.Lead) + len(r.Key) + len(r.Body) }

// body finds a record on the shelf and checks that it is what the pointer meant.
func (p pointer) body(ref Ref, shelf Shelf) ([]byte, error) {
	body, ok := shelf[ref]
	if !ok {
		return nil, fmt.Errorf("ledger record %s of %s is pointed to and not on the shelf: read it again strongly; it is never absent", ref.Key, ref.Lead)
	}
	if ref.Key[0] != bodyBlock && nonceOf(p.owner, body) != p.nonce {
		return nil, fmt.Errorf("ledger record %s of %s holds other bytes than were written under that key", ref.Key, ref.Lead)
	}
	return body, nil
}

// newPage writes entries that leave the tail; they are never written again.
func newPage(owner lead.ID, entries []Entry) (pointer, Record) {
	body := pageBody(entries)
	p := pointer{owner, nonceOf(owner, body)}
	return p, Record{p.page(), body}
}

func pageBody(entries []Entry) []byte {
	var owners []lead.ID
	for i := range entries {
		owners = withOwner(owners, entries[i].Owner)
	}
	b := appendLeads([]byte{format, bodyPage}, owners)
	b = binary.AppendUvarint(b, uint64(len(entries)))
	at := int64(0)
	for i := range entries {
		b = appendEntry(b, &entries[i], at, owners)
		at = entries[i].At
	}
	return b
}

func readPage(body []byte) ([]Entry, error) {
	r := byteReader{in: body}
	if err := r.head(bodyPage); err != nil {
		return nil, err
	}
	owners := readLeads(&r)
	n := r.count()
	entries := make([]Entry, 0, n)
	var arena []signal.Number
	at := int64(0)
	for ; n > 0 && !r.bad; n-- {
		e := readEntry(&r, at, owners, &arena)
		at = e.At
		entries = append(entries, e)
	}
	if r.bad || len(r.in) > 0 {
		return nil, fmt.Errorf("ledger page of %d bytes: %w", len(body), errShort)
	}
	return entries, nil
}

func (r *byteReader) head(kind byte) error {
	b := r.bytes(2)
	switch {
	case b == nil:
		return errShort
	case b[0] != format:
		return fmt.Errorf("ledger record of format %d: this program reads format %d; a newer one wrote it", b[0], format)
	case b[1] != kind:
		return fmt.Errorf("ledger record of kind %q where %q was expected", b[1], kind)
	}
	return nil
}

// page reads the entries of a page, with their owners set: what lies in the
// history of an absorbed lead was its own.
func (s *State) page(p pointer, shelf Shelf) ([]Entry, error) {
	body, err := p.body(p.page(), shelf)
	if err != nil {
		return nil, err
	}
	entries, err := readPage(body)
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", p.page().Key, p.owner, err)
	}
	if p.owner != s.Lead {
		for i := range entries {
			if entries[i].Owner == "" {
				entries[i].Owner = p.owner
			}
		}
	}
	return entries, nil
}
