#!/bin/sh
# Makes the Debian package, target/debian/*.deb, with man pages, completions and the units of systemd: packaging/debian.sh. It
# needs cargo-deb (`cargo install cargo-deb`).
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
cargo build --quiet --release --locked
program=$target/release/avalaches
parts=target/package-parts
rm -rf "$parts"
mkdir -p "$parts"
"$program" man "$parts/man" --quiet
gzip -9n "$parts"/man/*.1
for shell in bash zsh fish; do
    "$program" completions "$shell" >"$parts/avalaches.$shell"
done
cargo deb --no-build --locked --quiet --output target/debian/
