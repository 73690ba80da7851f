#!/bin/sh
# Makes hardware/footage/street.mp4 anew from vtest.avi of Debian's package opencv-doc (see hardware/footage/README.md).
# Needs ffmpeg. The committed file is the one to use; this script says how it came to be.
#   scripts/make_footage.sh [source.avi]
set -eu

source=${1:-/usr/share/doc/opencv-doc/examples/data/vtest.avi}
target=$(dirname "$0")/../hardware/footage/street.mp4

if [ ! -r "$source" ]; then
    echo "make_footage: $source is missing: apt-get install opencv-doc" >&2
    exit 1
fi

# Key frames exactly every 20 pictures (2 s), no B-frames: packets are passed on in the order in which they are shown.
ffmpeg -hide_banner -loglevel error -y -i "$source" -t 20 -map 0:v:0 -an -map_metadata -1 \
    -c:v libx264 -preset slow -crf 30 -pix_fmt yuv420p -bf 0 -refs 2 -g 20 -keyint_min 20 -sc_threshold 0 -threads 1 \
    -fflags +bitexact -flags:v +bitexact -movflags +faststart "$target"
sha256sum "$target"
