package source

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/local/template"
)

// Signer signs the tokens that stand for a signed-in person here, in place of
// the user pool.
type Signer struct{ Key []byte }

const tokenHeader = `{"alg":"HS256","typ":"JWT"}`

// Sign makes a token of claims.
func (s Signer) Sign(claims map[string]any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	text := encode([]byte(tokenHeader)) + "." + encode(body)
	return text + "." + encode(s.mac(text)), nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (s Signer) mac(text string) []byte {
	h := hmac.New(sha256.New, s.Key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

var errToken = errors.New("the token is not valid")

// verify checks a token as a JWT authorizer does: signature, issuer, audience
// (or client_id, which access tokens of Cognito have in its place), times.
func (s Signer) verify(token string, a template.Authorizer, now time.Time) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errToken
	}
	var header struct{ Alg string }
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || json.Unmarshal(head, &header) != nil || header.Alg != "HS256" {
		return nil, errToken
	}
	mac, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(mac, s.mac(parts[0]+"."+parts[1])) {
		return nil, errToken
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	claims := map[string]any{}
	if err != nil || unmarshalNumbers(body, &claims) != nil {
		return nil, errToken
	}
	if claims["iss"] != a.Issuer {
		return nil, fmt.Errorf("%w: its issuer is %v", errToken, claims["iss"])
	}
	audience := claimTexts(claims["aud"])
	if _, ok := claims["aud"]; !ok {
		audience = claimTexts(claims["client_id"])
	}
	if !slices.ContainsFunc(audience, func(s string) bool { return slices.Contains(a.Audiences, s) }) {
		return nil, fmt.Errorf("%w: it is for %v", errToken, audience)
	}
	if exp, ok := claimTime(claims["exp"]); !ok || !now.Before(exp) {
		return nil, fmt.Errorf("%w: it has expired", errToken)
	}
	if nbf, ok := claimTime(claims["nbf"]); ok && now.Before(nbf) {
		return nil, fmt.Errorf("%w: it is for later", errToken)
	}
	return claims, nil
}

func claimTexts(v any) (out []string) {
	switch v := v.(type) {
	case string:
		out = []string{v}
	case []any:
		for _, item := range v {
			if s, ok := item.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

func claimTime(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	f, err := n.Float64()
	return time.Unix(int64(f), 0), ok && err == nil
}

func scopes(claims map[string]any) []string {
	if s, ok := claims["scope"].(string); ok {
		return strings.Fields(s)
	}
	return claimTexts(claims["scp"])
}

// flatClaims are claims as the event has them: each a text, lists as "[a b]".
func flatClaims(claims map[string]any) map[string]string {
	out := map[string]string{}
	for name, v := range claims {
		switch v := v.(type) {
		case string:
			out[name] = v
		case json.Number:
			out[name] = v.String()
		case bool:
			out[name] = strconv.FormatBool(v)
		case []any:
			var parts []string
			for _, item := range v {
				parts = append(parts, fmt.Sprint(item))
			}
			out[name] = "[" + strings.Join(parts, " ") + "]"
		default:
			body, err := json.Marshal(v)
			if err == nil {
				out[name] = string(body)
			}
		}
	}
	return out
}
