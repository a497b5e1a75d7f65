package source

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// event writes the records of a batch. Bodies are spliced in as they came: a
// demo brings two hundred thousand of them.
func (p *QueuePoller) event(batch []message) []byte {
	out := make([]byte, 0, sizeOf(batch)+64)
	out = append(out, `{"Records":[`...)
	for i, m := range batch {
		if i > 0 {
			out = append(out, ',')
		}
		out = p.record(out, m)
	}
	return append(out, `]}`...)
}

func (p *QueuePoller) record(out []byte, m message) []byte {
	out = append(out, `{"messageId":`...)
	out = quote(out, m.MessageID)
	out = append(out, `,"receiptHandle":`...)
	out = quote(out, m.ReceiptHandle)
	out = append(out, `,"body":`...)
	out = append(out, m.Body...)
	out = append(out, `,"attributes":{`...)
	first := true
	for _, name := range sortedKeys(m.Attributes) {
		value := m.Attributes[name]
		if name == "SentTimestamp" || name == "ApproximateFirstReceiveTimestamp" {
			value = p.moved(value)
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		out = quote(out, name)
		out = append(out, ':')
		out = quote(out, value)
	}
	out = append(out, `},"messageAttributes":{`...)
	first = true
	for _, name := range sortedKeys(m.MessageAttributes) {
		if !first {
			out = append(out, ',')
		}
		first = false
		out = quote(out, name)
		out = append(out, ':')
		out = messageAttribute(out, m.MessageAttributes[name])
	}
	out = append(out, `},"md5OfBody":`...)
	out = quote(out, m.MD5OfBody)
	if m.MD5OfAttributes != "" {
		out = append(out, `,"md5OfMessageAttributes":`...)
		out = quote(out, m.MD5OfAttributes)
	}
	out = append(out, `,"eventSource":"aws:sqs","eventSourceARN":`...)
	out = quote(out, p.ARN)
	out = append(out, `,"awsRegion":`...)
	out = quote(out, p.Region)
	return append(out, '}')
}

// moved is a time of the engine (ms) as the run's clock showed it.
func (p *QueuePoller) moved(ms string) string {
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return ms
	}
	return strconv.FormatInt(p.Clock.At(time.UnixMilli(n)).UnixMilli(), 10)
}

// messageAttribute turns the names of the SQS API into those of the event.
func messageAttribute(out []byte, raw json.RawMessage) []byte {
	var in struct {
		StringValue *string
		BinaryValue *string
		DataType    string
	}
	if json.Unmarshal(raw, &in) != nil {
		return append(out, "null"...)
	}
	event := map[string]any{"dataType": in.DataType, "stringListValues": []string{}, "binaryListValues": []string{}}
	if in.StringValue != nil {
		event["stringValue"] = *in.StringValue
	}
	if in.BinaryValue != nil {
		event["binaryValue"] = *in.BinaryValue
	}
	body, err := json.Marshal(event)
	if err != nil {
		return append(out, "null"...) // unreachable: texts only
	}
	return append(out, body...)
}

// matches tries the filters on a message: its body is JSON where it is JSON.
func (p *QueuePoller) matches(m message) bool {
	var text string
	if json.Unmarshal(m.Body, &text) != nil {
		return false
	}
	event := map[string]any{"messageId": m.MessageID, "body": text}
	var body any
	if unmarshalNumbers([]byte(text), &body) == nil {
		event["body"] = body
	}
	attributes := map[string]any{}
	for k, v := range m.Attributes {
		attributes[k] = v
	}
	event["attributes"] = attributes
	return slices.ContainsFunc(p.filters, func(f filter) bool { return f.matches(event) })
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// quote appends s as JSON. Nearly all that comes here is plain ASCII.
func quote(out []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			body, err := json.Marshal(s)
			if err != nil {
				return append(out, `""`...) // unreachable: a text can be written
			}
			return append(out, body...)
		}
	}
	out = append(out, '"')
	out = append(out, s...)
	return append(out, '"')
}
