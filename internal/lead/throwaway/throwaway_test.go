package throwaway

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// lines are the domains, without the head.
func lines(t *testing.T) []string {
	t.Helper()
	all := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if !strings.HasSuffix(text, "\n") || len(all) < 5000 || !strings.HasPrefix(all[0], "# ") {
		t.Fatalf("%d lines, the first %q", len(all), all[0])
	}
	return all[1:]
}

func TestEachDomainOfTheListIsFoundAndNothingBesideIt(t *testing.T) {
	all := lines(t)
	if !slices.IsSorted(all) {
		t.Fatal("the list is not sorted by bytes")
	}
	known := map[string]bool{}
	for _, d := range all {
		if known[d] || d != strings.ToLower(d) || strings.Trim(d, ".") != d || !strings.Contains(d, ".") || strings.ContainsAny(d, " \t@#/\\") {
			t.Errorf("%q stands twice or is no domain", d)
		}
		known[d] = true
	}
	for _, d := range all {
		if !Has(d) {
			t.Errorf("%s is not found", d)
		}
		for _, near := range []string{d + "x", "x" + d, d[1:], d[:len(d)-1], "mail." + d} {
			if Has(near) != known[near] {
				t.Errorf("%s: found %v", near, Has(near))
			}
		}
	}
	for _, d := range []string{"", "\n", ".", "#", strings.Split(text, "\n")[0], "zzzz.zz", "\x00", "\xff", all[0] + "\n" + all[1]} {
		if Has(d) {
			t.Errorf("%q is found", d)
		}
	}
}

// People write from these: a list that knew one of them would hold half of them.
func TestNoProviderThatPeopleUseIsInTheList(t *testing.T) {
	for _, d := range []string{
		"gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "icloud.com", "me.com",
		"proton.me", "protonmail.com", "tuta.io", "fastmail.com", "gmx.de", "gmx.net", "web.de", "yandex.com", "mail.ru", "zoho.com", "aol.com",
		"chmail.ir", "mail.ir", "iran.ir", "mailfa.com", "ut.ac.ir", "sharif.edu", "duck.com", "mozmail.com", "privaterelay.appleid.com",
		"com", "ir", "net", "co.uk", "example.com", "simulator.amazonses.com",
	} {
		if Has(d) {
			t.Errorf("%s is in the list", d)
		}
	}
	for _, d := range []string{"mailinator.com", "yopmail.com", "guerrillamail.com", "10minutemail.com", "mohmal.com", "temp-mail.org"} {
		if !Has(d) {
			t.Errorf("%s is not in the list", d)
		}
	}
}

func TestTheListIsOfThePackageThatTheLockFilePins(t *testing.T) {
	b, err := os.ReadFile("../../../infra/disposable/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct{ Version, Integrity string }
	}
	if err := json.Unmarshal(b, &lock); err != nil {
		t.Fatal(err)
	}
	p := lock.Packages["node_modules/disposable-email-domains-js"]
	head, _, _ := strings.Cut(text, "\n")
	if p.Integrity == "" || !strings.HasPrefix(head, "# disposable-email-domains-js "+p.Version+", ") {
		t.Errorf("the lock file pins %+v, the list is %q: run infra/disposable/update.sh", p, head)
	}
	if strings.Contains(string(b), "://") {
		t.Error("the lock file names a host")
	}
}

func TestALookUpAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Has("pakhsh-aria.example") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
