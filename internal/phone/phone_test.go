package phone

import (
	"errors"
	"testing"
)

func TestOneNumberHasOneFormHoweverItIsTyped(t *testing.T) {
	for _, raw := range []string{"09121112233", "۰۹۱۲۱۱۱۲۲۳۳", "٠٩١٢١١١٢٢٣٣", "+98 912 111 2233", "0098-912-111-2233", "0912 111 22 33"} {
		got, mobile, err := Normalize(raw, "IR")
		if err != nil || got != "+989121112233" || !mobile {
			t.Errorf("%s: %s mobile %v (%v)", raw, got, mobile, err)
		}
	}
	if got, mobile, err := Normalize("021 8888 7766", "IR"); err != nil || mobile || got != "+982188887766" {
		t.Errorf("a landline: %s mobile %v (%v)", got, mobile, err)
	}
}

func TestWhatIsNoNumberIsRefusedAndPlaceholdersAreNamed(t *testing.T) {
	for _, raw := range []string{"", "12", "abc", "09", "99999999999999999999", "<script>"} {
		if _, _, err := Normalize(raw, "IR"); err == nil {
			t.Errorf("%q was taken", raw)
		}
	}
	if _, _, err := Normalize("09120000000", "IR"); !errors.Is(err, ErrFake) {
		t.Errorf("09120000000: %v", err)
	}
}
