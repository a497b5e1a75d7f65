package tool

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Suppressing is a list of addresses that must not be written to.
type Suppressing struct {
	Store  flow.SuppressStore
	Secret []byte // keys the hashes of identities
	Now    time.Time
	// Refuse hears of each line that is no address.
	Refuse func(line int, reason string)
}

// Suppressed counts what was done.
type Suppressed struct {
	Addresses int
	Known     int // of leads that are here already
	Refused   int
}

// reasons are the words that a list may give; what came from elsewhere and says
// nothing is an import.
var reasons = map[string]string{
	"": "import", "import": "import", "manual": "manual", "bounce": "bounce", "hard_bounce": "bounce", "complaint": "complaint", "spam": "complaint",
	"unsubscribe": store.Unsubscribed, "unsubscribed": store.Unsubscribed,
}

// One suppresses an address.
func (s Suppressing) One(ctx context.Context, address, reason string) (known bool, err error) {
	e, err := lead.NormalizeEmail(address)
	if err != nil {
		return false, err
	}
	word, ok := reasons[strings.ToLower(strings.TrimSpace(reason))]
	if !ok {
		return false, fmt.Errorf("reason %q: bounce, complaint, unsubscribe, manual or import", reason)
	}
	return flow.Suppress(ctx, s.Store, s.Secret, e, word, s.Now)
}

// Import suppresses the addresses of a file: one a line, after a comma or tab
// perhaps the reason; a heading line is passed over. Importing it twice changes
// nothing.
func (s Suppressing) Import(ctx context.Context, in io.Reader) (done Suppressed, err error) {
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(string(bytes.TrimPrefix(lines.Bytes(), []byte("\xef\xbb\xbf"))))
		address, reason, _ := strings.Cut(strings.ReplaceAll(line, "\t", ","), ",")
		address, reason = strings.Trim(address, `" `), strings.Trim(reason, `" `)
		if address == "" || n == 1 && !strings.Contains(address, "@") {
			continue
		}
		if i := strings.IndexByte(reason, ','); i >= 0 {
			reason = strings.Trim(reason[:i], `" `)
		}
		known, err := s.One(ctx, address, reason)
		var bad *lead.AddressError
		switch {
		case errors.As(err, &bad), err != nil && reasons[strings.ToLower(reason)] == "":
			done.Refused++
			if s.Refuse != nil {
				s.Refuse(n, err.Error())
			}
			continue
		case err != nil:
			return done, fmt.Errorf("line %d: %w; import the file again: what is suppressed stays so", n, err)
		}
		done.Addresses++
		if known {
			done.Known++
		}
	}
	return done, lines.Err()
}
