package archtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// grant is one action that a role allows on one resource, or one that a run made.
type grant struct{ function, action, resource, index string }

func (g grant) String() string {
	if g.index != "" {
		return g.function + " " + g.action + " " + g.resource + "/index/" + g.index
	}
	return g.function + " " + g.action + " " + g.resource
}

// Only these have no narrower resource in AWS.
var everywhere = []string{"ses:GetAccount", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}

// grants reads what each function's role allows; faults are statements that are wider than they need be.
func grants(v *template) (out map[grant]bool, faults []string) {
	out = map[grant]bool{}
	for id, r := range v.resources {
		kind := text(r, "Type")
		if kind != "AWS::Lambda::Function" && kind != "AWS::Serverless::Function" {
			continue
		}
		role := of(at(r, "Properties", "Role"))
		function := strings.ToLower(strings.TrimSuffix(id, "Function"))
		properties := at(v.resources, role, "Properties")
		if managed := list(properties, "ManagedPolicyArns"); len(managed) > 0 || at(r, "Properties", "Policies") != nil {
			faults = append(faults, fmt.Sprintf("%s has policies that are not written here by hand: %s", function, asJSON(managed)))
		}
		for _, p := range list(properties, "Policies") {
			for _, s := range list(p, "PolicyDocument", "Statement") {
				for _, action := range texts(at(s, "Action")) {
					if strings.Contains(action, "*") {
						faults = append(faults, function+" may do "+action)
					}
					for _, resource := range resources(at(s, "Resource")) {
						if resource.resource == "*" && !slices.Contains(everywhere, action) {
							faults = append(faults, function+" may do "+action+" on everything")
						}
						resource.function, resource.action = function, action
						out[resource] = true
					}
				}
			}
		}
	}
	return out, faults
}

func texts(v any) (out []string) {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	for _, i := range list(v) {
		if s, ok := i.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// resources gives the logical ids (and index) that a statement's Resource names.
func resources(v any) (out []grant) {
	if l, ok := v.([]any); ok {
		for _, i := range l {
			out = append(out, resources(i)...)
		}
		return out
	}
	if choice := list(v, "Fn::If"); len(choice) == 3 {
		return append(resources(choice[1]), resources(choice[2])...)
	}
	if of(v) == "AWS::NoValue" {
		return nil
	}
	if l := list(v, "Fn::GetAtt"); len(l) == 2 && l[1] == "StreamArn" {
		return []grant{{resource: of(v) + "/stream"}}
	}
	if id := of(v); id != "" {
		return []grant{{resource: id}}
	}
	s, _ := v.(string)
	if s == "" {
		s = text(v, "Fn::Sub")
	}
	if l := list(v, "Fn::Sub"); len(l) > 0 {
		s, _ = l[0].(string)
	}
	switch {
	case strings.HasPrefix(s, "${"):
		id, rest, _ := strings.Cut(strings.TrimPrefix(s, "${"), ".Arn}/")
		if index, ok := strings.CutPrefix(rest, "index/"); ok {
			return []grant{{resource: id, index: index}}
		}
		if strings.HasPrefix(rest, "stream/") {
			return []grant{{resource: id + "/stream"}}
		}
		return []grant{{resource: id}}
	case strings.Contains(s, ":ses:"):
		return []grant{{resource: "mail"}}
	}
	return []grant{{resource: s}}
}

func TestRolesNameWhatTheyAllow(t *testing.T) {
	allowed, faults := grants(read(t))
	for _, f := range faults {
		t.Error(f)
	}
	for g := range allowed {
		if g.resource == "" {
			t.Errorf("%s: a resource that this test cannot read", g)
		}
	}
	if len(allowed) < 50 {
		t.Errorf("read only %d grants: this test has gone blind", len(allowed))
	}
}

// unreached are the grants that no run on this machine uses, each with its reason: function action resource: reason.
func unreached(t *testing.T) map[grant]string {
	t.Helper()
	source, err := os.ReadFile("testdata/unreached.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[grant]string{}
	for line := range strings.Lines(string(source)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		what, reason, ok := strings.Cut(line, ": ")
		words := strings.Fields(what)
		if !ok || len(words) != 3 || reason == "" {
			t.Fatalf("testdata/unreached.txt: want `function action resource: reason`, got %q", line)
		}
		g := grant{function: words[0], action: words[1], resource: words[2]}
		g.resource, g.index, _ = strings.Cut(g.resource, "/index/")
		out[g] = reason
	}
	return out
}

func (g grant) covers(other grant) bool {
	yes := func(pattern, s string) bool { ok, err := path.Match(pattern, s); return ok && err == nil }
	return yes(g.function, other.function) && yes(g.action, other.action) && (g.resource == "*" || yes(g.resource, other.resource)) &&
		(g.resource == "*" || g.index == other.index)
}

func TestReasonsForUnreachedGrantsAreStillNeeded(t *testing.T) {
	allowed, _ := grants(read(t))
	for u := range unreached(t) {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(allowed)), u.covers) {
			t.Errorf("testdata/unreached.txt excuses %s, which no role allows", u)
		}
	}
}

// recorded reads what runs wrote down (sarnakh local --record FILE), in the template's words. Several files add up.
func recorded(t *testing.T, v *template) map[grant]bool {
	t.Helper()
	pattern := os.Getenv("SARNAKH_CALLS")
	if pattern != "" && !filepath.IsAbs(pattern) {
		pattern = filepath.Join(root, pattern) // the test runs in its own folder, who names a file is at the root
	}
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		how := "left out: roles against recorded calls; SARNAKH_CALLS names no file that a run has written with: sarnakh local --record FILE"
		if pattern != "" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	out := map[grant]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(source)) {
			var c struct{ Function, Action, Resource, Index string }
			if err := json.Unmarshal([]byte(line), &c); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			g := grant{function: strings.ToLower(c.Function), action: c.Action, resource: v.logical(c.Action, c.Resource), index: c.Index}
			if g.function == "" || v.resources[strings.ToUpper(g.function[:1])+g.function[1:]+"Function"] == nil {
				continue // a tool or a person: no role of ours
			}
			out[g] = true
		}
	}
	return out
}

