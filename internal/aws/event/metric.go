package event

import (
	"encoding/json"
	"time"
)

// Unit is a CloudWatch unit.
type Unit string

// The units that we use.
const (
	Count        Unit = "Count"
	Seconds      Unit = "Seconds"
	Milliseconds Unit = "Milliseconds"
)

// Metric is one figure of one invocation.
type Metric struct {
	Name  string
	Value float64
	Unit  Unit
}

// Measure writes figures as one line in CloudWatch's embedded metric format,
// in the namespace Sarnakh with the dimension FunctionName. It costs no call:
// CloudWatch reads them from the log.
func (p *Process) Measure(now time.Time, metrics ...Metric) {
	if len(metrics) == 0 {
		return
	}
	type definition struct {
		Name string
		Unit Unit
	}
	var line = map[string]any{"FunctionName": p.Name}
	var definitions []definition
	for _, m := range metrics {
		definitions = append(definitions, definition{m.Name, m.Unit})
		line[m.Name] = m.Value
	}
	line["_aws"] = map[string]any{
		"Timestamp": now.UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace": "Sarnakh", "Dimensions": [][]string{{"FunctionName"}}, "Metrics": definitions,
		}},
	}
	b, err := json.Marshal(line)
	if err != nil {
		p.log.Error("a metric is not a number", "error", err.Error())
		return
	}
	p.out.Write(append(b, '\n')) // a lost figure must not fail the work it counts
}
