package phone

import (
	_ "embed"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The numbering plans of all regions, a line each, made from the tables of
// libphonenumber (Apache-2.0) by a test (go test ./internal/phone -run TestTheTable -update).
// The library itself unpacks all of them whenever a process starts, which takes
// as long as all else that a function does at its start; here a plan is read
// when a number first needs it.
//
//go:embed plans.txt
var plansText string

// columns of a line.
const (
	colRegion = iota
	colCode
	colAbroad
	colTrunk
	colRule
	colLeading
	colLengths
	colLocal
	colSame
	colGeneral
	colFixed
	colMobile
	colOther
	columnCount
)

// plan is how numbers of one region are built.
type plan struct {
	code    string         // calling code
	abroad  *regexp.Regexp // what is dialed first to call abroad, nil for none
	trunk   *regexp.Regexp // what is dialed first at home, nil for none
	rule    string         // what takes its place, with groups; "" for nothing
	leading *regexp.Regexp // how numbers of this region begin where several share a code
	lengths []int          // of a whole number, ascending
	local   []int          // of a number as it is dialed in one place
	same    bool           // fixed lines and mobiles look alike
	general kind
	fixed   kind
	mobile  kind
	other   []kind // premium, toll free and so on: valid, and no mobile
}

// kind is a kind of number: its lengths, where they are not those of all, and
// its shape.
type kind struct {
	lengths []int
	shape   *regexp.Regexp
}

func (k *kind) is(number string) bool {
	return k.shape != nil && (len(k.lengths) == 0 || slices.Contains(k.lengths, len(number))) && k.shape.MatchString(number)
}

// plans finds lines and keeps what was read of them. It is safe for concurrent
// use.
type plans struct {
	lines  map[string]string   // by region; 001/<code> where a code has no region
	byCode map[string][]string // keys of lines, the main region first

	mu   sync.Mutex
	read map[string]*plan
}

// all is a constant, unfolded when first asked for.
var all = sync.OnceValue(func() *plans {
	p := &plans{lines: map[string]string{}, byCode: map[string][]string{}, read: map[string]*plan{}}
	for line := range strings.Lines(plansText) {
		line = strings.TrimSuffix(line, "\n")
		region, rest, _ := strings.Cut(line, "\t")
		code, _, _ := strings.Cut(rest, "\t")
		if region == "001" {
			region += "/" + code
		}
		p.lines[region] = line
		p.byCode[code] = append(p.byCode[code], region)
	}
	return p
})

// of gives the plan of a region, nil where there is none.
func (p *plans) of(region string) *plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	x, ok := p.read[region]
	if !ok {
		if line, there := p.lines[region]; there {
			x = readPlan(strings.Split(line, "\t"))
		}
		p.read[region] = x
	}
	return x
}

func readPlan(col []string) *plan {
	p := &plan{
		code: col[colCode], rule: col[colRule], same: col[colSame] != "",
		abroad: anchored(col[colAbroad], ""), trunk: anchored(col[colTrunk], ""), leading: anchored(col[colLeading], ""),
		lengths: numbers(col[colLengths]), local: numbers(col[colLocal]),
		general: readKind(col[colGeneral]), fixed: readKind(col[colFixed]), mobile: readKind(col[colMobile]),
	}
	for _, k := range strings.Fields(col[colOther]) {
		p.other = append(p.other, readKind(k))
	}
	return p
}

func readKind(s string) kind {
	lengths, shape, _ := strings.Cut(s, ":")
	return kind{numbers(lengths), anchored(shape, "$")}
}

// anchored compiles a pattern from the start of a number, nil for "". Patterns
// are constants, which a test compiles all.
func anchored(pattern, end string) *regexp.Regexp {
	if pattern == "" {
		return nil
	}
	return regexp.MustCompile("^(?:" + pattern + ")" + end)
}

func numbers(s string) []int {
	var list []int
	for w := range strings.SplitSeq(s, ",") {
		if n, err := strconv.Atoi(w); err == nil {
			list = append(list, n)
		}
	}
	return list
}

// length tells whether a number could be a whole one by its length.
type length int

const (
	possible length = iota
	impossible
	tooLong
)

func (p *plan) length(number string) length {
	n := len(number)
	switch {
	case slices.Contains(p.local, n), len(p.lengths) == 0, n < p.lengths[0]:
		return impossible
	case slices.Contains(p.lengths, n):
		return possible
	case n > p.lengths[len(p.lengths)-1]:
		return tooLong
	}
	return impossible
}

// withoutTrunk takes away what is dialed first at home, unless a good number
// would become none.
func (p *plan) withoutTrunk(number string) string {
	if p.trunk == nil {
		return number
	}
	at := p.trunk.FindStringSubmatchIndex(number)
	if at == nil {
		return number
	}
	rest := number[at[1]:]
	if p.rule != "" && at[len(at)-2] >= 0 { // its last group took part
		rest = p.trunk.ReplaceAllString(number, p.rule)
	}
	if p.good(number) && !p.good(rest) {
		return number
	}
	return rest
}

func (p *plan) good(number string) bool { return p.general.shape.MatchString(number) }

// sort tells whether a number is one of this plan, and whether of a mobile.
func (p *plan) sort(number string) (valid, mobile bool) {
	if !p.general.is(number) {
		return false, false
	}
	for i := range p.other {
		if p.other[i].is(number) {
			return true, false
		}
	}
	if p.fixed.is(number) {
		return true, p.same || p.mobile.is(number)
	}
	mobile = !p.same && p.mobile.is(number)
	return mobile, mobile
}
