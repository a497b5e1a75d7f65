package main

import (
	"context"
	"errors"
)

type localCmd struct {
	StopEngines bool `help:"Stop the engines that a killed run left behind, and end."`
}

func (c *localCmd) Run(ctx context.Context) error { return errors.New("not yet") }
