package lead

import (
	"strings"
	"testing"
	_ "time/tzdata"
)

func TestOnlyANameOfTheZoneDatabaseIsAZone(t *testing.T) {
	for _, name := range []string{"Asia/Tehran", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+3", "UTC", "Asia/Calcutta"} {
		if err := CheckZone(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "Local", "Asia/Teheran", "+03:30", "Tehran", "../../etc/passwd", "/etc/localtime", "Asia/Tehran\x00", "Asia\\Tehran", "تهران", strings.Repeat("a", 2000)} {
		err := CheckZone(name)
		if err == nil {
			t.Errorf("%q is taken for a zone", name)
			continue
		}
		if name != "" && strings.Contains(err.Error(), "passwd") || len(err.Error()) > 200 {
			t.Errorf("%q is repeated: %v", name, err)
		}
	}
}
