package local

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/sarnakh/sarnakh/internal/local/keep"
	"github.com/sarnakh/sarnakh/internal/local/template"
)

// variables are the names by which SDKs and the AWS CLI find the engines.
func (e Endpoints) variables() map[string]string {
	out := map[string]string{}
	for name, url := range map[string]string{
		"DYNAMODB": e.DynamoDB, "DYNAMODB_STREAMS": e.Streams, "SQS": e.SQS, "SNS": e.SNS, "SESV2": e.SES, "SECRETS_MANAGER": e.Secrets,
	} {
		if url != "" {
			out["AWS_ENDPOINT_URL_"+name] = url
		}
	}
	return out
}

// functionKey is the access key of a function: who records calls knows by it
// whose they are.
func functionKey(id string) string {
	return ownKey + strings.ToUpper(strings.TrimSuffix(id, "Function"))
}

func functionEnv(o Options, f *template.Function) map[string]string {
	env := map[string]string{}
	for k, v := range f.Env {
		env[k] = v
	}
	endpoints := o.Endpoints
	if o.FunctionEndpoints != nil {
		endpoints = *o.FunctionEndpoints
		if endpoints.Streams == "" {
			endpoints.Streams = endpoints.DynamoDB
		}
	}
	for k, v := range endpoints.variables() {
		env[k] = v
	}
	env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"] = functionKey(f.ID), ownKey
	return env
}

// snake is LedgerTable as LEDGER_TABLE.
func snake(id string) string {
	var out strings.Builder
	for i, r := range id {
		if i > 0 && unicode.IsUpper(r) {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToUpper(r))
	}
	return out.String()
}

// shellEnv is what a shell needs to speak to the run.
func (h *House) shellEnv() map[string]string {
	env := h.o.Endpoints.variables()
	env["AWS_REGION"], env["AWS_DEFAULT_REGION"] = h.o.Region, h.o.Region
	env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"] = ownKey, ownKey
	for _, q := range h.stack.Queues {
		env[snake(q.ID)+"_URL"] = h.queueURLs[q.ARN]
	}
	for _, t := range h.stack.Tables {
		env[snake(t.ID)] = t.Name
	}
	for _, s := range h.stack.Secrets {
		env[snake(s.ID)+"_ARN"] = h.names.Ref[s.ID]
	}
	for _, a := range h.stack.APIs {
		name := snake(strings.TrimSuffix(a.ID, "Api"))
		env[name+"_URL"] = h.URL(a.ID)
		if len(a.Authorizers) > 0 {
			env[name+"_TOKEN"] = h.Token(a.ID, nil)
		}
	}
	for k, v := range h.o.Env {
		env[k] = v
	}
	return env
}

func writeEnv(dataDir string, env map[string]string) error {
	var out strings.Builder
	out.WriteString("# The local run: source this file.\nunset AWS_PROFILE AWS_SESSION_TOKEN\n")
	names := make([]string, 0, len(env))
	for name := range env {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&out, "export %s='%s'\n", name, strings.ReplaceAll(env[name], "'", `'\''`))
	}
	return keep.WriteBytes(filepath.Join(dataDir, "env"), []byte(out.String()))
}
