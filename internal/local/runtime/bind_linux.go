package runtime

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// bindToParent lets a process die with this one, whatever kills it, and keeps
// Ctrl-C for this one alone: events in work are let finish.
func bindToParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// startOnLastingThread starts processes on one thread that never ends, because
// the kernel sends the death signal when the thread that started the process
// ends, not when the program does.
func startOnLastingThread(cmd *exec.Cmd) error {
	return lastingThread()(cmd)
}

var lastingThread = sync.OnceValue(func() func(*exec.Cmd) error {
	type order struct {
		cmd  *exec.Cmd
		done chan error
	}
	orders := make(chan order)
	go func() {
		runtime.LockOSThread()
		for o := range orders {
			o.done <- o.cmd.Start()
		}
	}()
	return func(cmd *exec.Cmd) error {
		o := order{cmd, make(chan error)}
		orders <- o
		return <-o.done
	}
})
