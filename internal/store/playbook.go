package store

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// The two parts of a published version.
const (
	Compiled = "compiled" // what functions load
	Source   = "source"   // the archive of the YAML files
)

// chunkBytes keeps a chunk well under an item's 400 KiB; maxChunks bounds what
// is read at a cold start, and maxUnpacked what a chunk can swell to.
const (
	chunkBytes  = 300 << 10
	maxChunks   = 16
	maxUnpacked = 64 << 20
)

// Chunk is one stored piece of a version.
type Chunk struct {
	Key  DeskKey
	Body []byte
}

// Pack compresses a version into chunks, and completes its pointer: the number
// of chunks of each part, and the hash of its content. The hash is part of the
// chunks' keys, so that two who publish at once do not overwrite each other.
func Pack(p *Playbook) ([]Chunk, error) {
	if p.Number == 0 || len(p.Compiled) == 0 {
		return nil, errors.New("a version has a number from 1 and a compiled form")
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%d %d ", len(p.Compiled), len(p.Archive))
	sum.Write(p.Compiled)
	sum.Write(p.Archive)
	p.Hash = hex.EncodeToString(sum.Sum(nil)[:16])

	compiled, err := split(p.Compiled)
	if err != nil {
		return nil, err
	}
	archive, err := split(p.Archive)
	if err != nil {
		return nil, err
	}
	p.Chunks, p.Pointer.Source = len(compiled), len(archive)
	var out []Chunk
	for i, b := range compiled {
		out = append(out, Chunk{PlaybookKey(p.Pointer, Compiled, i), b})
	}
	for i, b := range archive {
		out = append(out, Chunk{PlaybookKey(p.Pointer, Source, i), b})
	}
	return out, nil
}

func split(b []byte) ([][]byte, error) {
	if len(b) == 0 {
		return nil, nil
	}
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	var out [][]byte
	for rest := buf.Bytes(); len(rest) > 0; {
		n := min(len(rest), chunkBytes)
		out = append(out, rest[:n])
		rest = rest[n:]
	}
	if len(out) > maxChunks {
		return nil, fmt.Errorf("%d bytes after compression: at most %d fit", buf.Len(), maxChunks*chunkBytes)
	}
	return out, nil
}

// Unpack joins the chunks of one part.
func Unpack(chunks [][]byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(bytes.Join(chunks, nil)))
	if err != nil {
		return nil, fmt.Errorf("not what was packed: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	if err != nil {
		return nil, fmt.Errorf("not what was packed: %w", err)
	}
	if len(b) > maxUnpacked {
		return nil, fmt.Errorf("larger than %d bytes", maxUnpacked)
	}
	return b, nil
}
