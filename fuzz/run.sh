#!/usr/bin/env bash
# Fuzzes the targets one after another: fuzz/run.sh [SECONDS [TARGET...]], a minute each where nothing is said. It begins with
# the inputs in tests/corpus, prints a line a target, and fails where there are findings: artifacts/ has the inputs.
# `fuzz/keep.sh` then keeps what is new. Needed are nightly Rust and cargo-fuzz (`cargo install cargo-fuzz`).
set -eu
cd "$(dirname "$0")"
seconds=${1:-60}
[ $# -eq 0 ] || shift
. ./prepare.sh
failed=0
for target in ${*:-$targets}; do
    inputs=corpus/$target
    found=artifacts/$target
    mkdir -p "$inputs" "$found"
    for kept in ../tests/corpus/"$target.txt" ../tests/faults/"$target.txt"; do
        [ ! -f "$kept" ] || target/corpus unpack "$kept" "$inputs"
    done
    log=target/$target.log
    { time -p "$programs/$target" "$inputs" -max_total_time="$seconds" -timeout=5 -report_slow_units=1 -rss_limit_mb=512 \
        -max_len=8192 -print_final_stats=1 -artifact_prefix="$found/" >"$log" 2>&1 || failed=1; } 2>target/$target.time
    processor=$(awk '/^(user|sys)/ { sum += $2 } END { printf "%.0f", sum }' target/$target.time)
    stat() { sed -n "s/^stat::$1: *//p" "$log"; }
    printf '%-13s %10s executions, %6s s of processor time, %4s MiB, %5s inputs, %s findings\n' "$target" \
        "$(stat number_of_executed_units)" "$processor" "$(stat peak_rss_mb)" "$(find "$inputs" -type f | wc -l)" \
        "$(find "$found" -type f | wc -l)"
done
exit "$failed"
