# What run.sh and keep.sh begin with: it builds everything, and sets `targets` and `programs`.
mkdir -p target
rustc --edition 2024 -O corpus.rs -o target/corpus
# Almost all of it is safe Rust, for which a sanitizer would only cost time; overflows and debug assertions are looked for.
cargo +nightly fuzz build --sanitizer none >target/build.log 2>&1 || { cat target/build.log >&2; exit 1; }
targets=$(cargo +nightly fuzz list)
programs=target/$(rustc -vV | sed -n 's/^host: //p')/release
