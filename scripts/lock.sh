#!/bin/sh
# Writes the lock files anew: versions and hashes, no addresses. Needs `uv` on the PATH.
set -eu
cd "$(dirname "$0")/.."
compile() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml "$@"
}
compile --upgrade --output-file requirements.lock
compile --extra build --constraint requirements.lock --output-file requirements-build.lock
# What a hub has besides: for PostgreSQL and buckets.
# shellcheck disable=SC2046
compile --extra hub --constraint requirements.lock --output-file requirements-hub.lock \
  $(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' requirements.lock)
compile --extra hub --extra dev --extra build --constraint requirements.lock --constraint requirements-hub.lock \
  --output-file requirements-dev.lock
