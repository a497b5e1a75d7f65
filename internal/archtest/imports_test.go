package archtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

const module = "github.com/sarnakh/sarnakh/"

// The core: pure functions of their arguments. A package below one of these (playbook/source) is not core.
var core = strings.Fields("persian activity lead signal ledger score nurture decision form link mail playbook learn")

// What the core may not import: the clock is forbidden by name below, because time itself is needed.
var outside = strings.Fields("net net/http net/http/httputil net/rpc net/smtp context log math/rand math/rand/v2 crypto/rand os os/exec os/signal syscall unsafe")

var clock = strings.Fields("Now Since Until After AfterFunc Sleep Tick NewTicker NewTimer")

// A type of the core may say how it looks in a log (an address masks itself); it may not write one.
var masks = strings.Fields("Value StringValue")

// Who may know AWS.
var cloud = []string{"functions/", "cmd/", "internal/aws/", "internal/local/"}

type goPackage struct {
	ImportPath, Dir string
	GoFiles         []string
	Imports         []string
}

func (p goPackage) path() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, strings.TrimSuffix(module, "/")), "/")
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	c := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports", "./...")
	c.Dir = root
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		t.Fatal("go list found no package")
	}
	return all
}

// theMap reads the table under "## The map": a package or a pattern (functions/*) → short names that it may import.
func theMap(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(root + "/docs/architecture.md")
	if err != nil {
		t.Fatalf("the map of imports: %v", err)
	}
	out, err := readMap(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readMap(text string) (map[string][]string, error) {
	out := map[string][]string{}
	var here bool
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "## ") {
			here = line == "## The map"
			continue
		}
		if !here || !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) < 3 {
			return nil, fmt.Errorf("docs/architecture.md: a row of the map has %d cells, it needs 3: %s", len(cells), line)
		}
		name := clean(cells[0])
		if name == "package" || strings.Trim(name, "-: ") == "" {
			continue
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("docs/architecture.md: %s is in the map twice", name)
		}
		out[name] = []string{}
		for _, f := range strings.Fields(clean(cells[len(cells)-1])) {
			if f = strings.Trim(f, ","); f != "-" && f != "" {
				out[name] = append(out[name], f)
			}
		}
	}
	if len(out) == 0 {
		return nil, errors.New("docs/architecture.md: no table under the heading: ## The map")
	}
	return out, nil
}

func clean(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "`", "")) }

// short is the name of a package in the map's last column.
func short(p string) string { return strings.TrimPrefix(p, "internal/") }

// compare holds real imports to the map, both ways.
func compare(all []goPackage, rows map[string][]string) (faults []string) {
	used := map[string]map[string]bool{} // row → names that some package of it imports
	for _, p := range all {
		row := p.path()
		if _, ok := rows[row]; !ok {
			for pattern := range rows {
				if ok, _ := path.Match(pattern, p.path()); ok {
					row = pattern
				}
			}
		}
		allowed, ok := rows[row]
		if !ok {
			faults = append(faults, p.path()+" is not in the map")
			continue
		}
		if used[row] == nil {
			used[row] = map[string]bool{}
		}
		for _, i := range p.Imports {
			ours, ok := strings.CutPrefix(i, module)
			if !ok {
				continue
			}
			name := short(ours)
			hit := slices.IndexFunc(allowed, func(a string) bool { ok, _ := path.Match(a, name); return ok })
			if hit < 0 {
				faults = append(faults, p.path()+" imports "+name+", which the map does not allow")
				continue
			}
			used[row][allowed[hit]] = true
		}
	}
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		if used[row] == nil {
			faults = append(faults, "the map has "+row+", which does not exist")
			continue
		}
		for _, a := range rows[row] {
			if !used[row][a] {
				faults = append(faults, "the map allows "+row+" to import "+a+", which it does not")
			}
		}
	}
	return faults
}

func TestImportsAreThoseOfTheMap(t *testing.T) {
	for _, f := range compare(packages(t), theMap(t)) {
		t.Error(f)
	}
}

