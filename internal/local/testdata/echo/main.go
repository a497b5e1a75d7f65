// Command echo is a function that does what its event says, for tests of the
// local run.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

func main() {
	if os.Getenv("FAIL_INIT") != "" {
		fmt.Fprintln(os.Stderr, "no table is set")
		os.Exit(3)
	}
	fmt.Println(`{"level":"INFO","msg":"started"}`)
	n := 0
	lambda.Start(func(ctx context.Context, event json.RawMessage) (any, error) {
		n++
		var order struct {
			Do string `json:"do"`
			Ms int    `json:"ms"`
		}
		json.Unmarshal(event, &order) //nolint:errcheck // any event will do
		switch order.Do {
		case "error":
			return nil, errors.New("it did not work")
		case "panic":
			panic("it broke")
		case "exit":
			os.Exit(7)
		case "sleep":
			time.Sleep(time.Duration(order.Ms) * time.Millisecond)
		case "where":
			lc, _ := lambdacontext.FromContext(ctx)
			deadline, _ := ctx.Deadline()
			env := map[string]string{}
			for _, name := range []string{"AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID", "HOME", "TABLE", "AWS_LAMBDA_LOG_FORMAT"} {
				env[name] = os.Getenv(name)
			}
			return map[string]any{"env": env, "request": lc.AwsRequestID, "arn": lc.InvokedFunctionArn, "left": time.Until(deadline).Milliseconds(), "pid": os.Getpid(), "n": n}, nil
		}
		return answer(event), nil
	})
}
