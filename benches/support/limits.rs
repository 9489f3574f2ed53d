//! What the machine allows: how fast one core inflates, hashes and deflates an archive's own objects.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use avalaches::object::{Hashing, ObjectKind};
use avalaches::platform::{Deflater, Inflater};

/// So many bytes of objects are taken.
const SAMPLE: usize = 64 << 20;

/// The levels that loose objects, and packs, are deflated with.
const LEVELS: [u8; 3] = [1, 4, 6];

/// Prints the rates, in megabytes of objects a second.
pub fn print(archive: &Path) {
    let objects = sample(archive);
    let bytes: usize = objects.iter().map(|(_, body)| body.len()).sum();
    println!(
        "\none core, {} objects of {bytes} bytes as git holds them, undeltified:",
        objects.len()
    );
    let rate = |name: &str, time: Duration| {
        let bytes = u32::try_from(bytes).expect("a sample");
        println!(
            "  {name:40} {:8.0} MB/s",
            f64::from(bytes) / 1e6 / time.as_secs_f64()
        );
    };
    for (name, hashing) in [
        ("SHA-1", Hashing::Sha1),
        ("SHA-1 twice, once with detection", Hashing::Both),
    ] {
        let begun = Instant::now();
        for (kind, body) in &objects {
            hashing.id(*kind, body).expect("git's objects are no collisions");
        }
        rate(name, begun.elapsed());
    }
    let mut small = Vec::new();
    for level in LEVELS {
        let mut deflater = Deflater::new(level);
        let begun = Instant::now();
        small = objects.iter().map(|(_, body)| deflater.zlib(body)).collect();
        rate(&format!("deflate, level {level}"), begun.elapsed());
    }
    let mut inflater = Inflater::new();
    let mut output = vec![0; objects.iter().map(|(_, body)| body.len()).max().unwrap_or(0)];
    let begun = Instant::now();
    for ((_, body), small) in objects.iter().zip(&small) {
        inflater
            .zlib(small, &mut output[..body.len()])
            .expect("it was deflated here");
    }
    rate("inflate", begun.elapsed());
}

fn sample(archive: &Path) -> Vec<(ObjectKind, Vec<u8>)> {
    let mut child = Command::new("git")
        .arg("--git-dir")
        .arg(archive)
        .args(["cat-file", "--batch-all-objects", "--batch"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut answers = BufReader::new(child.stdout.take().expect("it was asked for"));
    let (mut objects, mut bytes) = (Vec::new(), 0);
    let mut line = String::new();
    while bytes < SAMPLE && answers.read_line(&mut line).expect("git answers") > 0 {
        let words: Vec<&str> = line.split_whitespace().collect();
        let kind = ObjectKind::from_name(words[1].as_bytes()).expect("a kind");
        let mut body = vec![0; words[2].parse().expect("a length")];
        answers.read_exact(&mut body).expect("git answers");
        answers.skip_until(b'\n').expect("git answers");
        line.clear();
        bytes += body.len();
        objects.push((kind, body));
    }
    // Git ends when nobody listens any longer.
    drop(answers);
    child.wait().expect("it ends");
    objects
}
