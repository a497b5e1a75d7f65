package sim

import (
	"time"

	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

// Mailing is a world of many mails and little else, for counting what becomes
// of them: a business that writes to everybody nearly each day, and whose caps
// let it. rate is the share of calls that fail, loss that of mail events that
// never come.
func Mailing(seed uint64, rate, loss float64) Config {
	c := Of(seed)
	c.Start = time.Date(2026, 10, 3, 6, 0, 0, 0, time.UTC) // weeks without holidays
	c.Days, c.People, c.Activities, c.Forms, c.LeaveOneIn, c.TwinOneIn, c.Complain, c.Casts = 30, 150, 350, 90, 30, 30, 0, 30
	book := Book()
	book.Nurture.GapHours, book.Nurture.Caps[0] = 14, nurture.Cap{Count: 5, Days: 7}
	c.FaultRate, c.EventLoss, c.Books = rate, loss, []*playbook.Playbook{book}
	return c
}
