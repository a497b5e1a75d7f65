package local

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/local/template"
)

// The functions are not ours to run here: one that answers anything stands in
// for each. What is tried is that every part of the template finds its place.
func TestTheTemplateOfThisRepositoryStands(t *testing.T) {
	o := options(t)
	o.Template = "../../template.yaml"
	if _, err := os.Stat(o.Template); err != nil {
		t.Skip("there is no template.yaml")
	}
	o.Parameters = map[string]string{}
	o.APIParameters = map[string]string{"PublicUrl": "PublicApi", "ConsoleUrl": "ConsoleApi"}
	o.NoBuild, o.BuildDir = true, filepath.Join(o.DataDir, "build")
	given := map[string]string{"PublicUrl": "x", "ConsoleUrl": "x"}
	var stack *template.Stack
	for stack == nil {
		parsed, err := template.Load(o.Template, given)
		if err == nil {
			if stack, err = parsed.Resolve(template.Names{Stack: "s", Region: "r", Account: "1"}); err != nil {
				t.Fatal(err)
			}
			continue
		}
		before := len(given)
		for _, line := range strings.Split(err.Error(), "\n") {
			if _, rest, ok := strings.Cut(line, "parameter "); ok && strings.Contains(line, "has no default") {
				name := strings.Fields(rest)[0]
				given[name], o.Parameters[name] = "x@example.com", "x@example.com"
			}
		}
		if len(given) == before {
			t.Fatal(err)
		}
	}
	for _, f := range stack.Functions {
		cmd := exec.Command("go", "build", "-tags=lambda.norpc", "-o", binaryOf(o, f), "./testdata/echo")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	h := open(t, o)
	if _, err := h.Jump(t.Context(), 25*time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	for _, f := range h.Functions() {
		if f.InitError != "" || f.Errors > 0 {
			t.Errorf("%+v", f)
		}
	}
	if status, body := get(t, h.URL("ConsoleApi")+"/api/leads", h.Token("ConsoleApi", nil)); status != 200 {
		t.Errorf("the console with its token: %d %s", status, body)
	}
	if status, _ := get(t, h.URL("ConsoleApi")+"/api/leads", ""); status != 401 {
		t.Errorf("the console without a token: %d", status)
	}
	if status, _ := get(t, h.URL("PublicApi")+"/nothing/there", ""); status != 404 {
		t.Errorf("an unknown path: %d", status)
	}
	env := h.Env()
	for _, name := range []string{"ACTIVITIES_QUEUE_URL", "LEDGER_TABLE", "PUBLIC_URL", "CONSOLE_URL", "CONSOLE_TOKEN", "LINK_SECRET_ARN"} {
		if env[name] == "" {
			t.Errorf("%s is not in the environment of a shell", name)
		}
	}
}