// logical finds the id behind a name of the local run: a table's or secret's name ends with it, a queue has its own.
func (v *template) logical(action, name string) string {
	switch {
	case slices.Contains(everywhere, action):
		return "*"
	case strings.HasPrefix(action, "ses:"):
		return "mail"
	}
	for id, r := range v.resources {
		if strings.HasSuffix(name, "-"+id) || strings.Contains(name, "-"+id+"-") { // a secret's ARN ends with six letters
			return id
		}
		if queue := strings.TrimPrefix(text(r, "Properties", "QueueName", "Fn::Sub"), "${AWS::StackName}"); queue != "" && strings.HasSuffix(name, queue) {
			return id
		}
	}
	return name
}

func TestRolesAllowWhatFunctionsCallAndNoMore(t *testing.T) {
	v := expand(t)
	allowed, _ := grants(v)
	called := recorded(t, v)
	excused := unreached(t)
	functions := map[string]bool{}
	for c := range called {
		functions[c.function] = true
		if !allowed[c] {
			t.Errorf("%s was called and is not allowed", c)
		}
	}
	for g := range allowed {
		// SES asks for the names of its first API as well; calls have those of the second.
		if called[g] || slices.ContainsFunc(slices.Collect(maps.Keys(excused)), func(u grant) bool { return u.covers(g) }) {
			continue
		}
		t.Errorf("%s is allowed and was never called: take it out, or give the reason in testdata/unreached.txt", g)
	}
	v.each(t, "AWS::Lambda::Function", func(id string, _, _ map[string]any) {
		if f := strings.ToLower(strings.TrimSuffix(id, "Function")); !functions[f] {
			t.Errorf("the record holds no call of %s", f)
		}
	})
}

func TestARoleThatIsTooWideIsSeen(t *testing.T) {
	_, faults := grants(&template{resources: map[string]any{
		"XFunction": map[string]any{"Type": "AWS::Lambda::Function", "Properties": map[string]any{"Role": map[string]any{"Fn::GetAtt": []any{"XRole", "Arn"}}}},
		"XRole": map[string]any{"Properties": map[string]any{"ManagedPolicyArns": []any{"a"}, "Policies": []any{map[string]any{"PolicyDocument": map[string]any{"Statement": []any{
			map[string]any{"Action": "sqs:*", "Resource": map[string]any{"Ref": "Q"}}, map[string]any{"Action": []any{"sqs:SendMessage"}, "Resource": "*"}}}}}}},
	}})
	if len(faults) != 3 {
		t.Errorf("want a managed policy, a wide action and a wide resource, got %q", faults)
	}
}
