// Package bank turns the calls of a bank, a public set of 41,188 rows (UCI Bank
// Marketing, additional), into activities of leads: real figures to try the line
// with. It reads rows and says what they mean here; it sends nothing and knows
// no clock.
//
// The rule: a row is a lead with the external id bank-<row>, counted from 1. Its
// profile comes first, as one profile.changed: every column as bank_<column>,
// except for those that are activities (campaign, duration, y) and values that
// are not known, and the job as the playbook's role where there is one. Then its
// `campaign` calls, each of them missed but the last, which is answered and
// lasted `duration` seconds. Then the outcome: deal.won or deal.lost. That makes
// campaign + 2 activities a row, 188,130 in all.
//
// The set is from 2008 to 2010, so that its days are not kept: row r's last call
// lies 1 + (r-1) mod 120 days before the day of the demo, 6:00 UTC and r mod 480
// minutes. Each call before it lies three days earlier. The profile is an hour
// before the first call, the outcome an hour after the last.
package bank

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// Rows and Activities are those of the whole set.
const (
	Rows       = 41_188
	Activities = 188_130
)

const (
	spread   = 120 // days over which last calls are dealt
	apart    = 3   // days between the calls of a row
	opens    = 6 * time.Hour
	shift    = 480 // minutes of calling a day
	maxCalls = 1000
)

// Row is one row of the set: one person, called some times.
type Row struct {
	Set      string // begins external ids: bank
	Number   int    // from 1
	Profile  []activity.Property
	Calls    int
	Duration int // seconds of the last call
	Won      bool
}

// columns are those of the set, in its order. What is a text stays one; what is
// empty here is no attribute.
var columns = [...]struct{ name, attribute, kind, unknown string }{
	{"age", "bank_age", "number", ""}, {"job", "bank_job", "text", "unknown"}, {"marital", "bank_marital", "text", "unknown"},
	{"education", "bank_education", "text", "unknown"}, {"default", "bank_default", "text", "unknown"}, {"housing", "bank_housing", "text", "unknown"},
	{"loan", "bank_loan", "text", "unknown"}, {"contact", "bank_contact", "text", ""}, {"month", "bank_month", "text", ""},
	{"day_of_week", "bank_day_of_week", "text", ""}, {"duration", "", "", ""}, {"campaign", "", "", ""}, {"pdays", "bank_pdays", "number", "999"},
	{"previous", "bank_previous", "number", ""}, {"poutcome", "bank_poutcome", "text", ""}, {"emp.var.rate", "bank_emp_var_rate", "number", ""},
	{"cons.price.idx", "bank_cons_price_idx", "number", ""}, {"cons.conf.idx", "bank_cons_conf_idx", "number", ""},
	{"euribor3m", "bank_euribor3m", "number", ""}, {"nr.employed", "bank_nr_employed", "number", ""}, {"y", "", "", ""},
}

// role says which of the playbook's roles a job is; many are none.
func role(job string) string {
	switch job {
	case "entrepreneur", "self-employed":
		return "owner"
	case "management":
		return "other_manager"
	case "admin.", "blue-collar", "services", "technician":
		return "employee"
	case "student":
		return "student"
	case "unemployed":
		return "job_seeker"
	}
	return ""
}

// Read gives the rows of the set, a CSV with semicolons, at most so many.
func Read(in io.Reader, most int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		r := csv.NewReader(in)
		r.Comma, r.ReuseRecord = ';', true
		head, err := r.Read()
		if err == nil && len(head) != len(columns) {
			err = fmt.Errorf("%d columns: the set has %d, apart by semicolons", len(head), len(columns))
		}
		for i := 0; err == nil && i < len(head); i++ {
			if head[i] != columns[i].name {
				err = fmt.Errorf("column %d is %.30q: the set has %s there", i+1, head[i], columns[i].name)
			}
		}
		if err != nil {
			yield(Row{}, fmt.Errorf("read the head of the bank's rows: %w", err))
			return
		}
		for n := 1; n <= most; n++ {
			record, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Row{}, fmt.Errorf("read row %d of the bank: %w", n, err))
				return
			}
			row, err := rowOf(n, record)
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

func rowOf(n int, record []string) (Row, error) {
	row := Row{Set: "bank", Number: n}
	bad := func(column, right string) error {
		return fmt.Errorf("row %d of the bank, column %s: %s would be right", n, column, right)
	}
	for i, c := range columns {
		v := strings.Clone(record[i])
		var err error
		switch c.name {
		case "duration":
			row.Duration, err = strconv.Atoi(v)
		case "campaign":
			if row.Calls, err = strconv.Atoi(v); err == nil && (row.Calls < 1 || row.Calls > maxCalls) {
				err = errors.New("out of range")
			}
		case "y":
			if row.Won = v == "yes"; !row.Won && v != "no" {
				return row, bad(c.name, "yes or no")
			}
		}
		if err != nil {
			return row, bad(c.name, "a count")
		}
		if c.attribute == "" || v == "" || v == c.unknown {
			continue
		}
		value := activity.TextValue(v)
		if c.kind == "number" {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return row, bad(c.name, "a number")
			}
			value = activity.NumberValue(f)
		}
		row.Profile = append(row.Profile, activity.Property{Name: c.attribute, Value: value})
		if r := role(v); c.name == "job" && r != "" {
			row.Profile = append(row.Profile, activity.Property{Name: "role", Value: activity.TextValue(r)})
		}
	}
	return row, nil
}

// External is the external id of the row's lead.
func (r *Row) External() string { return r.Set + "-" + strconv.Itoa(r.Number) }

// Outcome is the id of the row's last activity.
func (r *Row) Outcome() activity.ID { return activity.ID(r.External() + "-outcome") }

// Count is how many activities the row makes.
func (r *Row) Count() int { return r.Calls + 2 }

// Activities are those of the row, the earliest first. day is the day of the
// demo, at midnight UTC.
func (r *Row) Activities(day time.Time) []activity.Activity {
	last := day.AddDate(0, 0, -1-(r.Number-1)%spread).Add(opens + time.Duration(r.Number%shift)*time.Minute)
	who := activity.Who{External: r.External()}
	act := func(id string, t activity.Type, at time.Time) activity.Activity {
		return activity.Activity{ID: activity.ID(who.External + id), Type: t, At: at, Who: who, Source: "bank", Flags: activity.Backfill}
	}
	first := last.AddDate(0, 0, -apart*(r.Calls-1))
	profile := act("-profile", activity.ProfileChanged, first.Add(-time.Hour))
	profile.Profile = r.Profile
	out := append(make([]activity.Activity, 0, r.Count()), profile)
	for n := 1; n <= r.Calls; n++ {
		call := act("-call-"+strconv.Itoa(n), activity.CallMissed, first.AddDate(0, 0, apart*(n-1)))
		if n == r.Calls {
			call.Type = activity.CallAnswered
			call.Properties = []activity.Property{{Name: "seconds", Value: activity.NumberValue(float64(r.Duration))}}
		}
		out = append(out, call)
	}
	outcome := act("-outcome", activity.DealLost, last.Add(time.Hour))
	if r.Won {
		outcome.Type = activity.DealWon
	}
	return append(out, outcome)
}

// DayOf is the day of a demo whose row has its outcome at a time: what makes a
// second demo send the same activities as the first.
func (r *Row) DayOf(outcome time.Time) time.Time {
	return outcome.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1+(r.Number-1)%spread)
}
