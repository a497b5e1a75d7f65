package memory_test

import (
	"testing"

	"github.com/sarnakh/sarnakh/internal/store/memory"
	"github.com/sarnakh/sarnakh/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Store { return memory.New() })
}
