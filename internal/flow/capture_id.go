package flow

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// idOf makes an activity's id, a ULID, from what makes the act one: the same
// parts at the same time are the same activity, however often they come. The
// parts are hashed by length, so that no two lists of parts look alike.
func idOf(at time.Time, parts ...string) activity.ID {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.AppendUvarint(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	var id ulid.ULID
	// A time outside what a ULID holds never gets here: tokens are ours.
	_ = id.SetTime(uint64(max(0, at.UnixMilli())))
	_ = id.SetEntropy(h.Sum(nil)[:10])
	return activity.ID(id.String())
}

// visitorOf derives a visitor's id from an activity's: for a browser without
// our script, so that a download on the thank-you page finds its person.
func visitorOf(id activity.ID) string {
	sum := sha256.Sum256([]byte("visitor\x00" + string(id)))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
}
