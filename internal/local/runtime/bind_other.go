//go:build !linux

package runtime

import (
	"os/exec"
	"syscall"
)

// bindToParent keeps Ctrl-C for this process alone. A process whose Runtime
// API is gone ends by itself at its next event.
func bindToParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

func startOnLastingThread(cmd *exec.Cmd) error { return cmd.Start() }
