#!/bin/sh
# Builds the committed release twice, from two clones in folders of different names, and compares the two programs to the byte:
# packaging/reproduce.sh [COMMIT]. It prints the SHA-256, which whoever has the same compilers finds as well.
set -eu
cd "$(dirname "$0")/.."
source=$PWD
commit=$(git rev-parse "${1:-HEAD}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo_home=${CARGO_HOME:-$HOME/.cargo}
for name in one another-one; do
    folder=$work/$name
    git clone -q "$source" "$folder"
    git -C "$folder" checkout -q "$commit"
    # What a program says of itself where it fails has the paths of its sources in it.
    (
        cd "$folder"
        export RUSTFLAGS="--remap-path-prefix=$folder=/avalaches --remap-path-prefix=$cargo_home=/cargo"
        export CFLAGS="-ffile-prefix-map=$folder=/avalaches -ffile-prefix-map=$cargo_home=/cargo"
        CARGO_TARGET_DIR=$folder/target cargo build --quiet --release --locked
    )
    mv "$folder/target/release/avalaches" "$work/$name.program"
    rm -rf "$folder"
done
rustc --version
cc --version | sed -n 1p
cmp "$work/one.program" "$work/another-one.program"
echo "twice the same: $(sha256sum "$work/one.program" | cut -d ' ' -f 1) of commit $commit"
