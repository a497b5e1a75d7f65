package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// answer writes what came to the file SEEN and answers by the kind of event:
// records whose body or key holds "bad" are failed, a request is answered with
// the event itself.
func answer(event json.RawMessage) any {
	if path := os.Getenv("SEEN"); path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err == nil {
			fmt.Fprintf(f, "%s\n", event)
			f.Close()
		}
	}
	var in struct {
		Records []struct {
			MessageID string `json:"messageId"`
			Body      string `json:"body"`
			Dynamodb  *struct {
				SequenceNumber string
				Keys           json.RawMessage
			} `json:"dynamodb"`
		}
		RequestContext *struct {
			HTTP struct{ Method, Path string } `json:"http"`
		} `json:"requestContext"`
	}
	json.Unmarshal(event, &in) //nolint:errcheck // any event will do
	if in.RequestContext != nil {
		switch in.RequestContext.HTTP.Path {
		case "/raw":
			return map[string]string{"hello": "there"}
		case "/binary":
			return map[string]any{"statusCode": 201, "isBase64Encoded": true, "body": "AAEC", "headers": map[string]string{"content-type": "image/x"}, "cookies": []string{"a=1", "b=2; HttpOnly"}}
		}
		return map[string]any{"statusCode": 200, "headers": map[string]string{"content-type": "application/json"}, "body": string(event)}
	}
	if in.Records != nil {
		failures := []map[string]string{}
		for _, r := range in.Records {
			switch {
			case r.Dynamodb != nil && strings.Contains(string(r.Dynamodb.Keys), "bad"):
				failures = append(failures, map[string]string{"itemIdentifier": r.Dynamodb.SequenceNumber})
			case r.Dynamodb == nil && strings.Contains(r.Body, "bad"):
				failures = append(failures, map[string]string{"itemIdentifier": r.MessageID})
			}
		}
		return map[string]any{"batchItemFailures": failures}
	}
	return event
}
