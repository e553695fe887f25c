#!/usr/bin/env bash
# Renews both locks from pyproject.toml: for every platform, with hashes, naming no index. Versions that are locked and still
# fit stay as they are; `--upgrade` takes the newest. The runtime's lock follows the versions of the larger one. Both hold
# the extras, so that what is set up by make and what runs in the container can use every adapter; the runtime's does without
# affect-onnx alone, whose packages are large and serve only those who bring a transformer.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() {
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
    --no-emit-find-links --custom-compile-command "make lock" pyproject.toml "$@"
}
lock --all-extras --group dev --output-file requirements-dev.lock "$@"
lock --extra postgresql --group build --constraint requirements-dev.lock --output-file requirements.lock "$@"
