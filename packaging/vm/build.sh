#!/bin/sh
# Builds what a test machine boots and prints its folder: build.sh RELEASE [PACKAGE.deb]
# In it are vmlinuz (not compressed), initrd.img and root.img (ext4, the whole disk). What is there already is not built again.
# Debian's packages come from the archive, as mmdebstrap does it; root is needed, and about 3 GB in build/vm.
set -eu
release=$1 package=${2:+$(realpath "$2")}
here=$(dirname "$(realpath "$0")")
builds=$here/../../build/vm
mkdir -p "$builds"
builds=$(realpath "$builds")

say() { printf 'vm: %s\n' "$*" >&2; }

packages="systemd-sysv dbus udev kmod linux-image-amd64 initramfs-tools qemu-guest-agent polkitd openssl python3 \
adduser e2fsprogs iproute2 libeatmydata1 passwd procps v4l-utils zstd"

base_key=$( (echo "$release $packages"; cd "$here" && find . -type f | sort | xargs cat) | sha256sum | cut -c1-12)
base=$builds/$release-$base_key

# One build at a time; who waited finds it built.
exec 9>"$builds/lock"
flock 9

# Drivers that no such machine has hardware for, and texts that nobody reads there.
left_out() {
  for part in drivers/gpu drivers/infiniband drivers/isdn drivers/iio drivers/ata drivers/scsi drivers/staging drivers/net/ethernet \
    drivers/net/wireless drivers/net/can drivers/hwmon drivers/input drivers/mtd sound/pci sound/soc sound/usb drivers/block/floppy.ko; do
    printf -- '--dpkgopt=path-exclude=/lib/modules/*/kernel/%s* --dpkgopt=path-exclude=/usr/lib/modules/*/kernel/%s* ' \
      "$part" "$part"
  done
  printf -- '--dpkgopt=path-exclude=/usr/share/locale/* --dpkgopt=path-exclude=/usr/share/doc/*'
}

# The root file system in one file, with room to write, and the kernel beside it.
pack() {
  tree=$1 into=$2
  size=$(du -sm --apparent-size "$tree" | cut -f1)
  truncate -s "$((size * 5 / 4 + 600))M" "$into/root.img"
  mke2fs -q -t ext4 -L root -E lazy_itable_init=0 -d "$tree" "$into/root.img"
  cp "$tree"/boot/initrd.img-* "$into/initrd.img"
  # Unpacking the kernel is what a slow machine would begin with.
  python3 "$here/unpack_kernel.py" "$tree"/boot/vmlinuz-* "$into/vmlinuz"
}

# What nobody has asked for since yesterday goes.
ready() {
  touch "$base" "$1"
  find "$builds" -mindepth 1 -maxdepth 1 -type d -mtime +0 -exec rm -rf --one-file-system {} +
  echo "$1"
}

# A folder appears whole, under its name, or not at all.
finish() { sync -f "$1" && mv "$1" "$2"; }

if [ ! -d "$base" ]; then
  say "building $base (Debian $release, about two minutes, once)"
  work=$(mktemp -d "$builds/making.XXXXXX")
  chmod 755 "$work"
  trap 'rm -rf --one-file-system "$work"' EXIT
  mkdir "$work/image"
  # shellcheck disable=SC2046
  mmdebstrap --quiet --mode=root --variant=apt --include="$(echo $packages | tr ' ' ,)" $(left_out) \
    --essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d"' \
    --essential-hook="copy-in $here/initramfs/modules /etc/initramfs-tools" \
    --essential-hook="copy-in $here/initramfs/conf.d/vm /etc/initramfs-tools/conf.d" \
    --customize-hook="tar -C $here/root -c --owner=0 --group=0 . | tar -C \"\$1\" -x --no-same-permissions" \
    --customize-hook="chroot \"\$1\" sh -eu -s <$here/settle.sh" \
    "$release" "$work/tree" >&2
  mv "$work/tree" "$work/image/tree"
  finish "$work/image" "$base"
  rm -rf "$work"
fi
if [ -z "$package" ]; then
  if [ ! -f "$base/root.img" ]; then
    work=$(mktemp -d "$builds/making.XXXXXX")
    trap 'rm -rf --one-file-system "$work"' EXIT
    pack "$base/tree" "$work"
    sync -f "$work"
    mv "$work/vmlinuz" "$work/initrd.img" "$base"
    mv "$work/root.img" "$base"  # the last: it tells that all are there
    rm -rf "$work"
  fi
  ready "$base"
  exit
fi

device=$base-$(sha256sum "$package" | cut -c1-12)
if [ ! -d "$device" ]; then
  say "building $device ($(basename "$package"))"
  work=$(mktemp -d "$builds/making.XXXXXX")
  chmod 755 "$work"
  tree=$work/tree
  trap 'umount "$tree/proc" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT
  mkdir "$work/image"
  cp -a --reflink=auto "$base/tree" "$tree"
  mount -t proc proc "$tree/proc"
  cp "$package" "$tree/tmp/"
  cp --remove-destination /etc/resolv.conf "$tree/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
  chmod 755 "$tree/usr/sbin/policy-rc.d"
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" chroot "$tree" \
    sh -euc 'apt-get update -qq && apt-get install -y -qq --no-install-recommends "/tmp/$1" && rm "/tmp/$1"' sh \
    "$(basename "$package")" >&2
  rm -f "$tree/usr/sbin/policy-rc.d" "$tree/etc/resolv.conf"
  umount "$tree/proc"
  chroot "$tree" sh -eu -s <"$here/settle.sh"
  pack "$tree" "$work/image"
  finish "$work/image" "$device"
  rm -rf "$work"
fi
ready "$device"
