package tool_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/tool"
)

// post is a queue that keeps what it was given.
type post struct {
	mu     sync.Mutex
	bodies [][]byte
	calls  int
	fail   int // the call that fails, from 1
}

func (p *post) SendAll(_ context.Context, bodies [][]byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.calls == p.fail {
		return errors.New("the queue is gone")
	}
	p.bodies = append(p.bodies, bodies...)
	return nil
}

// ids decodes all that was sent, as ingest will.
func (p *post) ids(t *testing.T) map[activity.ID]int {
	t.Helper()
	out := map[activity.ID]int{}
	for _, b := range p.bodies {
		list, err := activity.Decode(b, noon)
		if err != nil {
			t.Fatalf("%.200s: %v", b, err)
		}
		for _, a := range list {
			out[a.ID]++
		}
	}
	return out
}

func line(id int) string {
	return fmt.Sprintf(`{"id":"n%d","type":"page.viewed","at":"2026-11-20T10:00:00Z","lead":{"external":"x%d"},"properties":{"path":"/pricing"}}`, id, id%7)
}

func send(t *testing.T, text string, raw bool) (*post, tool.Sent, []string, error) {
	t.Helper()
	p := &post{}
	var refused []string
	sent, err := tool.Send(t.Context(), p, strings.NewReader(text), tool.Sending{
		Name: "a.ndjson", Now: noon, Raw: raw, Refuse: func(place, reason string) { refused = append(refused, place+": "+reason) },
	})
	return p, sent, refused, err
}

func TestEachLineIsSentOnceInMessagesThatIngestReads(t *testing.T) {
	var text strings.Builder
	for i := range 2345 {
		text.WriteString(line(i) + "\n")
		if i%100 == 0 {
			text.WriteString("\n  \r\n")
		}
	}
	p, sent, refused, err := send(t, "\xef\xbb\xbf"+text.String(), false)
	if err != nil || len(refused) > 0 {
		t.Fatal(err, refused)
	}
	if want := (tool.Sent{Lines: 2345, Activities: 2345, Messages: 235, Bytes: sent.Bytes}); sent != want {
		t.Errorf("sent %+v, want %+v", sent, want)
	}
	ids := p.ids(t)
	for i := range 2345 {
		if ids[activity.ID(fmt.Sprintf("n%d", i))] != 1 {
			t.Fatalf("n%d was sent %d times", i, ids[activity.ID(fmt.Sprintf("n%d", i))])
		}
	}
}

func TestALineThatIsNoActivityIsRefusedWithItsPlaceAndTheOthersGo(t *testing.T) {
	text := line(1) + "\n{\"id\":\"x\"}\nnot json\n" + line(2) + "\n" + `{"id":"` + strings.Repeat("y", 300<<10) + "\"}\n" + line(3)
	p, sent, refused, err := send(t, text, false)
	if err != nil || sent.Refused != 3 || sent.Lines != 3 {
		t.Fatalf("%+v %v", sent, err)
	}
	for i, want := range []string{"a.ndjson:2: type: an activity needs a type", "a.ndjson:3: not a JSON message", "a.ndjson:5: the message has"} {
		if i >= len(refused) || !strings.HasPrefix(refused[i], want) {
			t.Errorf("refused %q, want %q", refused, want)
		}
	}
	if ids := p.ids(t); len(ids) != 3 {
		t.Errorf("sent %v", ids)
	}
}

func TestWhatIsNoActivityCanBeSentAsItIs(t *testing.T) {
	p, sent, refused, err := send(t, line(1)+"\nnot json\n"+line(2)+"\n", true)
	if err != nil || len(refused) > 0 || sent.Lines != 3 || sent.Messages != 3 {
		t.Fatalf("%+v %v %v", sent, refused, err)
	}
	found := false
	for _, b := range p.bodies {
		found = found || string(b) == "not json"
	}
	if !found {
		t.Errorf("sent %q", p.bodies)
	}
}

func TestAnEnvelopeGoesAsItIs(t *testing.T) {
	envelope := `{"v":1,"activities":[` + line(5) + "," + line(6) + "," + line(7) + "]}"
	p, sent, _, err := send(t, line(1)+"\n"+envelope+"\n"+line(2)+"\n", false)
	if err != nil || sent.Activities != 5 || sent.Lines != 3 || len(p.ids(t)) != 5 {
		t.Errorf("%+v %v", sent, err)
	}
}

func TestLongLinesStayWithinAMessage(t *testing.T) {
	var text strings.Builder
	for i := range 12 {
		var ps []string
		for j := range 30 {
			ps = append(ps, fmt.Sprintf("%q:%q", fmt.Sprint("p", j), strings.Repeat("آ", 1000)))
		}
		fmt.Fprintf(&text, `{"id":"n%d","type":"page.viewed","lead":{"external":"x"},"properties":{%s}}`+"\n", i, strings.Join(ps, ","))
	}
	p, sent, refused, err := send(t, text.String(), false)
	if err != nil || len(refused) > 0 || len(p.ids(t)) != 12 {
		t.Fatalf("%+v %v %v", sent, refused, err)
	}
	for _, b := range p.bodies {
		if len(b) > activity.MaxBody {
			t.Errorf("a message of %d bytes", len(b))
		}
	}
}

func TestABrokenQueueEndsTheSendingAndSaysWhatToDo(t *testing.T) {
	var text strings.Builder
	for i := range 5000 {
		text.WriteString(line(i) + "\n")
	}
	p := &post{fail: 3}
	_, err := tool.Send(t.Context(), p, strings.NewReader(text.String()), tool.Sending{Name: "a.ndjson", Now: noon})
	if err == nil || !strings.Contains(err.Error(), "the queue is gone") || !strings.Contains(err.Error(), "again") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	<-ctx.Done()
	if _, err := tool.Send(ctx, &post{}, strings.NewReader(text.String()), tool.Sending{Name: "a.ndjson", Now: noon}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("told to stop: %v", err)
	}
}
