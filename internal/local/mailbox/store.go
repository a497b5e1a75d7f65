package mailbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// store keeps mails in one file that only grows, one JSON line each: a mail, an event of a mail, a published mark, or a
// change of the suppression list. Content stays in the file; what lists need is in memory.
type store struct {
	mu         sync.Mutex
	file       *os.File
	size       int64
	mails      []*entry
	byID       map[string]*entry
	dirty      []*entry // those with events that are not published, at least
	suppressor map[string]suppression
	broken     error // set when the file could not be put back after a failed write
}

type entry struct {
	Summary
	offset, length int64
	published      int  // how many of Events, from the first, are published
	dirty          bool // it is in the store's list
}

type suppression struct {
	Address string    `json:"address"`
	Reason  string    `json:"reason"` // BOUNCE, COMPLAINT; empty: taken off the list
	At      time.Time `json:"at"`
}

// line is one line of the file: exactly one field is set.
type line struct {
	Mail      *Mail        `json:"mail,omitempty"`
	Event     *eventLine   `json:"event,omitempty"`
	Published *mark        `json:"published,omitempty"`
	Suppress  *suppression `json:"suppress,omitempty"`
}

type eventLine struct {
	ID     string  `json:"id"`
	Events []Event `json:"events"`
}

type mark struct {
	ID string `json:"id"`
	N  int    `json:"n"`
}

func openStore(dir string) (*store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the mailbox: %w", err)
	}
	path := filepath.Join(dir, "mails.ndjson")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the mailbox: %w", err)
	}
	s := &store{file: file, byID: map[string]*entry{}, suppressor: map[string]suppression{}}
	in := bufio.NewReaderSize(file, 1<<20)
	for {
		b, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			// A kill in the middle of a write leaves half a line: nobody was told of it, so it is cut off.
			if err := file.Truncate(s.size); err != nil {
				return nil, fmt.Errorf("cut the torn end of %s: %w", path, err)
			}
			return s, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		var l line
		if err := json.Unmarshal(b, &l); err != nil {
			return nil, fmt.Errorf("%s at byte %d is not a line of a mailbox: %w; remove the file to start an empty one", path, s.size, err)
		}
		s.apply(l, s.size, int64(len(b)))
		s.size += int64(len(b))
	}
}

func (s *store) apply(l line, offset, length int64) {
	switch {
	case l.Mail != nil:
		e := &entry{Summary: l.Mail.Summary, offset: offset, length: length}
		s.mails = append(s.mails, e)
		s.byID[e.ID] = e
	case l.Event != nil:
		if e := s.byID[l.Event.ID]; e != nil {
			if !e.dirty {
				e.dirty = true
				s.dirty = append(s.dirty, e)
			}
			e.Events = append(e.Events, l.Event.Events...)
		}
	case l.Published != nil:
		if e := s.byID[l.Published.ID]; e != nil {
			e.published = max(e.published, l.Published.N)
		}
	case l.Suppress != nil && l.Suppress.Reason == "":
		delete(s.suppressor, l.Suppress.Address)
	case l.Suppress != nil:
		s.suppressor[l.Suppress.Address] = *l.Suppress
	}
}

// append writes a line whole or not at all. The system holds it once write returns, so it survives a kill of the run.
func (s *store) append(l line) error {
	b, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("keep a mail: %w", err)
	}
	b = append(b, '\n')
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	if _, err := s.file.WriteAt(b, s.size); err != nil {
		if cut := s.file.Truncate(s.size); cut != nil {
			s.broken = fmt.Errorf("the mailbox is broken: %w", cut)
		}
		return fmt.Errorf("keep a mail: %w", err)
	}
	s.apply(l, s.size, int64(len(b)))
	s.size += int64(len(b))
	return nil
}

func (s *store) add(m Mail) error {
	m.Events = nil
	return s.append(line{Mail: &m})
}

func (s *store) get(id string) (*Mail, error) {
	s.mu.Lock()
	e := s.byID[id]
	if e == nil {
		s.mu.Unlock()
		return nil, fmt.Errorf("mail %s: %w", id, ErrNotFound)
	}
	offset, length, events := e.offset, e.length, slices.Clone(e.Events)
	s.mu.Unlock()
	b := make([]byte, length)
	if _, err := s.file.ReadAt(b, offset); err != nil {
		return nil, fmt.Errorf("read mail %s: %w", id, err)
	}
	var l line
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&l); err != nil || l.Mail == nil {
		return nil, fmt.Errorf("read mail %s: the file was changed by another program (%v)", id, err)
	}
	l.Mail.Events = events
	return l.Mail, nil
}

func (s *store) list(f Filter) ([]Summary, int) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	name, value, _ := strings.Cut(f.Tag, ":")
	query := strings.ToLower(f.Query)
	s.mu.Lock()
	defer s.mu.Unlock()
	out, total := []Summary{}, 0
	for _, e := range slices.Backward(s.mails) {
		if f.After != "" && e.ID == f.After {
			break
		}
		if f.To != "" && !slices.ContainsFunc(e.To, func(to string) bool { return strings.EqualFold(to, f.To) }) {
			continue
		}
		if f.Tag != "" && !slices.Contains(e.Tags[name], value) {
			continue
		}
		if query != "" && !strings.Contains(strings.ToLower(e.Subject+"\n"+e.From+"\n"+strings.Join(e.To, "\n")), query) {
			continue
		}
		if total++; len(out) < f.Limit {
			c := e.Summary
			c.Tags, c.Events, c.To = maps.Clone(c.Tags), slices.Clone(c.Events), slices.Clone(c.To)
			out = append(out, c)
		}
	}
	return out, total
}

// unpublished gives the mails with events to publish, from which event on, and how many events that are.
func (s *store) unpublished() (marks []mark, events int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = slices.DeleteFunc(s.dirty, func(e *entry) bool {
		e.dirty = e.published < len(e.Events)
		return !e.dirty
	})
	for _, e := range s.dirty {
		marks = append(marks, mark{e.ID, e.published})
		events += len(e.Events) - e.published
	}
	return marks, events
}

// since counts the mails after a moment.
func (s *store) since(at time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, e := range slices.Backward(s.mails) {
		if e.At.Before(at) {
			break
		}
		n++
	}
	return n
}

func (s *store) suppressed(address string) bool {
	_, ok := s.suppression(address)
	return ok
}

func (s *store) suppression(address string) (suppression, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.suppressor[strings.ToLower(address)]
	return p, ok
}

func (s *store) suppressions() []suppression {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.suppressor), func(a, b suppression) int { return strings.Compare(a.Address, b.Address) })
}

func (s *store) suppress(address, reason string, at time.Time) error {
	return s.append(line{Suppress: &suppression{Address: strings.ToLower(address), Reason: reason, At: at}})
}

func (s *store) close() error {
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("close the mailbox: %w", err)
	}
	return nil
}
