package bank_test

import (
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/tool/bank"
)

var day = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

const head = `"age";"job";"marital";"education";"default";"housing";"loan";"contact";"month";"day_of_week";"duration";"campaign";"pdays";"previous";"poutcome";"emp.var.rate";"cons.price.idx";"cons.conf.idx";"euribor3m";"nr.employed";"y"` + "\n"

const row = `56;"management";"married";"basic.4y";"no";"unknown";"no";"telephone";"may";"mon";261;3;999;0;"nonexistent";1.1;93.994;-36.4;4.857;5191;"yes"` + "\n"

func read(t *testing.T, text string) ([]bank.Row, error) {
	t.Helper()
	var rows []bank.Row
	for r, err := range bank.Read(strings.NewReader(text), 10) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func TestTheWholeSetMakesTheStatedNumberOfActivities(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "..", "..", "..", "shared", "data", "bank-additional-full.csv.gz"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("left out: needs ../shared/data/bank-additional-full.csv.gz")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, activities, won := 0, 0, 0
	for r, err := range bank.Read(in, 1<<30) {
		if err != nil {
			t.Fatal(err)
		}
		rows++
		activities += len(r.Activities(day))
		if r.Won {
			won++
		}
	}
	if rows != bank.Rows || activities != bank.Activities || won != 4640 {
		t.Errorf("%d rows, %d activities, %d won", rows, activities, won)
	}
}

func TestARowIsAProfileItsCallsAndItsOutcome(t *testing.T) {
	rows, err := read(t, head+row+strings.ReplaceAll(row, `"yes"`, `"no"`))
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	got := rows[0].Activities(day)
	wantTypes := []activity.Type{activity.ProfileChanged, activity.CallMissed, activity.CallMissed, activity.CallAnswered, activity.DealWon}
	wantAt := []string{"2026-11-17T05:01:00Z", "2026-11-17T06:01:00Z", "2026-11-20T06:01:00Z", "2026-11-23T06:01:00Z", "2026-11-23T07:01:00Z"}
	if len(got) != len(wantTypes) || rows[0].Count() != len(got) {
		t.Fatalf("%d activities, Count says %d", len(got), rows[0].Count())
	}
	seen := map[activity.ID]bool{}
	for i, a := range got {
		if a.Type != wantTypes[i] || a.At.Format(time.RFC3339) != wantAt[i] || a.Who.External != "bank-1" || a.Flags&activity.Backfill == 0 || seen[a.ID] {
			t.Errorf("%d: %+v", i, a)
		}
		seen[a.ID] = true
	}
	attributes := map[string]activity.Value{}
	for _, p := range got[0].Profile {
		attributes[p.Name] = p.Value
	}
	if attributes["bank_age"].Number != 56 || attributes["bank_job"].Text != "management" || attributes["role"].Text != "other_manager" || attributes["bank_nr_employed"].Number != 5191 {
		t.Errorf("profile %v", attributes)
	}
	for _, name := range []string{"bank_housing", "bank_pdays", "bank_duration", "duration"} { // not known, or known only after the call
		if _, there := attributes[name]; there {
			t.Errorf("%s is in the profile", name)
		}
	}
	if last := rows[1].Activities(day); last[4].Type != activity.DealLost || last[4].Who.External != "bank-2" {
		t.Errorf("the second row ends with %+v", last[4])
	}
	if list, err := activity.Decode(activity.Encode(got), day); err != nil || len(list) != 5 {
		t.Errorf("as a message: %v", err)
	}
}

func TestASecondDemoSendsTheSameActivities(t *testing.T) {
	for r, err := range bank.Sample(500) {
		if err != nil {
			t.Fatal(err)
		}
		list := r.Activities(day)
		if last := list[len(list)-1]; !r.DayOf(last.At).Equal(day) || last.ID != r.Outcome() || last.At.After(day) || last.At.Before(day.AddDate(0, 0, -121)) {
			t.Fatalf("%s has its outcome at %s, which gives %s", r.External(), last.At, r.DayOf(last.At))
		}
	}
}

func TestRowsThatAreNoneAreRefusedWithTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"":      "head",
		"a,b\n": "21",
		strings.Replace(head, `"age"`, `"aeg"`, 1) + row:   "column 1",
		head + strings.Replace(row, ";3;", ";none;", 1):    "row 1 of the bank, column campaign",
		head + strings.Replace(row, ";3;", ";-1;", 1):      "row 1 of the bank, column campaign",
		head + strings.Replace(row, ";261;", ";long;", 1):  "column duration",
		head + strings.Replace(row, `"yes"`, `"maybe"`, 1): "column y",
		head + row + "1;2\n":                               "row 2",
		head + strings.Replace(row, "4.857", "four", 1):    "column euribor3m",
	} {
		if _, err := read(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}
