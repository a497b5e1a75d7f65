// Package throwaway knows the domains of mail addresses that are made to be
// thrown away. It says nothing of what follows from one: a playbook does.
package throwaway

import (
	_ "embed"
	"strings"
)

// text holds a domain a line, sorted by bytes, in lower case and punycode. It is
// searched where it lies: nothing is made of it at the start of a function, and
// only its touched pages are read.
//
//go:embed domains.txt
var text string

// Has tells whether a domain, in lower case, is in the list; what lies above it
// is not looked at.
func Has(domain string) bool {
	low, high := 0, len(text) // both at the beginning of a line
	for low < high {
		middle := low + (high-low)/2
		begin := low + strings.LastIndexByte(text[low:middle], '\n') + 1
		end := begin + strings.IndexByte(text[begin:high], '\n')
		switch line := text[begin:end]; {
		case line == domain:
			return domain[0] != '#' // the head is no domain
		case line < domain:
			low = end + 1
		default:
			high = begin
		}
	}
	return false
}
