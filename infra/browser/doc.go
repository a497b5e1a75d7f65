// Package browser tells the story of a few leads in a real Chromium, against the local run as a newcomer starts it.
// It knows the line from outside only: landing pages, mails, the console, the clock. Nothing of the module is imported,
// and no result is written by hand into what it asks.
//
//	infra/browser/run.sh
package browser
