package source

import "testing"

func TestFiltersAreThoseOfEventSourceMappings(t *testing.T) {
	const event = `{"eventName":"MODIFY","dynamodb":{"NewImage":{"ds":{"S":"due#1"},"v":{"N":"7"},"list":["a","b"]}},"n":5,"null":null}`
	for _, c := range []struct {
		pattern string
		want    bool
	}{
		{`{"eventName":["INSERT","MODIFY"]}`, true},
		{`{"eventName":["INSERT"]}`, false},
		{`{"dynamodb":{"NewImage":{"ds":{"S":[{"exists":true}]}}}}`, true},
		{`{"dynamodb":{"NewImage":{"ds":[{"exists":true}]}}}`, false}, // only leaves exist
		{`{"dynamodb":{"NewImage":{"gone":{"S":[{"exists":true}]}}}}`, false},
		{`{"dynamodb":{"NewImage":{"gone":{"S":[{"exists":false}]}}}}`, true},
		{`{"dynamodb":{"NewImage":{"ds":{"S":[{"prefix":"due#"}]}}}}`, true},
		{`{"dynamodb":{"NewImage":{"ds":{"S":[{"suffix":"#2"}]}}}}`, false},
		{`{"dynamodb":{"NewImage":{"ds":{"S":[{"anything-but":["x","y"]}]}}}}`, true},
		{`{"dynamodb":{"NewImage":{"ds":{"S":[{"anything-but":{"prefix":"due"}}]}}}}`, false},
		{`{"dynamodb":{"NewImage":{"v":{"N":["7"]}}}}`, true},
		{`{"dynamodb":{"NewImage":{"v":{"N":[{"numeric":[">",1]}]}}}}`, false}, // numbers of DynamoDB are text
		{`{"n":[{"numeric":[">",1,"<=",5]}]}`, true},
		{`{"n":[5.0]}`, true},
		{`{"n":["5"]}`, false},
		{`{"null":[null]}`, true},
		{`{"eventName":[{"equals-ignore-case":"modify"}]}`, true},
		{`{"dynamodb":{"NewImage":{"list":["b"]}}}`, true},
		{`{"eventName":["MODIFY"],"n":[6]}`, false},
		{`{"$or":[{"eventName":["INSERT"]},{"n":[5]}]}`, true},
	} {
		filters, err := compileFilters([]string{c.pattern})
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		var v any
		if err := unmarshalNumbers([]byte(event), &v); err != nil {
			t.Fatal(err)
		}
		if got := filters[0].matches(v); got != c.want {
			t.Errorf("%s: %v, want %v", c.pattern, got, c.want)
		}
	}
}

func TestAPatternThatIsNotUnderstoodIsAnError(t *testing.T) {
	for _, pattern := range []string{`{`, `{"a":"b"}`, `{"a":[{"wild":"x"}]}`, `{"a":[{"numeric":["~",1]}]}`, `{"a":[{"exists":"yes"}]}`, `{"a":[{"prefix":1}]}`} {
		if _, err := compileFilters([]string{pattern}); err == nil {
			t.Errorf("%s was taken", pattern)
		}
	}
}

func TestPartialResponsesAreReadAsLambdaReadsThem(t *testing.T) {
	known := func(id string) bool { return id == "a" || id == "b" }
	for _, c := range []struct {
		answer string
		failed int // -1: all
	}{
		{``, 0}, {`null`, 0}, {`{}`, 0}, {`{"batchItemFailures":null}`, 0}, {`{"batchItemFailures":[]}`, 0},
		{`{"batchItemFailures":[{"itemIdentifier":"a"}]}`, 1},
		{`{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}`, 2},
		{`{"batchItemFailures":[{"itemIdentifier":""}]}`, -1}, {`{"batchItemFailures":[{"itemIdentifier":null}]}`, -1},
		{`{"batchItemFailures":[{"ItemIdentifier":"a"}]}`, -1}, {`{"batchItemFailures":[{"itemIdentifier":"c"}]}`, -1},
		{`{"batchItemFailures":[{}]}`, -1}, {`not json`, -1}, {`{"batchItemFailures":"a"}`, -1},
	} {
		failed, ok := batchFailures([]byte(c.answer), known)
		got := len(failed)
		if !ok {
			got = -1
		}
		if got != c.failed {
			t.Errorf("%s: %d failed, want %d", c.answer, got, c.failed)
		}
	}
}
