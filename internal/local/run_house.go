package local

import (
	"context"
	"errors"
	"time"
)

// House is a run that stands.
type House struct{}

var errNotYet = errors.New("local: being built")

func Run(ctx context.Context, o Options) error                { return errNotYet }
func Start(ctx context.Context, o Options) (*House, error)    { return nil, errNotYet }
func (h *House) Stop(ctx context.Context) error               { return errNotYet }
func (h *House) Now() time.Time                               { return time.Now() }
func (h *House) Offset() time.Duration                        { return 0 }
func (h *House) Queues(ctx context.Context) ([]Queue, error)  { return nil, errNotYet }
func (h *House) Functions() []Function                        { return nil }
func (h *House) Streams() []Stream                            { return nil }
func (h *House) Schedules() []Schedule                        { return nil }
func (h *House) Routes() []Route                              { return nil }
func (h *House) URL(api string) string                        { return "" }
func (h *House) Token(api string, c map[string]any) string    { return "" }
func (h *House) Env() map[string]string                       { return nil }
func (h *House) Unused() []string                             { return nil }
func (h *House) Log(function string, n int) ([]string, error) { return nil, errNotYet }
func (h *House) Jump(ctx context.Context, by time.Duration, progress func(Jump)) (Jump, error) {
	return Jump{}, errNotYet
}
func (h *House) Invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	return nil, errNotYet
}
func (h *House) Tick(ctx context.Context, function, event string) error     { return errNotYet }
func (h *House) Quiet(ctx context.Context, max time.Duration) error         { return errNotYet }
func (h *House) PublishMailEvent(ctx context.Context, event []byte) error   { return errNotYet }
func (h *House) NoteVisibility(queueURL, receiptHandle string, seconds int) {}
