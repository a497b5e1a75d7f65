package event

import (
	"fmt"
	"os"
	"strings"
)

// Env reads a function's settings once and reports all that are missing
// together.
type Env struct{ missing []string }

// Need reads a setting that must be there.
func (e *Env) Need(name string) string {
	v := os.Getenv(name)
	if v == "" {
		e.missing = append(e.missing, name)
	}
	return v
}

// May reads a setting that may be empty.
func (e *Env) May(name string) string { return os.Getenv(name) }

// Err names what was missing.
func (e *Env) Err() error {
	if len(e.missing) == 0 {
		return nil
	}
	return fmt.Errorf("environment: %s must be set; template.yaml sets them", strings.Join(e.missing, ", "))
}
