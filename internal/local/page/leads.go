package page

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// lead is a row of the short list.
type lead struct {
	Name, Address, Band, BandTitle string
	Score                          int
}

func (p *Page) leads(w http.ResponseWriter, r *http.Request) {
	v := p.view(w, r, "leads_title")
	if v.Ready {
		h, _ := p.run()
		p.fillLeads(r.Context(), v)
		// In the fragment, which never leaves the browser.
		v.ConsoleLink = h.URL("ConsoleApi") + "/#token=" + h.Token("ConsoleApi", nil)
	}
	v.show(w, "leads", true, http.StatusOK)
}

// fillLeads asks the console's own API, as a person's browser would.
func (p *Page) fillLeads(ctx context.Context, v *view) {
	h, _ := p.run()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL("ConsoleApi")+"/api/leads?limit=20&locale="+v.Lang, nil)
	if err != nil {
		v.LeadsError = err.Error()
		return
	}
	req.Header.Set("Authorization", "Bearer "+h.Token("ConsoleApi", nil))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		v.LeadsError = err.Error()
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil || res.StatusCode != http.StatusOK {
		v.LeadsError = fmt.Sprintf("%s %.200s", res.Status, body)
		return
	}
	var in struct {
		Leads []struct {
			Name    string `json:"name"`
			Email   string `json:"email"`
			Address string `json:"address"`
			ID      string `json:"id"`
			Score   int    `json:"score"`
			Band    string `json:"band"`
			Title   string `json:"bandTitle"` // as the playbook calls it
		} `json:"leads"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		v.LeadsError = err.Error()
		return
	}
	for _, l := range in.Leads {
		row := lead{Name: l.Name, Address: l.Email, Band: l.Band, BandTitle: cmp.Or(l.Title, l.Band), Score: l.Score}
		if row.Address == "" {
			row.Address = l.Address
		}
		if row.Address == "" {
			row.Address = l.ID
		}
		v.Leads = append(v.Leads, row)
	}
}
