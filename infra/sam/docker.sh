#!/bin/sh
# A Docker daemon, which sam needs to run a function as AWS would. Where CI runs as root it is installed and started here;
# on your own machine it is yours to start.
set -eu
! docker info >/dev/null 2>&1 || exit 0

if [ "${CI:-}" != true ] || [ "$(id -u)" != 0 ]; then
	echo "no Docker daemon answers: start Docker, or (Debian, as root) apt-get install docker.io" >&2
	exit 1
fi
command -v dockerd >/dev/null || {
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends docker.io >/dev/null
}
# A daemon that was killed leaves its pid behind, and that may be another program's by now.
pidof dockerd >/dev/null 2>&1 || rm -f /var/run/docker.pid /var/run/docker/containerd/containerd.pid
log="$(mktemp)"
setsid dockerd >"$log" 2>&1 </dev/null &
for _ in $(seq 300); do
	! docker info >/dev/null 2>&1 || exit 0
	sleep 0.2
done
tail -n 20 "$log" >&2
echo "dockerd did not start" >&2
exit 1
