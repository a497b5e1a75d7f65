// Package lean makes large calls of the SDK cheap: a body that the caller wrote
// goes in place of the SDK's own, whose writers leave eight times the garbage
// that a batch is long. The SDK keeps all else: validation, headers, signing,
// retries, answers, errors.
//
// It knows no service.
package lean

import (
	"bytes"
	"context"
	"sync"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Written is a protocol whose requests have this body. empty is an input of the
// operation without members, from which the SDK makes the headers.
func Written(p smithyhttp.ClientProtocol, empty smithy.Serializable, body []byte) smithyhttp.ClientProtocol {
	return written{p, empty, body}
}

type written struct {
	smithyhttp.ClientProtocol
	empty smithy.Serializable
	body  []byte
}

func (w written) SerializeRequest(ctx context.Context, op *smithy.OperationSchema, _ smithy.Serializable, r *smithyhttp.Request) error {
	if err := w.ClientProtocol.SerializeRequest(ctx, op, w.empty, r); err != nil {
		return err
	}
	with, err := r.SetStream(bytes.NewReader(w.body))
	if err != nil {
		return err
	}
	*r = *with
	return nil
}

// Buffers are memory for bodies. A body is as large as a batch, and fresh
// memory of that size costs more than what is written into it.
type Buffers struct{ pool sync.Pool }

// Get gives an empty buffer.
func (b *Buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return (*p)[:0]
	}
	return make([]byte, 0, 64<<10)
}

// Put takes a buffer back whose call was answered with success: the service has
// then read all of it, since its hash is in the signature. After an error
// somebody may still be reading.
func (b *Buffers) Put(buf []byte) { b.pool.Put(&buf) }