func TestTheComparisonSeesEachKindOfFault(t *testing.T) {
	rows, err := readMap("## The map\n| package | what it is for | may import |\n|---|---|---|\n| `internal/a` | x | - |\n" +
		"| `internal/b` | x | a |\n| `functions/*` | x | a b |\n| `internal/gone` | x | - |\n## Next\n| `internal/z` | x | - |\n")
	if err != nil {
		t.Fatal(err)
	}
	pack := func(name string, imports ...string) goPackage {
		p := goPackage{ImportPath: module + name}
		for _, i := range imports {
			p.Imports = append(p.Imports, module+i)
		}
		return p
	}
	got := compare([]goPackage{
		pack("internal/a", "internal/b"), pack("internal/b"), pack("functions/one", "internal/a"),
		pack("functions/two", "internal/b"), pack("internal/new"),
	}, rows)
	want := []string{
		"internal/a imports b, which the map does not allow",
		"internal/new is not in the map",
		"the map allows internal/b to import a, which it does not",
		"the map has internal/gone, which does not exist",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestOnlyTheEdgesKnowAWS(t *testing.T) {
	for _, p := range packages(t) {
		if slices.ContainsFunc(cloud, func(c string) bool { return strings.HasPrefix(p.path()+"/", c) }) {
			continue
		}
		for _, i := range p.Imports {
			if strings.HasPrefix(i, "github.com/aws/") || strings.HasPrefix(i, "github.com/awslabs/") {
				t.Errorf("%s imports %s: only %s may know AWS", p.path(), i, strings.Join(cloud, " "))
			}
		}
	}
}

func TestTheCoreHasNoClockNetworkOrLuck(t *testing.T) {
	for _, p := range packages(t) {
		if !slices.Contains(core, short(p.path())) {
			continue
		}
		for _, i := range p.Imports {
			if slices.Contains(outside, i) {
				t.Errorf("%s imports %s: the core is given what it needs, the time too", p.path(), i)
			}
		}
		for _, f := range p.GoFiles {
			source, err := os.ReadFile(filepath.Join(p.Dir, f))
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range clocks(t, f, source) {
				t.Errorf("%s: %s", p.path(), fault)
			}
		}
	}
}

// clocks finds uses of the clock and of the log, under whatever name their packages were imported.
func clocks(t *testing.T, name string, source []byte) (faults []string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	as := map[string]string{} // name in this file → path
	for _, i := range file.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		as[name] = path
	}
	ast.Inspect(file, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := s.X.(*ast.Ident)
		switch {
		case !ok:
		case as[x.Name] == "time" && slices.Contains(clock, s.Sel.Name):
			faults = append(faults, fmt.Sprintf("%s asks the clock (time.%s); now is an argument", set.Position(s.Pos()), s.Sel.Name))
		case as[x.Name] == "log/slog" && !slices.Contains(masks, s.Sel.Name):
			faults = append(faults, fmt.Sprintf("%s writes a log (slog.%s)", set.Position(s.Pos()), s.Sel.Name))
		}
		return true
	})
	return faults
}

func TestAClockIsSeenUnderAnyName(t *testing.T) {
	for source, want := range map[string]int{
		"package a\nimport \"time\"\nvar _ = time.Now()\n":                                        1,
		"package a\nimport c \"time\"\nfunc f() { c.Sleep(1); _ = c.Since }\n":                    2,
		"package a\nimport \"time\"\nfunc f(now time.Time) int { return 1 }\n":                    0,
		"package a\nimport \"time\"\nvar now = time.Now // kept as a function\n":                  1,
		"package a\nimport \"log/slog\"\nfunc f() slog.Value { return slog.StringValue(\"\") }\n": 0,
		"package a\nimport \"log/slog\"\nfunc f() { slog.Info(\"\") }\n":                          1,
	} {
		if got := clocks(t, "a.go", []byte(source)); len(got) != want {
			t.Errorf("found %d in %q, want %d", len(got), source, want)
		}
	}
}

func TestNothingHappensBeforeMain(t *testing.T) {
	for _, p := range packages(t) {
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
					t.Errorf("%s has an init(): what is needed is made in main and handed on", p.path())
				}
			}
		}
	}
}
