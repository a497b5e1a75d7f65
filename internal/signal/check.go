package signal

import (
	"fmt"
	"math"
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/persian"
)

// Check says what is wrong with one definition, nil if nothing. It looks only
// at the definition: Compile also checks it against the others.
func (d *Definition) Check() error {
	if err := d.check(); err != nil {
		return fmt.Errorf("signal %q: %w", clip(d.Name), err)
	}
	return nil
}

func (d *Definition) check() error {
	switch {
	case d.Name == "" || len(d.Name) > MaxName:
		return fmt.Errorf("name has %d bytes: 1 to %d are possible", len(d.Name), MaxName)
	case d.Number == 0 || d.Number > MaxNumber:
		return fmt.Errorf("number %d: 1 to %d are possible", d.Number, MaxNumber)
	case len(d.Types) > MaxTypes:
		return fmt.Errorf("%d activity types: at most %d", len(d.Types), MaxTypes)
	}
	switch d.Kind {
	case OnActivity:
		if d.Count != nil {
			return fmt.Errorf("an activity signal has no count: use a signal of kind %q", OnCount)
		}
		if len(d.Types) == 0 && d.Where == nil {
			return fmt.Errorf("it would meet every activity: give types or a condition")
		}
	case OnProfile:
		if d.Count != nil || len(d.Types) != 0 || d.Where == nil {
			return fmt.Errorf("a profile signal has a condition and nothing else")
		}
	case OnCount:
		if d.Where != nil || len(d.Types) != 0 || d.Count == nil {
			return fmt.Errorf("a count signal has a count and nothing else: put the condition into the signal it counts")
		}
		return d.Count.check(d.Number)
	default:
		return fmt.Errorf("kind %q: %q, %q or %q is possible", clip(string(d.Kind)), OnActivity, OnProfile, OnCount)
	}
	if d.Where == nil {
		return nil
	}
	left := MaxConditions
	return d.Where.check(d.Kind, 1, &left)
}

func (c *Count) check(self Number) error {
	switch {
	case c.Of == 0 || c.Of == self:
		return fmt.Errorf("it counts signal %d: name another signal", c.Of)
	case c.AtLeast < 1 || c.AtLeast > MaxAtLeast:
		return fmt.Errorf("at least %d: 1 to %d are possible", c.AtLeast, MaxAtLeast)
	case c.Days < 1 || c.Days > MaxDays && !c.Absent:
		return fmt.Errorf("in %d days: 1 to %d are possible", c.Days, MaxDays)
	case c.Absent && (c.Days > 5*366 || c.AtLeast > 1 && c.Days > MaxDays):
		return fmt.Errorf("absent for %d days: at most %d, and %d where more than one is asked", c.Days, 5*366, MaxDays)
	case c.DistinctDays && c.AtLeast > c.Days:
		return fmt.Errorf("%d distinct days of %d cannot be", c.AtLeast, c.Days)
	}
	return nil
}

func (c *Condition) check(kind Kind, depth int, left *int) error {
	if depth > MaxDepth {
		return fmt.Errorf("conditions nest deeper than %d: split the signal", MaxDepth)
	}
	if *left--; *left < 0 {
		return fmt.Errorf("more than %d conditions: split the signal", MaxConditions)
	}
	if c.Op == All || c.Op == Any || c.Op == None {
		if len(c.Of) == 0 || c.Field != "" || len(c.Values) != 0 {
			return fmt.Errorf("%q needs conditions under it, and no field or value", c.Op)
		}
		for i := range c.Of {
			if err := c.Of[i].check(kind, depth+1, left); err != nil {
				return err
			}
		}
		return nil
	}
	if err := c.checkLeaf(kind); err != nil {
		return fmt.Errorf("condition on %q: %w", clip(c.Field), err)
	}
	return nil
}

func (c *Condition) checkLeaf(kind Kind) error {
	switch {
	case c.Field == "" || len(c.Field) > MaxField:
		return fmt.Errorf("a field name has 1 to %d bytes", MaxField)
	case len(c.Of) != 0:
		return fmt.Errorf("%q compares a field: conditions go under all, any or none", c.Op)
	case len(c.Values) > MaxValues:
		return fmt.Errorf("%d values: at most %d, make them an attribute instead", len(c.Values), MaxValues)
	}
	if f, ok := builtins[c.Field]; ok && kind == OnActivity && f.only != "" && c.Op != f.only {
		return fmt.Errorf("can only be asked with %q", f.only)
	}
	for _, v := range c.Values {
		switch {
		case v.Kind == activity.Text && (len(v.Text) > MaxText || persian.Fold(v.Text) == ""):
			return fmt.Errorf("a text value has 1 to %d bytes", MaxText)
		case v.Kind == activity.Number && (math.IsNaN(v.Number) || math.IsInf(v.Number, 0)):
			return fmt.Errorf("a number value must be finite")
		case v.Kind != activity.Text && v.Kind != activity.Number && v.Kind != activity.Bool:
			return fmt.Errorf("a value is a text, a number or true/false")
		}
	}
	notOf := func(k activity.Kind) bool {
		return slices.ContainsFunc(c.Values, func(v Constant) bool { return v.Kind != k })
	}
	switch c.Op {
	case Eq, Ne, In:
		if len(c.Values) == 0 {
			return fmt.Errorf("%q needs a value", c.Op)
		}
	case Prefix, Suffix, Contains:
		if len(c.Values) == 0 || notOf(activity.Text) {
			return fmt.Errorf("%q needs text values", c.Op)
		}
	case Range:
		if len(c.Values) != 2 || notOf(activity.Number) || c.Values[0].Number > c.Values[1].Number {
			return fmt.Errorf("range needs two numbers, the lower first")
		}
	case Gt, Gte, Lt, Lte:
		if len(c.Values) != 1 || notOf(activity.Number) {
			return fmt.Errorf("%q needs one number", c.Op)
		}
	case Exists:
		if len(c.Values) != 0 {
			return fmt.Errorf("exists takes no value: for the opposite put it under none")
		}
	default:
		return fmt.Errorf("no such comparison %q: eq ne in prefix suffix contains range gt gte lt lte exists, all any none", clip(string(c.Op)))
	}
	return nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
