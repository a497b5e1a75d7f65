package main

import (
	"archive/zip"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// work is where binaries are built.
const work = ".local/bench"

// functions are the names of all functions.
func functions() ([]string, error) {
	dirs, err := filepath.Glob("functions/*/main.go")
	if err != nil || len(dirs) == 0 {
		return nil, fmt.Errorf("no functions/*/main.go here: run infra/bench.sh, which starts at the root (%v)", err)
	}
	var names []string
	for _, d := range dirs {
		names = append(names, filepath.Base(filepath.Dir(d)))
	}
	return names, nil
}

// build compiles a package as sam does, to a bootstrap.
func build(ctx context.Context, pkg, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-tags=lambda.norpc", "-ldflags=-s -w", "-o", to, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// zipped is the size of a file in a zip of its own.
func zipped(path string) (bytes int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	count := &counter{}
	z := zip.NewWriter(count)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.DefaultCompression) })
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = io.Copy(w, f)
	}
	if err == nil {
		err = z.Close()
	}
	return count.n, err
}

type counter struct{ n int64 }

func (c *counter) Write(b []byte) (int, error) { c.n += int64(len(b)); return len(b), nil }

// services are the clients of the SDK that a function links, by its own choice:
// not those that the SDK needs to find credentials.
func services(ctx context.Context, name string) ([]string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-tags=lambda.norpc", "-deps", "./functions/"+name).Output()
	if err != nil {
		return nil, fmt.Errorf("list what %s links: %w", name, err)
	}
	var list []string
	for _, s := range []string{"dynamodb", "secretsmanager", "sesv2", "sns", "sqs"} {
		if slices.Contains(strings.Fields(string(out)), "github.com/aws/aws-sdk-go-v2/service/"+s) {
			list = append(list, s)
		}
	}
	return list, nil
}

// bareMain makes the same clients of the SDK as a function, asks for the same
// secrets, and polls.
const bareMain = `// Command bare makes clients and polls.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	%s
)

func main() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		os.Exit(1)
	}
	%s
	lambda.Start(func(context.Context) (int, error) { return len(os.Args), nil })
}
`

// bare writes the program that a function is compared with. stages are the
// values of a secret that it asks for.
func bare(services, stages []string, to string) (pkg string, err error) {
	var imports, body []string
	for _, s := range services {
		imports = append(imports, strconv.Quote("github.com/aws/aws-sdk-go-v2/service/"+s))
		body = append(body, s+"Client := "+s+".NewFromConfig(cfg)", "_ = "+s+"Client")
	}
	for _, stage := range stages {
		body = append(body, `{ id, stage := "arn:aws:secretsmanager:us-east-1:000000000000:secret:x", "`+stage+`"
		_, _ = secretsmanagerClient.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id, VersionStage: &stage}) }`)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return "", err
	}
	src := fmt.Sprintf(bareMain, strings.Join(imports, "\n\t"), strings.Join(body, "\n\t"))
	return "./" + to, os.WriteFile(filepath.Join(to, "main.go"), []byte(src), 0o644)
}

// stages are the values of secrets that a function asks for at its start.
func stages(name string) ([]string, error) {
	src, err := os.ReadFile("functions/" + name + "/main.go")
	if err != nil {
		return nil, err
	}
	list := make([]string, strings.Count(string(src), "secret.Current("), 4)
	for i := range list {
		list[i] = "AWSCURRENT"
	}
	for range strings.Count(string(src), "secret.Read(") {
		list = append(list, "AWSCURRENT", "AWSPREVIOUS")
	}
	return list, nil
}

var needed = regexp.MustCompile(`env\.(?:Need|May)\("([A-Z_]+)"\)`)

// settings gives a function what it asks for by name.
func settings(name string) ([]string, error) {
	files, err := filepath.Glob("functions/" + name + "/*.go")
	if err != nil {
		return nil, err
	}
	var env []string
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		for _, m := range needed.FindAllSubmatch(src, -1) {
			v := string(m[1])
			switch {
			case v == "WEBHOOK_URL":
				v += "=https://crm.example.com/hook"
			case strings.HasSuffix(v, "_URL"):
				v += "=http://127.0.0.1:9/queue"
			case strings.HasSuffix(v, "_ARN"):
				v += "=arn:aws:secretsmanager:us-east-1:000000000000:secret:x"
			default:
				v += "=" + strings.ToLower(v)
			}
			env = append(env, v)
		}
	}
	return env, nil
}
