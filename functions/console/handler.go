package main

import (
	"cmp"
	"net/http"

	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/console"
)

// visit hands each call to the console as what it knows: a visit. Who is not
// signed in never gets here: the API's authorizer answers.
func visit(r *http.Request) console.Visit {
	c, _ := event.CallOf(r.Context())
	return console.Visit{Now: c.Now, RequestID: c.RequestID, Log: c.Log, User: cmp.Or(c.Claims["username"], c.Claims["sub"])}
}
