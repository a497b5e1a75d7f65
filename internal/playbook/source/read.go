package source

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// sections are the top keys of the files, each in one file of the folder,
// whichever its name is.
var sections = []string{"business", "attributes", "lists", "groups", "signals", "personas", "score", "lifecycle", "funnel", "audiences",
	"consents", "forms", "nurture", "sending", "topics", "tracks", "calendar", "offers", "exclusions", "fakes", "sales", "learning"}

// Read compiles the playbook in a folder: its *.yaml files and mails. previous
// is the playbook published last, nil for the first: numbers of signals,
// stages and audiences are carried over from it. The error is Faults, in order
// of place, when something is wrong with what was written.
func Read(fsys fs.FS, previous *playbook.Playbook) (*playbook.Playbook, error) {
	p, faults, _ := Check(fsys, previous, time.Time{})
	if len(faults) > 0 {
		return nil, faults
	}
	return p, nil
}

// Check is Read that also gives warnings: what can work and looks wrong. With
// faults the playbook is nil. now is the time by which something may run out;
// the zero time asks nothing of that kind.
func Check(fsys fs.FS, previous *playbook.Playbook, now time.Time) (p *playbook.Playbook, faults, warnings Faults) {
	return check(fsys, previous, now, false)
}

// Recheck is Check for files that were in force before: rules that can work but
// make no sense are warned of, so that a checker which has learned something
// stands in nobody's way back.
func Recheck(fsys fs.FS, previous *playbook.Playbook, now time.Time) (p *playbook.Playbook, faults, warnings Faults) {
	return check(fsys, previous, now, true)
}

func check(fsys fs.FS, previous *playbook.Playbook, now time.Time, before bool) (p *playbook.Playbook, faults, warnings Faults) {
	r := newReader(previous, before)
	r.load(fsys)
	// A file that could not be read leaves everything that names its parts
	// dangling: those faults would only hide the first.
	if len(r.faults) == 0 {
		r.compile(fsys)
		r.checkHolidays(now)
	}
	if len(r.faults) > 0 {
		return nil, r.faults.sorted(), r.warnings.sorted()
	}
	return r.p, nil, r.warnings.sorted()
}

func newReader(previous *playbook.Playbook, before bool) *reader {
	return &reader{before: before, sections: map[string]*value{}, p: &playbook.Playbook{Format: playbook.Format}, previous: previous, signals: map[string]*rule{}, hashes: map[string]string{},
		consents: map[string]*value{}, used: map[string]bool{}, where: map[string]place{}}
}

// maxFiles bounds the YAML files of a playbook.
const maxFiles = 50

func (r *reader) load(fsys fs.FS) {
	var files []string
	for _, pattern := range []string{"*.yaml", "*.yml"} {
		more, err := fs.Glob(fsys, pattern)
		if err != nil {
			r.fault(place{pattern, 1, 1}, "the folder cannot be read: "+clip(err.Error()), "name a folder of YAML files")
			return
		}
		files = append(files, more...)
	}
	slices.Sort(files)
	switch {
	case len(files) == 0:
		r.fault(place{"playbook.yaml", 1, 1}, "the folder has no YAML files", "name the folder of a playbook")
		return
	case len(files) > maxFiles:
		r.fault(place{files[maxFiles], 1, 1}, fmt.Sprintf("%d YAML files", len(files)), fmt.Sprintf("at most %d are possible", maxFiles))
		return
	}
	for _, f := range files {
		info, err := fs.Stat(fsys, f)
		if err == nil && info.Size() > maxFile {
			r.fault(place{f, 1, 1}, fmt.Sprintf("the file has %d bytes", info.Size()), fmt.Sprintf("at most %d are possible", maxFile))
			continue
		}
		src, err := fs.ReadFile(fsys, f)
		if err != nil {
			r.fault(place{f, 1, 1}, "the file cannot be read: "+clip(err.Error()), "check its rights")
			continue
		}
		r.merge(f, r.parse(f, src))
	}
}

// merge takes the sections of one file.
func (r *reader) merge(file string, v *value) {
	if v == nil || v.kind == null {
		return
	}
	if v.kind != mapping {
		r.fault(v.place, fmt.Sprintf("the file holds %s", v.kind), "sections are right: "+listed(sections))
		return
	}
	for _, p := range v.pairs {
		switch first := r.sections[p.key]; {
		case !slices.Contains(sections, p.key):
			r.unknown(p.place, "section", p.key, sections)
		case first != nil:
			r.fault(p.place, fmt.Sprintf("section %s stands twice", p.key), fmt.Sprintf("the first is in %s, line %d", first.file, first.line))
		default:
			r.sections[p.key] = p.value
		}
	}
}

// compile reads the sections in the order in which they name each other.
func (r *reader) compile(fsys fs.FS) {
	r.mails = r.findMails(fsys)
	r.readBusiness()
	r.readAttributes()
	r.readLists()
	r.readSales()
	r.readGroups()
	r.readSignals()
	fit := r.readPersonas()
	r.number()
	r.fillFit(fit)
	for _, k := range r.order {
		if k.points != nil && k.def.Number != 0 {
			p := *k.points
			p.Signal = k.def.Number
			r.p.Score.Points = append(r.p.Score.Points, p)
		}
	}
	r.readScore()
	r.readLifecycle()
	r.readFunnel()
	r.readAudiences()
	r.numberStages()
	r.readOffers()
	r.readForms()
	r.readNurture()
	r.readSending()
	r.readCalendar()
	r.checkDigest()
	r.readExclusions()
	r.readLearning()
	r.readMails(fsys)
	if len(r.faults) > 0 {
		return
	}
	r.checkReach()
	r.checkWorth()
	r.checkShadows()
	r.checkConditions()
	if r.before {
		r.warnings, r.faults = append(r.warnings, r.faults...), nil
	}
	if len(r.faults) > 0 {
		return
	}
	r.finish()
	r.checkUse()
}

// finish makes the whole ready once, as a function will: what the parts find
// wrong with each other is told at the section it belongs to.
func (r *reader) finish() {
	set, err := signal.Compile(r.p.Signals)
	if err != nil {
		r.fault(r.section("signals"), err.Error(), "")
		return
	}
	r.keepFields(set)
	if _, err := r.p.Compile(); err != nil {
		r.fault(r.culprit(err.Error()), err.Error(), "")
	}
}

// culprit finds the place that an error of the compiled form speaks of, by the
// name it quotes.
func (r *reader) culprit(problem string) place {
	for i := range r.order {
		if strings.Contains(problem, fmt.Sprintf("%q", r.order[i].def.Name)) {
			return r.order[i].at
		}
	}
	for _, s := range [][2]string{{"track ", "tracks"}, {"stage ", "lifecycle"}, {"audience ", "audiences"}, {"persona ", "personas"}, {"group ", "groups"}, {"funnel", "funnel"}, {"calendar", "calendar"}} {
		if !strings.Contains(problem, s[0]) {
			continue
		}
		for _, key := range keysOf(r.where) {
			if name, ok := strings.CutPrefix(key, s[1]+" "); ok && strings.Contains(problem, name) {
				return r.where[key]
			}
		}
		return r.section(s[1])
	}
	return r.section("score")
}

func (r *reader) section(name string) place {
	if v := r.sections[name]; v != nil {
		return v.place
	}
	return place{path.Clean("playbook.yaml"), 1, 1}
}
