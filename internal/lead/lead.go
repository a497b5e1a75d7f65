// Package lead is who somebody is: identities in the one form in which they
// are compared, and what is known of a person, kept so that the order of
// arrival cannot matter. It knows nothing of what they did or what that is worth.
package lead

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
)

// ID names a lead: 16 characters of a-z and 2-7, derived from the keyed hash of
// the identity that came first, so that two tries to make one lead make one.
type ID string

// Kind is a kind of identity.
type Kind string

// The kinds. An anonymous lead has visitors only.
const (
	ByEmail    Kind = "email"
	ByPhone    Kind = "phone"
	ByVisitor  Kind = "visitor"
	ByExternal Kind = "external"
)

// Identity is one name of a lead, normalized.
type Identity struct {
	Kind  Kind
	Value string
}

// ids are lower case, so that they can stand in a URL and be read aloud.
var ids = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Hash is the keyed hash by which an identity is stored: who reads the table
// without the secret cannot tell whether an address is in it.
func (i Identity) Hash(secret []byte) string {
	m := hmac.New(sha256.New, secret)
	var n [4]byte
	for _, s := range []string{string(i.Kind), i.Value} {
		binary.BigEndian.PutUint32(n[:], uint32(len(s)))
		m.Write(n[:])
		m.Write([]byte(s))
	}
	return ids.EncodeToString(m.Sum(nil)[:15])
}

// IDOf is the id of the lead that this hash of an identity was the first of.
func IDOf(kind Kind, hash string) ID {
	h := sha256.Sum256([]byte("lead\x00" + string(kind) + "\x00" + hash))
	return ID(ids.EncodeToString(h[:10]))
}

// ValidID tells whether a text has the shape of an ID.
func ValidID(s string) bool {
	if len(s) != 16 {
		return false
	}
	_, err := ids.DecodeString(s)
	return err == nil
}
