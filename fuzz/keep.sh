#!/usr/bin/env bash
# Keeps what fuzzing found in tests/corpus: fuzz/keep.sh [TARGET...]. Of all inputs that were seen, a few small ones are chosen
# that reach all code that any of them reaches. Inputs that showed a fault are put in tests/faults by hand, where they stay.
set -eu
cd "$(dirname "$0")"
. ./prepare.sh
for target in ${*:-$targets}; do
    chosen=target/chosen
    rm -rf "$chosen"
    mkdir -p "$chosen" "corpus/$target"
    [ ! -f "../tests/corpus/$target.txt" ] || target/corpus unpack "../tests/corpus/$target.txt" "corpus/$target"
    "$programs/$target" -merge=1 -use_counters=0 -max_len=4096 -timeout=5 "$chosen" "corpus/$target" >"target/$target.log" 2>&1
    target/corpus pack "$chosen" "../tests/corpus/$target.txt"
    wc -lc "../tests/corpus/$target.txt"
done
