package engine

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

// dynoxide asks for the greatest sequence number of a table's stream at each write, and reads all records of the day
// to find it: at 7,500 records a write costs 4 times what it cost at first, at 150,000 it costs 20 ms of processor
// time. With this index it costs the same for ever. The index changes nothing that the engine answers.
const streamIndex = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=20)
db.execute("CREATE INDEX IF NOT EXISTS sarnakh_stream_order ON _stream_records (table_name, CAST(sequence_number AS INTEGER))")
db.commit()
`

// indexStream adds the index to the engine's file. Without it all works, slower, so a failure is only told.
func (p *Programs) indexStream(ctx context.Context, file string) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, p.python, "-c", streamIndex, file).CombinedOutput(); err != nil {
		p.say(fmt.Sprintf("no index on the stream's records, so writes slow down as their number grows: %v: %.300s", err, out))
	}
}
