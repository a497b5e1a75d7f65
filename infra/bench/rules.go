package main

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// The rule core: a decoded activity against all rules of a playbook, three
// conditions each, over 20 types of activity.

const ruleTypes = 20

func typeOf(i int) activity.Type { return activity.Type(fmt.Sprint("type.", i%ruleTypes)) }

// rule i asks for a form, a depth and a path; forms and depths repeat from rule
// to rule, as they do in a marketer's rules.
func ruleForm(i int) string { return fmt.Sprint("form-", i%40) }
func ruleDepth(i int) int   { return i % 30 }
func rulePath(i int) string { return fmt.Sprint("/p", i) }

func ours(n int) (*signal.Set, error) {
	defs := make([]signal.Definition, n)
	for i := range defs {
		where := signal.Condition{Op: signal.All, Of: []signal.Condition{
			{Op: signal.Eq, Field: "form", Values: signal.Texts(ruleForm(i))},
			{Op: signal.Gte, Field: "depth", Values: []signal.Constant{{Kind: activity.Number, Number: float64(ruleDepth(i))}}},
			{Op: signal.Prefix, Field: "path", Values: signal.Texts(rulePath(i))},
		}}
		defs[i] = signal.Definition{Number: signal.Number(i + 1), Name: fmt.Sprint("s", i), Kind: signal.OnActivity,
			Types: []activity.Type{typeOf(i)}, Where: &where}
	}
	return signal.Compile(defs)
}

// seen is the activity as expr sees it: the fastest shape it takes, a struct.
type seen struct {
	Type, Form, Path string
	Depth            float64
}

func theirs(n int) ([]*vm.Program, error) {
	programs := make([]*vm.Program, n)
	for i := range programs {
		text := fmt.Sprintf("Type == %q && Form == %q && Depth >= %d && Path startsWith %q", typeOf(i), ruleForm(i), ruleDepth(i), rulePath(i))
		p, err := expr.Compile(text, expr.Env(seen{}), expr.AsBool())
		if err != nil {
			return nil, err
		}
		programs[i] = p
	}
	return programs, nil
}

// visits is one activity of each type; every other one meets a rule.
func visits() (list []activity.Activity, same []seen) {
	for i := range ruleTypes {
		form := ruleForm(i)
		if i%2 == 1 {
			form = "another"
		}
		path := rulePath(i) + "/pricing"
		list = append(list, activity.Activity{Type: typeOf(i), Properties: []activity.Property{
			{Name: "path", Value: activity.TextValue(path)}, {Name: "form", Value: activity.TextValue(form)},
			{Name: "depth", Value: activity.NumberValue(25)}, {Name: "referrer", Value: activity.TextValue("https://example.com/")},
		}})
		same = append(same, seen{Type: string(typeOf(i)), Form: form, Path: path, Depth: 25})
	}
	return list, same
}

func ruleFigures(_ context.Context, r *report) error {
	r.title("rule core: a decoded activity against all rules")
	var few, many float64
	for _, n := range []int{10, 100, 1000} {
		b, err := newAsked(n)
		if err != nil {
			return err
		}
		if err := b.agree(); err != nil {
			return err
		}
		rounds := 15
		theirs, ours, ratio := compared(rounds, b.theirs, b.ours)
		each := float64(len(b.list))
		r.note(fmt.Sprintf("rules.time %d rules", n), ours/each, "ns an activity")
		r.note(fmt.Sprintf("rules.time %d rules, expr", n), theirs/each, "ns an activity")
		switch n {
		case 10:
			few = ours
		case 100:
			r.least("rules.expr/ours 100 rules", ratio, "x", 40)
			r.most("rules.allocations 100 rules", testing.AllocsPerRun(100, b.ours), "an activity", 0)
		case 1000:
			many = ours
		}
	}
	r.most("rules.time 1,000 rules / 10", many/few, "x", 20)
	return hostileFigures(r)
}

// asked is rules made ready in both engines, and what to ask them.
type asked struct {
	set      *signal.Set
	programs []*vm.Program
	list     []activity.Activity
	same     []seen
	out      []signal.Number
	machine  vm.VM
}

func newAsked(n int) (*asked, error) {
	b := &asked{out: make([]signal.Number, 0, 64)}
	var err error
	if b.set, err = ours(n); err != nil {
		return nil, err
	}
	if b.programs, err = theirs(n); err != nil {
		return nil, err
	}
	b.list, b.same = visits()
	return b, nil
}

func (b *asked) ours() {
	for i := range b.list {
		b.out = b.set.Match(&b.list[i], b.out[:0])
	}
}

func (b *asked) theirs() {
	for i := range b.same {
		b.out = b.out[:0]
		if err := b.ask(&b.same[i]); err != nil {
			panic(err) // unreachable: checked before
		}
	}
}

func (b *asked) ask(s *seen) error {
	for k, p := range b.programs {
		yes, err := b.machine.Run(p, s)
		if err != nil {
			return err
		}
		if yes.(bool) {
			b.out = append(b.out, signal.Number(k+1))
		}
	}
	return nil
}

// agree makes sure that both engines say the same of every activity.
func (b *asked) agree() error {
	met := 0
	for i := range b.list {
		mine := slices.Clone(b.set.Match(&b.list[i], nil))
		b.out = b.out[:0]
		if err := b.ask(&b.same[i]); err != nil {
			return err
		}
		if !slices.Equal(mine, b.out) {
			return fmt.Errorf("rules: activity %d meets %v, and by expr %v", i, mine, b.out)
		}
		met += len(mine)
	}
	if met == 0 {
		return fmt.Errorf("rules: no activity meets a rule")
	}
	return nil
}
