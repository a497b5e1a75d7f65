package dynamo

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestStatementsWrittenByHandAreWhatTheSDKWouldHaveSent(t *testing.T) {
	var headers []http.Header
	var bodies []map[string]any
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		var m map[string]any
		if err != nil || json.Unmarshal(b, &m) != nil || r.ContentLength != int64(len(b)) {
			t.Errorf("%s: %v", b, err)
		}
		headers, bodies = append(headers, r.Header), append(bodies, m)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, `{"Responses":[]}`)
	}))
	defer srv.Close()
	db := dynamodb.New(dynamodb.Options{BaseEndpoint: &srv.URL, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
	insert := types.BatchStatementRequest{
		Statement: aws.String(`INSERT INTO "t" VALUE {'k':?,'x':?}`), Parameters: []types.AttributeValue{text(`"سلام" <&>`), bin(nil), bin([]byte{0, 255}), number(-5)},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	read := types.BatchStatementRequest{Statement: aws.String(`SELECT * FROM "t" WHERE k=?`), Parameters: []types.AttributeValue{text("")}}
	other := types.BatchStatementRequest{Statement: aws.String(`UPDATE "t" SET x=?`), Parameters: []types.AttributeValue{&types.AttributeValueMemberBOOL{Value: true}}}
	for _, in := range []*dynamodb.BatchExecuteStatementInput{
		{Statements: []types.BatchStatementRequest{insert}},
		{Statements: []types.BatchStatementRequest{insert, read}, ReturnConsumedCapacity: types.ReturnConsumedCapacityIndexes},
		{Statements: []types.BatchStatementRequest{insert, other}}, // left to the SDK
	} {
		headers, bodies = nil, nil
		written, _ := byHand(in)
		for _, how := range [][]func(*dynamodb.Options){nil, {written}} {
			if _, err := db.BatchExecuteStatement(t.Context(), in, how...); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(bodies[0], bodies[1]) {
			t.Errorf("the SDK sends %v, we send %v", bodies[0], bodies[1])
		}
		for _, name := range []string{"Content-Type", "X-Amz-Target", "User-Agent", "Accept-Encoding"} {
			if headers[0].Get(name) != headers[1].Get(name) {
				t.Errorf("%s: the SDK sends %q, we send %q", name, headers[0].Get(name), headers[1].Get(name))
			}
		}
	}
}
