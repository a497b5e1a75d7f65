package phone

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

var (
	update = flag.Bool("update", false, "write plans.txt from the tables of libphonenumber")
	some   = flag.Int("some", 8, "compare one in so many numbers with the library; 1 compares all")
)

// table writes the tables of libphonenumber as plans.txt has them.
func table(t *testing.T) string {
	t.Helper()
	tables, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	place := map[string]int{} // the main region of a code first, as the library has them
	for code := range phonenumbers.GetSupportedCallingCodes() {
		for i, region := range phonenumbers.GetRegionCodesForCountryCode(code) {
			place[region+"/"+strconv.Itoa(code)] = i
		}
	}
	list := slices.Clone(tables.GetMetadata())
	key := func(m *phonenumbers.PhoneMetadata) string {
		return fmt.Sprintf("%04d %03d %s", m.GetCountryCode(), place[m.GetId()+"/"+strconv.Itoa(int(m.GetCountryCode()))], m.GetId())
	}
	slices.SortFunc(list, func(a, b *phonenumbers.PhoneMetadata) int { return strings.Compare(key(a), key(b)) })
	var out strings.Builder
	for _, m := range list {
		col := make([]string, columnCount)
		col[colRegion], col[colCode] = m.GetId(), strconv.Itoa(int(m.GetCountryCode()))
		col[colAbroad], col[colTrunk] = m.GetInternationalPrefix(), m.GetNationalPrefixForParsing()
		col[colRule], col[colLeading] = m.GetNationalPrefixTransformRule(), m.GetLeadingDigits()
		col[colLengths], col[colLocal] = lengthsOf(m.GetGeneralDesc().GetPossibleLength()), lengthsOf(m.GetGeneralDesc().GetPossibleLengthLocalOnly())
		if m.GetSameMobileAndFixedLinePattern() {
			col[colSame] = "same"
		}
		col[colGeneral], col[colFixed], col[colMobile] = kindOf(m.GetGeneralDesc()), kindOf(m.GetFixedLine()), kindOf(m.GetMobile())
		var other []string
		for _, d := range []*phonenumbers.PhoneNumberDesc{m.GetPremiumRate(), m.GetTollFree(), m.GetSharedCost(), m.GetVoip(), m.GetPersonalNumber(), m.GetPager(), m.GetUan(), m.GetVoicemail()} {
			if k := kindOf(d); k != "" {
				other = append(other, k)
			}
		}
		col[colOther] = strings.Join(other, " ")
		line := strings.Join(col, "\t")
		if strings.Count(line, "\t") != columnCount-1 || strings.Contains(line, "\n") {
			t.Fatalf("region %s: a pattern with white space", m.GetId())
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

func lengthsOf(list []int32) string {
	var words []string
	for _, n := range list {
		words = append(words, strconv.Itoa(int(n)))
	}
	return strings.Join(words, ",")
}

func kindOf(d *phonenumbers.PhoneNumberDesc) string {
	if d.GetNationalNumberPattern() == "" {
		return ""
	}
	return lengthsOf(d.GetPossibleLength()) + ":" + d.GetNationalNumberPattern()
}

func TestTheTableIsThatOfTheLibrary(t *testing.T) {
	want := table(t)
	if *update {
		if err := os.WriteFile("plans.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if plansText != want {
		t.Error("plans.txt is not what the library has now: go test ./internal/phone -run TestTheTable -update")
	}
}

// library is what the library says of a number.
func library(raw, region string) (e164 string, mobile, ok bool) {
	n, err := phonenumbers.Parse(raw, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return "", false, false
	}
	kind := phonenumbers.GetNumberType(n)
	return phonenumbers.Format(n, phonenumbers.E164), kind == phonenumbers.MOBILE || kind == phonenumbers.FIXED_LINE_OR_MOBILE, true
}

// Examples of each region and kind, in the forms in which people write them and
// with a digit wrong, missing or too many, read at home and abroad.
func TestNumbersAreReadAsTheLibraryReadsThem(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	abroad := []string{"IR", "US", "DE", "IT", "AR", "BR", "KZ", "GB"}
	tried := 0
	check := func(raw, region string) {
		if random.IntN(*some) > 0 {
			return
		}
		tried++
		want, wantMobile, ok := library(raw, region)
		got, mobile, err := Normalize(raw, region)
		if err == ErrFake {
			return
		}
		if (err == nil) != ok || got != want || mobile != wantMobile {
			t.Errorf("%q from %s: %q mobile %v (%v), the library says %q mobile %v (%v)", raw, region, got, mobile, err, want, wantMobile, ok)
		}
	}
	regions := slices.Sorted(func(yield func(string) bool) {
		for r := range phonenumbers.GetSupportedRegions() {
			if !yield(r) {
				return
			}
		}
	})
	for _, region := range regions {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			n := phonenumbers.GetExampleNumberForType(region, kind)
			if n == nil || n.GetNationalNumber() == 0 {
				continue
			}
			var forms []string
			for _, f := range []phonenumbers.PhoneNumberFormat{phonenumbers.E164, phonenumbers.INTERNATIONAL, phonenumbers.NATIONAL} {
				s := phonenumbers.Format(n, f)
				if strings.IndexFunc(s, func(r rune) bool { return r >= 'A' && r <= 'Z' }) < 0 {
					forms = append(forms, s)
				}
			}
			forms = append(forms, forms[0][1:], "00"+forms[0][1:], "011"+forms[0][1:])
			for _, f := range forms {
				for _, from := range []string{region, abroad[random.IntN(len(abroad))]} {
					check(f, from)
					at := random.IntN(len(f))
					check(f[:at]+strconv.Itoa(random.IntN(10))+f[at:], from)
					check(f[:len(f)-1], from)
					if f[at] >= '0' && f[at] <= '9' {
						check(f[:at]+strconv.Itoa(random.IntN(10))+f[at+1:], from)
					}
				}
			}
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("%d numbers", tried)
}

func TestAnExtensionIsLeftOut(t *testing.T) {
	for _, raw := range []string{"021 8888 7766 داخلی 12", "021 8888 7766 ext. 12", "021-88887766x12", "tel:+98-21-8888-7766;ext=12", "021 8888 7766 #12"} {
		if got, _, err := Normalize(raw, "IR"); err != nil || got != "+982188887766" {
			t.Errorf("%s: %s (%v)", raw, got, err)
		}
	}
	for _, raw := range []string{"021 8888 7766 or 12", "021 CALL NOW", "+98+9121112233", "0912a1112233"} {
		if got, _, err := Normalize(raw, "IR"); err == nil {
			t.Errorf("%s: %s", raw, got)
		}
	}
}

func BenchmarkNormalize(b *testing.B) {
	for b.Loop() {
		if _, _, err := Normalize("0912 111 22 33", "IR"); err != nil {
			b.Fatal(err)
		}
	}
}
