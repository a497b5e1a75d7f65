// Package wire makes one JSON call to an AWS service and gives the answer as it
// came. The pollers use it instead of the SDK because they hand most of an
// answer on unread: a record of a stream, the body of a message.
package wire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Client calls one service at one endpoint.
type Client struct {
	Endpoint string
	Service  string // signing name: sqs, dynamodb
	Prefix   string // of X-Amz-Target: AmazonSQS, DynamoDBStreams_20120810
	Region   string
	Key      aws.Credentials
	JSON     string // protocol version: 1.0
	HTTP     *http.Client
}

// HTTP is a client whose connections stay: pollers call one address all day.
func HTTP() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second, DisableCompression: true,
	}}
}

// Error is an answer that refuses.
type Error struct {
	Status int
	Code   string
	Text   string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d): %s", e.Code, e.Status, e.Text) }

// Call sends in as JSON and gives the body of the answer.
func (c *Client) Call(ctx context.Context, action string, in any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", action, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", action, err)
	}
	version := c.JSON
	if version == "" {
		version = "1.0"
	}
	req.Header.Set("Content-Type", "application/x-amz-json-"+version)
	req.Header.Set("X-Amz-Target", c.Prefix+"."+action)
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, c.Key, req, hex.EncodeToString(sum[:]), c.Service, c.Region, time.Now()); err != nil {
		return nil, fmt.Errorf("%s: %w", action, err)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", action, err)
	}
	defer res.Body.Close()
	var answer []byte
	if n := res.ContentLength; n >= 0 && n < 64<<20 {
		answer = make([]byte, n)
		_, err = io.ReadFull(res.Body, answer)
	} else {
		answer, err = io.ReadAll(res.Body)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", action, err)
	}
	if res.StatusCode/100 != 2 {
		e := &Error{Status: res.StatusCode}
		var said struct {
			Type     string `json:"__type"`
			Message  string `json:"message"`
			Message2 string `json:"Message"`
		}
		json.Unmarshal(answer, &said) //nolint:errcheck // what it says is then unknown
		e.Code, e.Text = said.Type[strings.LastIndexAny(said.Type, "#")+1:], said.Message+said.Message2
		if e.Code == "" {
			e.Code, e.Text = "Unknown", string(answer[:min(len(answer), 200)])
		}
		return nil, fmt.Errorf("%s: %w", action, e)
	}
	return answer, nil
}
