#!/bin/sh
# Inside the chroot of a release: makes /build/*.deb of what lies in /build. Environment: ARCH, REVISION, LEVEL (of compression),
# SOURCE_DATE_EPOCH.
set -eu
cd /build
here=/build/packaging
venv=/opt/cuelight
root=/build/root
. /etc/os-release
python=$(readlink -f /usr/bin/python3)
minor=${python##*/python3.}

# The environment is made where it will be, so that no script in it names another place.
"$python" -m venv --without-pip "$venv"
pip="python3 -m pip --python $venv/bin/python3 --cert authorities.pem --disable-pip-version-check --quiet"
# What some releases' pip says about root and its environment is meant for people.
export PIP_ROOT_USER_ACTION=ignore
$pip install --no-cache-dir --no-compile --only-binary :all: --require-hashes -r requirements.lock -r requirements-hub.lock
$pip install --no-cache-dir --no-compile --no-deps --no-index ./cuelight-*.whl
version=$("$venv/bin/cuelight" --version)
version=${version#* }-$REVISION~deb$VERSION_ID

packages=$venv/lib/python3.$minor/site-packages
find "$venv/bin" -mindepth 1 ! -name 'python*' ! -name cuelight -delete
# What only compilers, type checkers and the authors of the libraries use.
find "$packages" -depth -type d -name tests -exec rm -r {} +
find "$packages" -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.a' -o -name '*.h' -o -name '*.c' \
  -o -name '*.cpp' -o -name '*_tests.*.so' \) -delete
# The second is made by venv of Python 3.13.
rm -rf "$venv/include" "$venv/.gitignore"
# Models of faces, which nothing here looks for; what botocore knows of Amazon's services, but for the one of buckets;
# and what was noted of the place that the libraries were installed from.
rm -r "$packages"/cv2/data/*.xml
find "$packages/botocore/data" -mindepth 1 -maxdepth 1 -type d ! -name s3 -exec rm -r {} +
find "$packages" -path '*.dist-info/*' \( -name RECORD -o -name INSTALLER -o -name REQUESTED -o -name direct_url.json \) -delete

# What the command says of itself, while it is where it will be.
mkdir -p "$root/opt" "$root/usr/bin" "$root/DEBIAN"
"$venv/bin/python" -P "$here/debian/manual.py" "$here/config" "$root/usr/share/man"
complete() { # SHELL FILE
  mkdir -p "$root/usr/share/${2%/*}"
  "$venv/bin/cuelight" completion "$1" >"$root/usr/share/$2"
}
complete bash bash-completion/completions/cuelight
complete zsh zsh/vendor-completions/_cuelight
complete fish fish/vendor_completions.d/cuelight.fish
mv "$venv" "$root/opt/cuelight"
ln -s "$venv/bin/cuelight" "$root/usr/bin/cuelight"

# Copies the files of a folder of packaging/ that end so, if there are any.
install_all() { # FOLDER ENDING DESTINATION
  for file in "$here/$1"/*"$2"; do
    [ ! -f "$file" ] || install -D -m 644 "$file" "$root/$3/${file##*/}"
  done
}
for kind in service path; do install_all systemd .$kind usr/lib/systemd/system; done
install -D -m 755 -t "$root/usr/lib/cuelight" "$here/memory/compressed-swap"
install_all sysusers .conf usr/lib/sysusers.d
install_all tmpfiles .conf usr/lib/tmpfiles.d
install_all udev .rules usr/lib/udev/rules.d
install_all polkit .rules usr/share/polkit-1/rules.d
(cd "$here/helper" && find . -name '*.py' -exec install -D -m 644 {} "$root/usr/lib/cuelight/helper/{}" \;)
install -D -m 640 -t "$root/etc/cuelight" "$here/config/cuelight.toml" "$here/config/hub.toml"

documents=$root/usr/share/doc/cuelight
install -D -m 644 "$here/debian/copyright" "$documents/copyright"
install -m 644 CHANGELOG.md "$documents/changelog"
cat >"$documents/changelog.Debian" <<END
cuelight ($version) $VERSION_CODENAME; urgency=medium

  * Version ${version%%-*}: what is new in it is in changelog.gz.

 -- $(sed -n 's/^Maintainer: //p' "$here/debian/control")  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END
install -D -m 644 "$here/debian/lintian-overrides" "$root/usr/share/lintian/overrides/cuelight"
gzip -9n "$documents/changelog" "$documents/changelog.Debian"
find "$root/usr/share/man" -type f -exec gzip -9n {} +

# Compiled here, because the root may be read-only there; never compared with the source, because an image
# maker may have changed its time.
find "$root" -name __pycache__ -prune -exec rm -r {} +
"$python" -m compileall -q --invalidation-mode unchecked-hash -s "$root" -p / "$root/opt" "$root/usr/lib"

chmod -R u+rwX,go+rX,go-w "$root"
chmod 640 "$root"/etc/cuelight/*.toml
find "$root/opt" -name '*.so*' -exec chmod 644 {} +
cd "$root"
find etc -type f | sed 's|^|/|' | LC_ALL=C sort >DEBIAN/conffiles
find . -type f ! -path './DEBIAN/*' ! -path './etc/*' -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums
# Units that are there but wait for somebody to enable them: a device is no hub.
all=$(cd usr/lib/systemd/system && echo *)
units=$(cd usr/lib/systemd/system && grep -l '^\[Install\]' -- * | grep -vx cuelight-hub.service | tr '\n' ' ')
for script in preinst postinst prerm postrm; do
  sed -e "s|@UNITS@|${units% }|" -e "s|@ALL@|$all|" "$here/debian/$script" >DEBIAN/$script
  chmod 755 DEBIAN/$script
done
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$ARCH/" -e "s/@MINOR@/$minor/" -e "s/@NEXT@/$((minor + 1))/" \
  -e "s/@SIZE@/$(du -sk --apparent-size . | cut -f1)/" "$here/debian/control" >DEBIAN/control
dpkg-deb --root-owner-group -Zzstd "-z$LEVEL" --build . "/build/cuelight_${version}_$ARCH.deb" >/dev/null
