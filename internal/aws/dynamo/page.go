package dynamo

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A page token is the last key read: names to a type letter and a value. It
// goes out to callers as one word, and only comes back to the same question.
func encodePage(key map[string]types.AttributeValue) (string, error) {
	if len(key) == 0 {
		return "", nil
	}
	flat := make(map[string]string, len(key))
	for name, v := range key {
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			flat[name] = "S" + v.Value
		case *types.AttributeValueMemberN:
			flat[name] = "N" + v.Value
		default:
			return "", fmt.Errorf("page key %s is a %T: our keys are texts and numbers", name, v)
		}
	}
	b, err := json.Marshal(flat)
	return base64.RawURLEncoding.EncodeToString(b), err
}

func decodePage(page string) (map[string]types.AttributeValue, error) {
	if page == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(page)
	flat := map[string]string{}
	if err == nil {
		err = json.Unmarshal(b, &flat)
	}
	if err != nil {
		return nil, fmt.Errorf("page token %.40q is not one of ours: begin again without it", page)
	}
	key := make(map[string]types.AttributeValue, len(flat))
	for name, v := range flat {
		switch {
		case len(v) > 0 && v[0] == 'S':
			key[name] = text(v[1:])
		case len(v) > 0 && v[0] == 'N':
			key[name] = &types.AttributeValueMemberN{Value: v[1:]}
		default:
			return nil, fmt.Errorf("page token %.40q is not one of ours: begin again without it", page)
		}
	}
	return key, nil
}
