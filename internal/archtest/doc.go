// Package archtest holds the house to its own documents: imports to the map in
// docs/architecture.md, template.yaml to what it promises, roles to the calls
// that a run recorded, alarms to their runbooks. It is all tests; nothing may
// import it, and it knows no package of ours but by name.
package archtest
