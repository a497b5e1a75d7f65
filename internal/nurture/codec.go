package nurture

import (
	"encoding/json"
	"fmt"
)

// format is the first byte of a stored recipient. Released formats stay
// readable.
const format = 1

// Encode gives the bytes of the recipient item.
func (r *Recipient) Encode() ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode recipient %s: %w", r.ID, err)
	}
	return append([]byte{format}, body...), nil
}

// Decode reads the bytes of a recipient item.
func Decode(id string, b []byte) (*Recipient, error) {
	if len(b) == 0 || b[0] != format {
		return nil, fmt.Errorf("recipient %s: format is not %d: written by a newer release?", id, format)
	}
	var r Recipient
	if err := json.Unmarshal(b[1:], &r); err != nil {
		return nil, fmt.Errorf("recipient %s: %w", id, err)
	}
	return &r, nil
}
