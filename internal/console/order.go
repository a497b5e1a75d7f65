package console

import (
	"cmp"
	"slices"
)

// sortByRank orders the work of all shards together.
func sortByRank(rows []map[string]any) {
	slices.SortStableFunc(rows, func(a, b map[string]any) int { return cmp.Compare(a["rank"].(string), b["rank"].(string)) })
}
