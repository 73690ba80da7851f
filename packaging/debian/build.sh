#!/bin/sh
# Builds the Debian package of one release, in a chroot of that release: `build.sh RELEASE ARCH REVISION VENV`.
# It ends in build/deb/RELEASE/. VENV has the build tools of the lock (`make setup`).
# MIRROR: where the packages of the release come from; without: where this machine's own come from.
# LEVEL: of zstd, 1 to 19; 3 saves minutes, and makes the package a third larger.
set -eu
release=$1 arch=$2 revision=$3 venv=$4
cd "$(dirname "$0")/../.."

say() { printf 'deb: %s\n' "$*" >&2; }

command -v mmdebstrap >/dev/null || { say "mmdebstrap is missing: install the Debian package mmdebstrap"; exit 1; }
native=$(dpkg --print-architecture)
# The name of the processor as binfmt_misc files have it.
case $arch in
  amd64) emulator=qemu-x86_64 ;;
  arm64) emulator=qemu-aarch64 ;;
  *) say "no packages are made for $arch: its libraries have no wheels; ARCH is amd64 or arm64"; exit 1 ;;
esac
if [ "$arch" != "$native" ] && ! grep -qs '^enabled' "/proc/sys/fs/binfmt_misc/$emulator"; then
  say "this machine ($native) runs no $arch programs: build on an $arch machine, or install qemu-user-static and binfmt-support"
  exit 1
fi

# All times in the package are that of the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
folder=build/deb/$release
mkdir -p "$folder"
work=$(mktemp -d "$folder/work.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
mkdir "$work/input"
"$venv/bin/pip" wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$work/input" .
cp -r packaging requirements.lock requirements-hub.lock CHANGELOG.md "$work/input"
# Whoever vouches for the package index to this machine does so in the chroot.
cp "${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}" "$work/input/authorities.pem"

if [ -z "${MIRROR:-}" ]; then
  MIRROR=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | sort -u | head -n 1)
fi
say "$release $arch, packages from ${MIRROR:-the default mirror}"
# shellcheck disable=SC2016  # $1 is the chroot: mmdebstrap gives it to the hooks
SOURCE="$work/input" RESULT="$work" ARCH=$arch REVISION=$revision mmdebstrap --quiet --variant=apt --architectures="$arch" \
  --include=python3,python3-pip,zstd \
  --customize-hook='cp -r "$SOURCE" "$1/build"' \
  --customize-hook='chroot "$1" env -i PATH="$PATH" LC_ALL=C.UTF-8 HOME=/root http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
    SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" ARCH="$ARCH" REVISION="$REVISION" LEVEL="${LEVEL:-19}" sh /build/packaging/debian/assemble.sh' \
  --customize-hook='cp "$1"/build/*.deb "$RESULT"' \
  "$release" /dev/null ${MIRROR:+"$MIRROR"}
rm -f "$folder"/*.deb
mv "$work"/*.deb "$folder"
say "$(du -h --apparent-size "$folder"/*.deb)"
