#!/bin/sh
# Does in an unpacked Debian root what its packages' scripts would have done there: `settle.sh ROOT`.
set -eu
root=$1
user=10001

printf 'root:x:0:0:root:/root:/usr/sbin/nologin\ncuelight:x:%s:%s::/var/lib/cuelight:/usr/sbin/nologin\n' $user $user >"$root/etc/passwd"
printf 'root:x:0:\ncuelight:x:%s:\n' $user >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
rm -f "$root/etc/hostname" "$root/etc/resolv.conf"
ln -sf /usr/share/zoneinfo/Etc/UTC "$root/etc/localtime"
mkdir -p "$root/etc/ssl/certs"
cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
# One folder for the state of each image; what else is mounted there belongs to the same user.
for folder in cuelight cuelight-hub; do install -d -m 700 -o $user -g $user "$root/var/lib/$folder"; done
chmod 1777 "$root/tmp"
