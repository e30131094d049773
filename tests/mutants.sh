#!/usr/bin/env bash
# Would the tests notice? Mutates `src/kernel`, `src/stats` and `src/random` one expression at a time
# and runs their tests on each (`cargo install cargo-mutants`). The whole crate takes a minute to
# build, so this is done in a throw-away crate with only these modules and the two they use. What was
# found: docs/testing.md.
#
#   tests/mutants.sh /tmp/mutants [cargo-mutants options, such as --file 'src/stats/*.rs' or --shard 0/8]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
crate=${1:?a folder for the throw-away crate}
shift
mkdir -p "$crate/src"
for room in kernel stats random units problem; do
    rm -rf "$crate/src/$room"
    cp -r "$root/src/$room" "$crate/src/"
done
printf '#![allow(dead_code)]\npub mod kernel;\npub mod problem;\npub mod random;\npub mod stats;\npub mod units;\n' > "$crate/src/lib.rs"
# The catalogue's macro declares the modules of the distributions, where cargo-mutants does not see
# them: declare them in the open.
dists="$crate/src/random/dists"
sed -i 's/\$(pub mod \$tag;)+//' "$dists/catalogue.rs"
sed -n 's/^    \([a-z]*\): [A-Z][A-Za-z]*\(<Q>\)\?,$/pub mod \1;/p' "$dists/mod.rs" > "$dists/modules"
sed -i "/^mod catalogue;/{
r $dists/modules
}" "$dists/mod.rs"
# The same versions as the whole crate's: its manifest up to the profiles, and its lock file.
sed -e '/^\[profile/,$d' -e '/^\[\[bin\]\]/,/^$/d' -e '/^\[features\]/,/^$/d' -e '/optional = true/d' "$root/Cargo.toml" > "$crate/Cargo.toml"
printf '[workspace]\n[profile.test]\nopt-level = 1\ndebug = false\n[profile.dev.package."*"]\nopt-level = 2\n' >> "$crate/Cargo.toml"
for unused in rayon ron serde_yaml saphyr-parser assert_cmd hdrhistogram; do
    sed -i "/^$unused = /d" "$crate/Cargo.toml"
done
cp "$root/Cargo.lock" "$root/rustfmt.toml" "$crate/"
cd "$crate"
[ $# -gt 0 ] || set -- --file 'src/kernel/**' --file 'src/stats/**' --file 'src/random/**'
# Not without the baseline: if a test of the unchanged code fails, every mutant counts as caught.
exec cargo mutants --in-place --minimum-test-timeout 60 "$@"
