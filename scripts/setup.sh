#!/bin/sh
# Makes the virtual environment that the make targets use: `setup.sh runtime|dev|vm PYTHON VENV`.
# Idempotent: does nothing when the locks have not changed since the last time.
set -eu
kind=$1 python=$2 venv=$3
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

# Debian packages that are missing, installed through apt when we may, else named.
need_packages() {
  missing=
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" = 0 ]; then
    as_root=
  elif sudo -n true 2>/dev/null; then
    as_root=sudo
  else
    say "these Debian packages are missing:$missing"
    say "install them with: sudo apt-get install$missing"
    exit 1
  fi
  say "installing Debian packages:$missing"
  $as_root apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

if ! command -v "$python" >/dev/null; then
  command -v dpkg-query >/dev/null || { say "no $python here; Python 3.11 or newer is needed"; exit 1; }
  need_packages python3
fi
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2])' || {
  say "$python is older than 3.11; name a newer one: make PYTHON=python3.13 ..."
  exit 1
}
"$python" -c 'import ensurepip, venv' 2>/dev/null || need_packages python3-venv
# What the libraries' wheels do not carry, and what tests and benchmarks measure against.
need_tools() {
  need_packages postgresql ffmpeg chromium ca-certificates git curl openssl gcc libc6-dev dbus
  # Servers that stand for cameras, and that streams go to.
  if [ -x /usr/sbin/nginx ]; then had_nginx=yes; else had_nginx=; fi
  need_packages nginx libnginx-mod-rtmp python3-gi gir1.2-gst-rtsp-server-1.0 \
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
  # Debian starts what it installs; the tests start their own.
  if [ -z "$had_nginx" ] && [ -d /run/systemd/system ]; then $as_root systemctl disable --quiet --now nginx; fi
}

# On a new machine Debian's packages take as long as Python's: both at once. Whatever fails, nothing is left running.
tools=
if [ "$kind" = dev ]; then
  trap wait EXIT
  need_tools &
  tools=$!
fi
tools_are_there() { [ -z "$tools" ] || wait "$tools"; }

# What makes virtual machines and Debian packages; no more Python than `dev` has.
if [ "$kind" = vm ]; then
  need_packages qemu-system-x86 qemu-utils mmdebstrap e2fsprogs zstd
  exit 0
fi

case $kind in
  runtime) lock=requirements-build.lock ;;
  dev) lock=requirements-dev.lock ;;
esac
stamp=$venv/.installed-$kind
state_of() { cat "$1" pyproject.toml | sha256sum | cut -d' ' -f1; }
wanted=$(state_of "$lock")
if [ -x "$venv/bin/cuelight" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
  tools_are_there
  exit
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
say "installing the locked Python packages into $venv (about 450 MB, once)"
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$lock"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
printf '%s' "$wanted" >"$stamp"
# With `dev` all is there that `runtime` asks for.
if [ "$kind" = dev ]; then printf '%s' "$(state_of requirements-build.lock)" >"$venv/.installed-runtime"; fi
tools_are_there
