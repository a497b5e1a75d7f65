package engine

import (
	"context"
	"fmt"
	"path/filepath"
)

// Fresh starts engines with new data in dir, for tests, and gives the variables by which tests find them.
func (p *Programs) Fresh(ctx context.Context, dir string) (*Engines, []string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("find %s: %w", dir, err)
	}
	e, err := p.Start(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	env := []string{
		"SARNAKH_DYNAMODB_ENDPOINT=" + e.DynamoDB,
		"SARNAKH_SQS_ENDPOINT=" + e.SQS,
		"SARNAKH_ENGINES_DIR=" + p.dir,
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
	}
	if p.dynoxide != "" && p.dynamodb != "" && p.java != "" {
		k := kind{name: "dynamodb-local", data: dir, dir: filepath.Join(dir, "engines", "dynamodb-local"), hash: p.hash}
		k.command = func(port int) []string {
			// DynamoDB Local in memory takes no directory; a property that it ignores names ours.
			args := p.javaCommand(port, "-inMemory")
			return append([]string{args[0], "-Dsarnakh.dir=" + k.dir}, args[1:]...)
		}
		k.healthy = answers("/", "Jetty")
		url, err := p.run(ctx, k, e)
		if err != nil {
			_ = e.Stop(ctx)
			return nil, nil, err
		}
		env = append(env, "SARNAKH_DYNAMODB_LOCAL_ENDPOINT="+url)
	}
	return e, env, nil
}
