package sim

import "time"

// Mailing is a world of many mails and little else, for counting what becomes
// of them: rate is the share of calls that fail, loss that of mail events that
// never come.
func Mailing(seed uint64, rate, loss float64) Config {
	c := Of(seed)
	c.Start = time.Date(2026, 10, 3, 6, 0, 0, 0, time.UTC) // weeks without holidays
	c.Days, c.People, c.Activities, c.Forms, c.LeaveOneIn, c.TwinOneIn, c.Complain = 30, 150, 350, 90, 30, 30, 0
	c.FaultRate, c.EventLoss, c.Books = rate, loss, c.Books[:1]
	return c
}
