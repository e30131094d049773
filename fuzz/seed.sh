#!/bin/sh
# Fills the corpora with the shipped scenarios and the broken files of the tests. What libFuzzer adds stays beside them, and out of git.
set -e
cd "$(dirname "$0")"
mkdir -p corpus/yaml corpus/ron corpus/seed
cp ../scenarios/*.yaml ../tests/corpus/*.yaml ../tests/corpus/*.json corpus/yaml/
cp ../scenarios/*.ron ../tests/corpus/*.ron corpus/ron/
cp ../scenarios/asyncflow01-*.yml ../tests/corpus/old-*.yml corpus/seed/
