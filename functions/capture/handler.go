package main

import (
	"net/http"

	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/flow"
)

// visits hands each call to the flow as what it knows: a visit.
func visits(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := event.CallOf(r.Context())
		if !ok {
			http.Error(w, "not called through the API", http.StatusInternalServerError)
			return
		}
		v := flow.Visit{Now: c.Now, IP: c.IP, RequestID: c.RequestID, Log: c.Log}
		next.ServeHTTP(w, r.WithContext(flow.WithVisit(r.Context(), v)))
	})
}
