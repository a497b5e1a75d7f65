package archtest

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// What belongs to one machine and to nobody who clones this: paths, and the hosts that packages came from (a lock file
// with hosts is useless behind a mirror). Written in pieces, so that this file passes.
var words = regexp.MustCompile(strings.Join([]string{
	`(^|[\s"'=:(,\x60])/(work|root|home|Users|private|opt/wheels)/[a-z.]`,
	`/tmp/(brief|gen|trial)`, // scratch folders of whoever wrote this
	`registry\.(` + `npmjs|yarnpkg)`,
	`(files\.)?pythonhosted` + `\.org`, `pypi` + `\.org`,
	`proxy\.golang` + `\.org`, `sum\.golang` + `\.org`, `goproxy\.` + `io`,
	`public\.ecr` + `\.aws`, `repo1?\.maven` + `\.`, `registry-1\.docker` + `\.io`,
	`deb\.debian` + `\.org`,
}, "|"))

func TestNothingOfThisMachineIsInTheRepository(t *testing.T) {
	c := exec.Command("git", "ls-files", "-z")
	c.Dir = root
	out, err := c.Output()
	if err != nil {
		t.Skipf("left out: words of this machine in tracked files; needs a git checkout (%v)", err)
	}
	for _, name := range strings.Split(strings.TrimRight(string(out), "\x00"), "\x00") {
		if strings.HasSuffix(name, "internal/archtest/words_test.go") {
			continue
		}
		content, err := os.ReadFile(root + "/" + name)
		if err != nil || bytes.IndexByte(content, 0) >= 0 {
			continue // deleted just now, a link, or not text
		}
		for n, line := range bytes.Split(content, []byte("\n")) {
			if m := words.Find(line); m != nil {
				t.Errorf("%s:%d says %q", name, n+1, strings.TrimSpace(string(m)))
			}
		}
	}
}

func TestWordsOfAMachineAreSeen(t *testing.T) {
	for line, want := range map[string]bool{
		`see /ro` + `ot/notes.md`:                           true,
		`"resolved": "https://registry.` + `npmjs.org/x"`:   true,
		`dir = "/ho` + `me/me/x"`:                           true,
		`root:x:0:0:root:/root:/none`:                       false,
		`https://example.com/work/x and ../shared/data`:     false,
		`a /workspace, "/tmp/x" and ./work/list are all ok`: false,
	} {
		if got := words.MatchString(line); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}
