//! Brings the inputs of a target from the file that is kept to a folder as libFuzzer wants them, and back:
//! `corpus unpack FILE FOLDER`, `corpus pack FOLDER FILE`. It is compiled by `rustc` alone.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs, io};

mod lines;

/// The longest input that is kept.
const LONGEST: u64 = 4096;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "unpack", file, folder] => unpack(Path::new(file), Path::new(folder)),
        [_, "pack", folder, file] => pack(Path::new(folder), Path::new(file)),
        _ => Err(io::Error::other(
            "usage: corpus unpack FILE FOLDER, or corpus pack FOLDER FILE",
        )),
    }
}

fn unpack(file: &Path, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, line) in fs::read_to_string(file)?.lines().enumerate() {
        let input = lines::unescaped(line).ok_or_else(|| io::Error::other(format!("line {}", number + 1)))?;
        let stem = file
            .parent()
            .and_then(Path::file_name)
            .unwrap_or_default()
            .display();
        fs::write(folder.join(format!("{stem}-{:04}", number + 1)), input)?;
    }
    Ok(())
}

fn pack(folder: &Path, file: &Path) -> io::Result<()> {
    let mut inputs = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.metadata()?.len() <= LONGEST {
            let input = fs::read(entry.path())?;
            inputs.insert((input.len(), input));
        }
    }
    let text: String = inputs
        .iter()
        .map(|(_, input)| lines::escaped(input) + "\n")
        .collect();
    fs::write(file, text)
}
