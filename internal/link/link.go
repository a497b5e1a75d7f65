// Package link makes and reads the signed tokens that stand in links and
// forms. A token carries what it is for, when it was made and whom it concerns
// by an id of ours: never an address. Who holds one can do that one thing.
//
// Every token is one byte string with length-prefixed fields under one HMAC,
// so that no two lists of fields look the same.
package link

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
	"time"
)

// Purpose keeps a token of one kind from being used as another.
type Purpose byte

// The purposes.
const (
	ForClick       Purpose = 'c'
	ForDownload    Purpose = 'd'
	ForPreferences Purpose = 'p'
	ForUnsubscribe Purpose = 'u'
	ForConfirm     Purpose = 'o'
	ForForm        Purpose = 'f'
	ForOpen        Purpose = 'v'
)

// ErrToken is every token that is not ours, was changed, or is for something
// else. There is nothing more to say to who sent it.
var ErrToken = errors.New("not a valid link")

// Nonce tells two tokens of the same content apart. The caller makes it:
// random, or derived from an id so that the same mail has the same links.
type Nonce [8]byte

// NonceOf derives a nonce from parts, such as a send's id and a link's number.
func NonceOf(parts ...string) Nonce {
	var room [128]byte // what it is made of, most of the time
	b := room[:0]
	for _, p := range parts {
		b = append(binary.AppendUvarint(b, uint64(len(p))), p...)
	}
	sum := sha256.Sum256(b)
	return Nonce(sum[:])
}

// Token is the content of a signed token.
type Token struct {
	Purpose Purpose
	At      time.Time // whole milliseconds
	Nonce   Nonce
	Fields  []string
}

// Keys sign and check. The first signs; all check, so that links made before a
// change of the secret still open.
type Keys struct{ keys []key }

type key struct {
	id byte
	// signers are ready for the next text: taking in the secret is half of the
	// work for texts as short as ours, and a mail has half a dozen links.
	signers *sync.Pool
}

// signer is what it takes to sign one text, and is used again.
type signer struct {
	mac       hash.Hash
	text, sum []byte
}

const (
	version   = 1
	macBytes  = 16
	maxToken  = 2048 // characters; a longer one is not ours
	maxFields = 12
)

// NewKeys takes the current secret and those before it, newest first. Empty
// ones are left out; without any it is an error.
func NewKeys(secrets ...string) (*Keys, error) {
	k := &Keys{}
	for _, s := range secrets {
		if s == "" {
			continue
		}
		if len(s) < 16 {
			return nil, fmt.Errorf("link secret: has %d characters, want at least 16", len(s))
		}
		// The id only saves trying every key; it says nothing about the secret.
		h := sha256.Sum256([]byte("sarnakh link key id\x00" + s))
		derived := sha256.Sum256([]byte("sarnakh link key\x00" + s))
		k.keys = append(k.keys, key{id: h[0], signers: &sync.Pool{New: func() any { return &signer{mac: hmac.New(sha256.New, derived[:])} }}})
	}
	if len(k.keys) == 0 {
		return nil, errors.New("link secret: none given")
	}
	return k, nil
}

// Sign makes the token's text: URL-safe, without padding.
func (k *Keys) Sign(t Token) string {
	s := k.keys[0].signers.Get().(*signer)
	defer k.keys[0].signers.Put(s)
	b := append(s.text[:0], version, k.keys[0].id, byte(t.Purpose))
	b = binary.AppendVarint(b, t.At.UnixMilli())
	b = append(b, t.Nonce[:]...)
	b = binary.AppendUvarint(b, uint64(len(t.Fields)))
	for _, f := range t.Fields {
		b = binary.AppendUvarint(b, uint64(len(f)))
		b = append(b, f...)
	}
	b = append(b, s.sign(b)...)
	signed := len(b)
	b = base64.RawURLEncoding.AppendEncode(b, b)
	s.text = b
	return string(b[signed:])
}

// Open checks a token's text and that it is for this purpose. Its age is for
// the caller to judge.
func (k *Keys) Open(p Purpose, text string) (Token, error) {
	// The decoder passes over line breaks; a token has one spelling only.
	if len(text) > maxToken || strings.ContainsAny(text, "\r\n") {
		return Token{}, ErrToken
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < 3+macBytes || b[0] != version || b[2] != byte(p) {
		return Token{}, ErrToken
	}
	body, sum := b[:len(b)-macBytes], b[len(b)-macBytes:]
	good := false
	for _, key := range k.keys {
		if key.id == b[1] && key.made(sum, body) {
			good = true
		}
	}
	if !good {
		return Token{}, ErrToken
	}
	return parse(p, body[3:])
}

func parse(p Purpose, b []byte) (Token, error) {
	t := Token{Purpose: p}
	at, n := binary.Varint(b)
	if n <= 0 || len(b) < n+len(t.Nonce) {
		return Token{}, ErrToken
	}
	t.At = time.UnixMilli(at).UTC()
	copy(t.Nonce[:], b[n:])
	b = b[n+len(t.Nonce):]
	count, n := binary.Uvarint(b)
	if n <= 0 || count > maxFields {
		return Token{}, ErrToken
	}
	b = b[n:]
	for range count {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return Token{}, ErrToken
		}
		t.Fields = append(t.Fields, string(b[n:n+int(size)]))
		b = b[n+int(size):]
	}
	if len(b) != 0 {
		return Token{}, ErrToken
	}
	return t, nil
}

// sign gives the code of a text, until the next one.
func (s *signer) sign(text []byte) []byte {
	s.mac.Reset()
	s.mac.Write(text)
	s.sum = s.mac.Sum(s.sum[:0])
	return s.sum[:macBytes]
}

// made tells whether a code is that of a text.
func (k key) made(sum, text []byte) bool {
	s := k.signers.Get().(*signer)
	defer k.signers.Put(s)
	return hmac.Equal(sum, s.sign(text))
}
