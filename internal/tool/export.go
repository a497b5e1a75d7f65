package tool

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/offline"
)

// Export writes a lead as NDJSON: what stands beside the log, then an entry a
// line. Reading it again gives the same ledger; with check that is tried.
func (d *Desk) Export(ctx context.Context, out io.Writer, name string, check bool) (entries int, err error) {
	c, err := d.shelf().InForce(ctx)
	if err != nil {
		return 0, err
	}
	id, err := d.Find(ctx, c, name)
	if err != nil {
		return 0, err
	}
	s, err := d.open(ctx, c, id)
	if err != nil {
		return 0, err
	}
	log, shelf, err := d.log(ctx, s)
	if err != nil {
		return 0, err
	}
	var b bytes.Buffer
	if err := offline.Write(&b, c, s, log); err != nil {
		return 0, err
	}
	if check {
		if err := d.replays(ctx, b.Bytes(), s, shelf); err != nil {
			return len(log), err
		}
	}
	_, err = out.Write(b.Bytes())
	return len(log), err
}

// replays holds an export against the lead that it was made from: the same
// bytes of ids, tally and registers.
func (d *Desk) replays(ctx context.Context, export []byte, s *ledger.State, shelf ledger.Shelf) error {
	c, err := d.shelf().InForce(ctx)
	if err != nil {
		return err
	}
	again, err := offline.Replay(c, bytes.NewReader(export))
	if err != nil {
		return err
	}
	if err := d.read(ctx, s.AllRefs(), shelf); err != nil {
		return err
	}
	m := c.Rules.Meters()
	want, err := s.Canonical(m, shelf)
	if err != nil {
		return err
	}
	got, err := again.Canonical(m, nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(want, got) {
		return fmt.Errorf("the export of %s does not replay to its ledger: %d bytes, and %d are stored", s.Lead, len(got), len(want))
	}
	return nil
}
