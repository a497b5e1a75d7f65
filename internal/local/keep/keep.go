// Package keep holds the small files that outlive a run. A file is replaced as
// a whole, so a run killed in the middle leaves the old one.
package keep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file by v as JSON.
func Write(path string, v any) error {
	body, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("keep %s: %w", path, err)
	}
	return WriteBytes(path, append(body, '\n'))
}

// WriteBytes replaces the file. Only its owner may read it.
func WriteBytes(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("keep %s: %w", path, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("keep %s: %w", path, err)
	}
	defer os.Remove(f.Name()) // nothing, after the rename
	if _, err = f.Write(body); err == nil {
		err = f.Close()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("keep %s: %w", path, err)
	}
	return nil
}

// Read fills v from the file; a file that is not there leaves v as it is.
func Read(path string, v any) error {
	body, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(body, v)
	}
	if err != nil {
		return fmt.Errorf("read what an earlier run kept (delete the file to start anew): %s: %w", path, err)
	}
	return nil
}
