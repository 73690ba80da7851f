#!/bin/sh
# Makes the container images of agent and hub out of a release's Debian package: `build.sh RELEASE ARCH VENV`.
# They end in build/containers/ as OCI archives. VENV has the build tools of the lock (`make setup`).
# MIRROR: where the packages of the release come from; without: where this machine's own come from.
set -eu
release=$1 arch=$2 venv=$3
cd "$(dirname "$0")/../.."

say() { printf 'containers: %s\n' "$*" >&2; }

command -v mmdebstrap >/dev/null || { say "mmdebstrap is missing: install the Debian package mmdebstrap"; exit 1; }
set -- build/deb/"$release"/cuelight_*_"$arch".deb
[ -f "$1" ] || { say "there is no package of $release for $arch: make deb"; exit 1; }
package=$1
version=$(dpkg-deb --field "$package" Version)
version=${version%%-*}
# All times in the images are that of the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

if [ -z "${MIRROR:-}" ]; then
  MIRROR=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | sort -u | head -n 1)
fi
mkdir -p build/containers
work=$(mktemp -d build/containers/work.XXXXXX)
trap 'rm -rf "$work"' EXIT INT TERM

say "$release $arch: what Python and the libraries need of Debian, unpacked, without a shell"
# shellcheck disable=SC2016  # $1 is the root: mmdebstrap gives it to the hook
mmdebstrap --quiet --variant=extract --architectures="$arch" \
  --include=base-files,ca-certificates,libasound2-data,libpython3-stdlib,libstdc++6,netbase,openssl,python3-minimal,tzdata \
  --extract-hook='sh packaging/containers/settle.sh "$1"' \
  "$release" "$work/root.tar" ${MIRROR:+"$MIRROR"}
mmtarfilter --path-exclude='/usr/share/man/*' --path-exclude='/usr/share/locale/*' --path-exclude='/usr/share/doc/*' \
  --path-include='/usr/share/doc/*/copyright' --path-exclude='/var/cache/*' --path-exclude='/var/lib/apt/*' \
  --path-exclude='/etc/apt/*' --path-exclude='/dev/*' <"$work/root.tar" >"$work/debian.tar"

say "the package"
dpkg-deb --fsys-tarfile "$package" >"$work/package.tar"
mmtarfilter --path-exclude='/*' --path-include='/opt/*' --path-include='/usr/bin/cuelight' \
  --path-include='/usr/share/doc/cuelight/copyright' <"$work/package.tar" >"$work/cuelight.tar"

"$venv/bin/python" -P packaging/containers/layout.py "$work" "$version" "$arch" build/containers
say "$(du -h --apparent-size build/containers/*-"$version-$arch".tar)"
