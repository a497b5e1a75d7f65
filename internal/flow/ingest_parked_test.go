package flow

import "testing"

func TestABatchOfNothingButBadMessagesIsParkedByAProcessThatHasJustBegun(t *testing.T) {
	l := newLine(t)
	m := Message{ID: "bad", Body: []byte("{"), Received: l.now, Attempt: 1}
	got := l.ingest.Run(t.Context(), l.log, []Message{m}, l.now)
	if got.Parked != 1 || len(got.Failed) != 0 {
		t.Fatalf("%+v", got)
	}
}
