package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
)

// Call is what a role must allow: IAM's name of an action, on one resource.
type Call struct {
	Function string `json:"function"`        // LOCALCAPTURE → CAPTURE; another key as it is
	Action   string `json:"action"`          // dynamodb:PartiQLUpdate, sqs:SendMessage
	Resource string `json:"resource"`        // table, queue, topic, secret; the path of SES
	Index    string `json:"index,omitempty"` // of a table
}

// Record writes each distinct call once, one JSON line.
type Record struct {
	mu   sync.Mutex
	file *os.File
	seen map[Call]bool
	err  error
}

// OpenRecord starts a new file.
func OpenRecord(path string) (*Record, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("record calls: %w", err)
	}
	return &Record{file: f, seen: map[Call]bool{}}, nil
}

// Close says whether all lines were written.
func (r *Record) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.file.Close(); r.err == nil && err != nil {
		r.err = fmt.Errorf("record calls: %w", err)
	}
	return r.err
}

func (r *Record) note(key, service string, req *http.Request, body []byte) {
	function, isFunction := strings.CutPrefix(key, "LOCAL")
	if isFunction && function == "" {
		return // the run itself: it has no role
	}
	for _, c := range calls(service, req, body) {
		c.Function = function
		r.mu.Lock()
		if !r.seen[c] {
			r.seen[c] = true
			b, err := json.Marshal(c)
			if err == nil {
				_, err = r.file.Write(append(b, '\n'))
			}
			if err != nil && r.err == nil {
				r.err = fmt.Errorf("record calls: %w", err)
			}
		}
		r.mu.Unlock()
	}
}

// calls gives the actions that IAM asks about for one request. A batch or a transaction asks for each of its parts.
func calls(service string, req *http.Request, body []byte) []Call {
	_, operation, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
	switch service {
	case "dynamodb":
		return tableCalls(operation, body)
	case "sqs":
		var in struct{ QueueUrl, QueueName string }
		_ = json.Unmarshal(body, &in) // an engine refuses what is no JSON; here it has no resource
		name := in.QueueName
		if in.QueueUrl != "" {
			name = in.QueueUrl[strings.LastIndexByte(in.QueueUrl, '/')+1:]
		}
		return []Call{{Action: "sqs:" + strings.TrimSuffix(operation, "Batch"), Resource: name}}
	case "secretsmanager":
		var in struct{ SecretId string }
		_ = json.Unmarshal(body, &in)
		return []Call{{Action: "secretsmanager:" + operation, Resource: in.SecretId}}
	case "sns":
		form, _ := url.ParseQuery(string(body))
		return []Call{{Action: "sns:" + strings.TrimSuffix(form.Get("Action"), "Batch"), Resource: form.Get("TopicArn")}}
	case "ses":
		return []Call{{Action: "ses:" + mailAction(req.Method, req.URL.Path), Resource: req.URL.Path}}
	}
	return []Call{{Action: service + ":" + operation}}
}

func mailAction(method, path string) string {
	switch path = strings.TrimPrefix(path, "/v2/email/"); {
	case path == "outbound-emails":
		return "SendEmail"
	case path == "outbound-bulk-emails":
		return "SendBulkEmail"
	case path == "account":
		return "GetAccount"
	case method == http.MethodGet && path == "suppression/addresses":
		return "ListSuppressedDestinations"
	case strings.HasPrefix(path, "suppression/addresses"):
		return map[string]string{http.MethodGet: "GetSuppressedDestination", http.MethodPut: "PutSuppressedDestination",
			http.MethodDelete: "DeleteSuppressedDestination"}[method]
	}
	return method + " " + path
}

func tableCalls(operation string, body []byte) []Call {
	type named struct{ TableName string }
	var in struct {
		TableName, IndexName, StreamArn, Statement string
		RequestItems                               map[string]json.RawMessage
		Statements, TransactStatements             []struct{ Statement string }
		TransactItems                              []map[string]named
	}
	_ = json.Unmarshal(body, &in)
	var out []Call
	switch operation {
	case "BatchGetItem", "BatchWriteItem":
		for _, table := range slices.Sorted(maps.Keys(in.RequestItems)) {
			out = append(out, Call{Action: "dynamodb:" + operation, Resource: table})
		}
	case "TransactWriteItems", "TransactGetItems":
		names := map[string]string{"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem", "Get": "GetItem"}
		for _, item := range in.TransactItems {
			for part, at := range item {
				out = append(out, Call{Action: "dynamodb:" + names[part], Resource: at.TableName})
			}
		}
	case "ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction":
		for _, s := range append(in.Statements, in.TransactStatements...) {
			out = append(out, statementCall(s.Statement))
		}
		if in.Statement != "" {
			out = append(out, statementCall(in.Statement))
		}
	default:
		resource := in.TableName
		if resource == "" {
			resource = in.StreamArn
		}
		out = append(out, Call{Action: "dynamodb:" + operation, Resource: resource, Index: in.IndexName})
	}
	return out
}

// statementCall reads verb, table and index of a PartiQL statement: INSERT INTO "t", UPDATE "t", DELETE FROM "t",
// SELECT … FROM "t"."i".
func statementCall(statement string) Call {
	words := strings.Fields(statement)
	if len(words) == 0 {
		return Call{Action: "dynamodb:PartiQL"}
	}
	verb := strings.ToLower(words[0])
	before := map[string]string{"insert": "into", "update": "update", "delete": "from", "select": "from"}[verb]
	i := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, before) })
	if before == "" || i < 0 || i+1 == len(words) {
		return Call{Action: "dynamodb:PartiQL", Resource: statement}
	}
	c := Call{Action: "dynamodb:PartiQL" + strings.ToUpper(verb[:1]) + verb[1:]}
	name := words[i+1]
	if table, index, ok := strings.Cut(name, `"."`); ok {
		name, c.Index = table, strings.Trim(index, `"`)
	} else if table, index, ok := strings.Cut(name, "."); ok && !strings.Contains(name, `"`) {
		name, c.Index = table, index
	}
	c.Resource = strings.Trim(name, `"`)
	return c
}
