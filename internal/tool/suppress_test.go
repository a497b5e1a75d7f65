package tool

import (
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

func TestAListOfAnotherMailServiceIsTakenOverAndWhatIsNoAddressIsSaid(t *testing.T) {
	mem := memory.New()
	secret := []byte("a secret of the tests, long enough for anybody")
	var refused []int
	s := Suppressing{Store: mem, Secret: secret, Now: time.Unix(1000, 0), Refuse: func(line int, _ string) { refused = append(refused, line) }}
	list := "\xef\xbb\xbfemail,reason,date\nA@Example.ir,bounce,2026-01-01\n\"b@example.ir\",\"Unsubscribed\"\nc@example.ir\tspam\nd@example.ir\nnobody\ne@example.ir,because\nbücher@example.ir\nf@bücher.example\n\n"
	for range 2 {
		refused = nil
		done, err := s.Import(t.Context(), strings.NewReader(list))
		if err != nil || done != (Suppressed{Addresses: 5, Refused: 3}) || len(refused) != 3 || refused[0] != 6 || refused[2] != 8 {
			t.Fatalf("%+v, refused %v, %v", done, refused, err)
		}
	}
	for address, want := range map[string]string{"a@example.ir": "bounce", "b@example.ir": "unsubscribe", "c@example.ir": "complaint", "d@example.ir": "import", "f@xn--bcher-kva.example": "import"} {
		got, err := mem.ReadSuppression(t.Context(), lead.Identity{Kind: lead.ByEmail, Value: address}.Hash(secret))
		if err != nil || got.Reason != want {
			t.Errorf("%s: %+v, %v", address, got, err)
		}
	}
}
