package dynamo

import (
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sarnakh/sarnakh/internal/aws/lean"
	"github.com/sarnakh/sarnakh/internal/quickjson"
)

// bodies are written into memory that is used again.
var bodies lean.Buffers

// byHand makes a call of statements carry a body that is written here; it gives
// the memory of it. A test holds it to what the SDK would have sent.
func byHand(in *dynamodb.BatchExecuteStatementInput) (how func(*dynamodb.Options), buf []byte) {
	buf, ok := appendStatements(bodies.Get(), in)
	return func(o *dynamodb.Options) {
		if ok {
			o.Protocol = lean.Written(o.Protocol, &dynamodb.BatchExecuteStatementInput{}, buf)
		}
	}, buf
}

// appendStatements writes the call; not ok where a value is of a kind that our
// statements do not use.
func appendStatements(b []byte, in *dynamodb.BatchExecuteStatementInput) (out []byte, ok bool) {
	b = append(b, `{"Statements":[`...)
	for i, st := range in.Statements {
		if i > 0 {
			b = append(b, ',')
		}
		b = quickjson.AppendPlain(append(b, `{"Statement":`...), aws.ToString(st.Statement))
		if len(st.Parameters) == 0 {
			return b, false
		}
		b = append(b, `,"Parameters":[`...)
		for j, v := range st.Parameters {
			if j > 0 {
				b = append(b, ',')
			}
			switch x := v.(type) {
			case *types.AttributeValueMemberS:
				b = append(quickjson.AppendPlain(append(b, `{"S":`...), x.Value), '}')
			case *types.AttributeValueMemberN:
				b = append(quickjson.AppendPlain(append(b, `{"N":`...), x.Value), '}')
			case *types.AttributeValueMemberB:
				b = append(base64.StdEncoding.AppendEncode(append(b, `{"B":"`...), x.Value), '"', '}')
			default:
				return b, false
			}
		}
		b = append(b, ']')
		if r := st.ReturnValuesOnConditionCheckFailure; r != "" {
			b = quickjson.AppendPlain(append(b, `,"ReturnValuesOnConditionCheckFailure":`...), string(r))
		}
		b = append(b, '}')
	}
	b = append(b, ']')
	if r := in.ReturnConsumedCapacity; r != "" {
		b = quickjson.AppendPlain(append(b, `,"ReturnConsumedCapacity":`...), string(r))
	}
	return append(b, '}'), true
}
