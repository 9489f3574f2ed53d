//! Hostile proofs in a real browser; and the hashes and the inflater of the script beside those of the program.
//!
//! These stories need the Debian packages `chromium` and `chromium-driver`; `cargo test --test browser_proofs -- --ignored` runs them.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask the archive more")]
mod archives;
#[path = "support/bridge.rs"]
mod bridge;
#[path = "support/browser.rs"]
#[allow(dead_code, reason = "other stories ask the browser more")]
mod browser;
#[path = "support/desk.rs"]
#[allow(dead_code, reason = "other stories ask the page more")]
mod desk;

use std::io::Write;
use std::time::{Duration, Instant};

use avalaches::base64;
use avalaches::id::hex;
use avalaches::object::delta::{self, DeltaError};
use avalaches::object::entry;
use avalaches::proof::Proof;
use bridge::ARTICLE;
use desk::Desk;
use flate2::write::ZlibEncoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use sha2::Sha256;

/// Returns a pack with its checksum.
fn sealed(count: u32, entries: &[u8]) -> Vec<u8> {
    let mut pack = [b"PACK\0\0\0\x02", &count.to_be_bytes()[..], entries].concat();
    let checksum = Sha1::digest(&pack);
    pack.extend(checksum);
    pack
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What is wrong with a pack, the pack, and what is said of it.
type Hostile = (&'static str, Vec<u8>, &'static str);

/// Packs whose form is wrong.
fn of_a_wrong_form(proof: &[u8]) -> Vec<Hostile> {
    let mut flipped = proof.to_vec();
    flipped[100] ^= 4;
    let one = object(3, 1, b"x");
    // The proof has eleven objects.
    let fewer = sealed(10, &proof[12..proof.len() - 20]);
    let no_size = [&[0xb0][..], &[0xff; 40]].concat();
    let cut_short = "it is no git pack of version 2, or is cut short";
    let not_whole = "its object 1 is neither a commit, tree or file, nor a delta of an object before it";
    vec![
        (
            "another version",
            [b"PACK\0\0\0\x03", &proof[8..]].concat(),
            cut_short,
        ),
        ("a bit", flipped, "its checksum is not that of its bytes"),
        (
            "no object",
            sealed(0, &[]),
            "it has 0 objects; a proof has 1 to 1024.",
        ),
        (
            "many objects",
            sealed(u32::MAX, &one),
            "it has 4294967295 objects",
        ),
        ("fewer than said", sealed(1000, &one), cut_short),
        ("a tag", sealed(1, &object(4, 1, b"x")), not_whole),
        ("a delta of itself", sealed(1, &offset_delta(0, b"x")), not_whole),
        (
            "a delta of the header",
            sealed(1, &offset_delta(12, b"x")),
            not_whole,
        ),
        (
            "a delta of the middle of an object",
            sealed(2, &[&one[..], &offset_delta(one.len() as u64 - 1, b"x")].concat()),
            "its object 2 is neither a commit, tree or file, nor a delta of an object before it",
        ),
        (
            "a delta by name",
            sealed(1, &[&entry::header(7, 1)[..], &[1; 20], &deflated(b"x")].concat()),
            not_whole,
        ),
        (
            "a size without end",
            sealed(1, &no_size),
            "its objects are larger than 67108864 bytes",
        ),
        ("bytes behind", fewer, "bytes follow its last object"),
    ]
}

/// Packs whose objects are.
fn of_wrong_objects() -> Vec<Hostile> {
    let zeros = vec![0; 64 << 20];
    let together = [object(3, 40 << 20, &zeros[..40 << 20]), object(3, 40 << 20, b"x")].concat();
    let (large, damaged) = (
        "its objects are larger than 67108864 bytes",
        "its object 1 is damaged",
    );
    let no_stream = [&entry::header(3, 9)[..], b"123456789"].concat();
    vec![
        ("too large", sealed(1, &object(3, (64 << 20) + 1, b"x")), large),
        ("too large together", sealed(2, &together), large),
        ("less than said", sealed(1, &object(3, 5, b"abc")), damaged),
        ("more than said", sealed(1, &object(3, 5, &zeros)), damaged),
        (
            "zeros",
            sealed(1, &object(3, zeros.len(), &zeros)),
            "it does not begin with a commit",
        ),
        ("no stream", sealed(1, &no_stream), damaged),
        (
            "no commit",
            sealed(1, &object(3, 1, b"x")),
            "it does not begin with a commit",
        ),
        (
            "a bad commit",
            sealed(1, &object(1, 3, b"abc")),
            "its commit is malformed",
        ),
    ]
}

/// Packs of a file and of deltas of it.
fn of_deltas() -> Vec<Hostile> {
    let base = object(3, 11, b"hello world");
    let after = |delta: &[u8]| sealed(2, &[&base[..], &offset_delta(base.len() as u64, delta)].concat());
    let damaged = "its object 2 is damaged";
    let no_commit = "it does not begin with a commit";
    let zeros = object(3, 1 << 16, &vec![0; 1 << 16]);
    // Each copy is of everything: 1,022 of them are a little less than a proof may have.
    let many = [&[0x80, 0x80, 4, 0x80, 0x80, 0xf8, 0x1f][..], &[0x80; 1022]].concat();
    let too_many = [&[0x80, 0x80, 4, 0x80, 0x80, 0x80, 0x20][..], &[0x80; 1024]].concat();
    let of_zeros = |delta: &[u8]| {
        sealed(
            2,
            &[&zeros[..], &offset_delta(zeros.len() as u64, delta)].concat(),
        )
    };
    vec![
        // The first 5 bytes, one more, and the sixth.
        (
            "a good delta",
            after(&[11, 7, 0x90, 5, 1, b'!', 0x91, 5, 1]),
            no_commit,
        ),
        ("an empty delta", after(&[]), damaged),
        ("a delta of another length", after(&[10, 1, 1, b'x']), damaged),
        ("a delta that ends early", after(&[11, 2, 2, b'x']), damaged),
        ("a delta with instruction 0", after(&[11, 1, 0]), damaged),
        ("a copy from outside", after(&[11, 5, 0x91, 7, 5]), damaged),
        (
            "a copy of four gigabytes",
            after(&[11, 5, 0xff, 255, 255, 255, 255, 255, 255, 255]),
            damaged,
        ),
        ("a delta that makes less", after(&[11, 6, 0x91, 6, 5]), damaged),
        ("a delta that makes more", after(&[11, 4, 0x91, 6, 5]), damaged),
        ("a delta of endless lengths", after(&[0xff; 2000]), damaged),
        ("copies of all", of_zeros(&many), no_commit),
        (
            "copies of too much",
            of_zeros(&too_many),
            "its objects are larger than 67108864 bytes",
        ),
    ]
}

/// Returns an entry that is a delta of the one which begins so many bytes before it.
fn offset_delta(distance: u64, delta: &[u8]) -> Vec<u8> {
    [
        entry::header(entry::OFFSET_DELTA, delta.len()),
        entry::distance(distance),
        deflated(delta),
    ]
    .concat()
}

/// Returns an entry of a pack.
fn object(kind: u8, size: usize, bytes: &[u8]) -> Vec<u8> {
    [entry::header(kind, size), deflated(bytes)].concat()
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn hostile_proofs_are_refused_in_words_and_nothing_hangs() {
    let desk = Desk::begin();
    let page = desk.story.yes(&["show", ARTICLE]);
    let proof = desk.read("index.proof");
    desk.paste(&page);
    for (what, pack, words) in [of_a_wrong_form(&proof), of_wrong_objects(), of_deltas()].concat() {
        let started = Instant::now();
        let (verdict, says) = desk.drop(&[("hostile.proof", &pack)]);
        assert_eq!(verdict, "not-proved", "{what}: {says}");
        assert!(says.contains(words), "{what}: {says}");
        assert!(
            says.contains("Text: not compared, for want of a proof."),
            "{what}: {says}"
        );
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{what}: {:?}",
            started.elapsed()
        );
    }
    for length in (4..proof.len()).step_by(97) {
        let (verdict, says) = desk.drop(&[("short.proof", &proof[..length])]);
        assert_eq!(verdict, "not-proved", "{length}: {says}");
        let cut = [
            &proof[..length.max(12)],
            &Sha1::digest(&proof[..length.max(12)])[..],
        ]
        .concat();
        let (verdict, says) = desk.drop(&[("short.proof", &cut)]);
        assert_eq!(verdict, "not-proved", "{length}: {says}");
    }
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_page_s_place_in_the_log_is_hashed_and_its_signature_checked() {
    let desk = Desk::begin();
    let story = &desk.story;
    let key = story.yes(&["key", "new", "example.org/digest", "log.key"]);
    story.yes(&["settings", "--log-key", key.trim()]);
    story.yes(&["checkpoint", "--key", "log.key"]);
    story.yes(&["build", "site", "-q"]);
    desk.open();
    let page = String::from_utf8(desk.read("index.html")).unwrap();
    let (verdict, says) = desk.drop(&[("page.html", page.as_bytes())]);
    assert_eq!(verdict, "proved", "{says}");
    assert!(
        says.contains("number 2 of the 3 revisions of the log “example.org/digest”"),
        "{says}"
    );
    assert!(
        says.contains("is the publisher’s key"),
        "the signature was checked: {says}"
    );
    let begin = "<script type=\"application/x-c2sp-tlog-proof;base64\" id=\"log-proof\">";
    let block = page
        .split(begin)
        .nth(1)
        .unwrap()
        .split("</script>")
        .next()
        .unwrap();
    let text = String::from_utf8(base64::decode(block).unwrap()).unwrap();
    let stranger = story.yes(&["key", "new", "example.org/digest", "stranger.key"]);
    let extra = |key: &str| format!("extra {}\n", base64::encode(key.trim().as_bytes()));
    let (head, note) = text.split_once("\n\n").unwrap();
    let hash = head.lines().last().unwrap();
    let other_hash = base64::encode(&[7; 32]);
    let (_, signature) = note.split_once("\n\n").unwrap();
    let mut signed = base64::decode(signature.trim().rsplit(' ').next().unwrap()).unwrap();
    signed[20] ^= 1;
    let forged = format!("— example.org/digest {}\n", base64::encode(&signed));
    for (from, to, words) in [
        ("index 1", "index 0", "does not lead from this revision"),
        ("index 1", "index 3", "does not lead from this revision"),
        ("index 1", "index 01", "is not of the form"),
        (hash, other_hash.as_str(), "does not lead from this revision"),
        (&format!("{hash}\n"), "", "does not lead from this revision"),
        (
            extra(&key).as_str(),
            extra(&stranger).as_str(),
            "is not signed with",
        ),
        (signature, forged.as_str(), "is not signed with"),
        (extra(&key).as_str(), "", "is not of the form"),
    ] {
        assert!(text.contains(from), "{from}");
        let changed = base64::encode(text.replacen(from, to, 1).as_bytes());
        let page = page.replacen(block, &changed, 1);
        let (verdict, says) = desk.drop(&[("page.html", page.as_bytes())]);
        assert_eq!(verdict, "not-proved", "{to}: {says}");
        assert!(
            says.contains("Log: the log’s proof in the page proves nothing:") && says.contains(words),
            "{to}: {says}"
        );
    }
    let whole = format!("{begin}{block}</script>");
    for other in [
        format!("{whole}\n{whole}"),
        whole.replacen(" id=\"log-proof\"", "", 1),
        whole.replacen("id=\"log-proof\"", "id=\"log\"", 1),
        format!("{whole}\n<script type=\"application/ld+json\" id=\"log-proof\">{{}}</script>"),
    ] {
        let page = page.replacen(&whole, &other, 1);
        let (verdict, says) = desk.drop(&[("page.html", page.as_bytes())]);
        assert_eq!(verdict, "not-proved", "{says}");
        assert!(
            says.contains("Log: the log’s proof in the page proves nothing: it is not of the form"),
            "{says}"
        );
    }
    // Of a signature that the browser cannot check nothing is claimed.
    desk.browser.run(
        "crypto.subtle.importKey = () => Promise.reject(new DOMException('', 'NotSupportedError'))",
        Vec::new(),
    );
    let (verdict, says) = desk.drop(&[("page.html", page.as_bytes())]);
    assert_eq!(verdict, "proved", "{says}");
    assert!(
        says.contains("– Log: ")
            && says.contains("its signature was not checked")
            && !says.contains("a signed checkpoint"),
        "{says}"
    );
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_date_that_git_reads_otherwise_is_refused() {
    let desk = Desk::begin();
    let page = desk.story.yes(&["show", ARTICLE]);
    let proof = Proof::parse(&desk.read("index.proof")).unwrap();
    let commit = String::from_utf8(proof.objects()[0].body.clone()).unwrap();
    let author = commit.lines().nth(2).unwrap();
    let committer = commit.lines().nth(3).unwrap();
    let (who, when) = author.rsplit_once("> ").unwrap();
    let (seconds, _) = when.split_once(' ').unwrap();
    let footer = page.trim_end().rsplit(' ').next().unwrap();
    let answer = |from: &str, to: &str| {
        let mut objects = proof.objects().to_vec();
        let body = commit.replacen(from, to, 1).into_bytes();
        let id = hex(&Sha1::digest(
            [format!("commit {}\0", body.len()).as_bytes(), &body].concat(),
        ));
        objects[0].body = body;
        let pack = Proof::of(objects).encode().unwrap();
        desk.paste(&page.replace(footer, &id));
        desk.drop(&[("other.proof", &pack)])
    };
    let (verdict, says) = answer(committer, "committer Somebody <> 0 -1400");
    assert_eq!(verdict, "proved", "{says}");
    let begin = author.split_once('<').unwrap().0;
    for (from, to) in [
        (author, format!("{author} 1775534400 +0800")),
        (author, format!("{author}> 1775534400 +0800")),
        (author, format!("{begin}> <> {when}")),
        (author, format!("{begin}{when}")),
        (author, format!("{who}> {seconds} +1401")),
        (author, format!("{who}> {seconds} +9959")),
        (author, format!("{who}> {seconds} +0860")),
        (author, format!("{who}> {seconds} -0000")),
        (author, format!("{who}> 0{seconds} +0800")),
        (author, format!("{who}> 4294967296 +0800")),
        (committer, "committer Somebody <> 4294967296 +0800".to_owned()),
        (committer, "committer Somebody <> 0 -0000".to_owned()),
        (committer, "committer Somebody 0 +0000".to_owned()),
    ] {
        let (verdict, says) = answer(from, &to);
        assert_eq!(verdict, "not-proved", "{to}: {says}");
        assert!(says.contains("its commit is malformed"), "{to}: {says}");
    }
}

/// The parts of the script that know neither page nor archive.
const PARTS: [&str; 4] = [
    include_str!("../src/site/verify/words/en.js"),
    include_str!("../src/site/verify/say.js"),
    include_str!("../src/site/verify/hash.js"),
    include_str!("../src/site/verify/pack.js"),
];

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_script_hashes_and_inflates_as_the_program_does() {
    let desk = Desk::begin();
    let compute = format!(
        "{}
        return Promise.all(args[0].map(async ([digits, size]) => {{
            const bytes = base64(digits);
            const found = [await digest('SHA-1', sha1, bytes), await digest('SHA-256', sha256, bytes)];
            try {{
                const {{ body, end }} = inflate(bytes, 0, size);
                return [...found, sha1(body), end];
            }} catch (error) {{
                if (error.message) throw error;
                return [...found, '', 0];
            }}
        }}));",
        PARTS.join("\n")
    );
    assert_eq!(
        desk.browser
            .run("return isSecureContext && !!crypto.subtle", Vec::new()),
        true,
        "there is a second opinion"
    );
    let stream = (
        prop_oneof!["[ab]{0,300}", "[a-z \n中文]{0,900}", ".{0,200}"],
        0..=9_u32,
        any::<prop::sample::Index>(),
        0..16_u8,
    );
    let mut runner = TestRunner::new(Config {
        cases: 60,
        ..Config::default()
    });
    let streams = prop::collection::vec(stream, 40);
    let agreed = runner.run(&streams, |streams| {
        let mut asked = Vec::new();
        let mut expected = Vec::new();
        for (text, level, place, bit) in streams {
            let mut compress = Compress::new(Compression::new(level), true);
            let mut zlib = Vec::with_capacity(4096 + text.len() * 2);
            let status = compress.compress_vec(text.as_bytes(), &mut zlib, FlushCompress::Finish);
            prop_assert_eq!(status.unwrap(), Status::StreamEnd);
            let length = zlib.len();
            // Half of the streams are damaged by one bit.
            if bit < 8 {
                zlib[place.index(length)] ^= 1 << bit;
            }
            let mut inflated = Vec::with_capacity(text.len() + 1);
            let mut decompress = flate2::Decompress::new(true);
            let status = decompress.decompress_vec(&zlib, &mut inflated, flate2::FlushDecompress::Finish);
            let is_whole = matches!(status, Ok(Status::StreamEnd)) && inflated.len() == text.len();
            let end = usize::try_from(decompress.total_in()).unwrap();
            expected.push(json!([
                hex(&Sha1::digest(&zlib)),
                hex(&Sha256::digest(&zlib)),
                if is_whole {
                    hex(&Sha1::digest(&inflated))
                } else {
                    String::new()
                },
                if is_whole { end } else { 0 },
            ]));
            asked.push(json!([base64::encode(&zlib), text.len()]));
        }
        let answer = desk.browser.wait_for(&compute, vec![Value::Array(asked)]);
        prop_assert_eq!(answer, Value::Array(expected));
        Ok(())
    });
    agreed.unwrap();
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_script_applies_deltas_as_the_program_does() {
    const ROOM: usize = 4096;
    let desk = Desk::begin();
    let compute = format!(
        "{}
        return args[0].map(([base, delta]) => {{
            try {{
                return sha1(patched(base64(base), base64(delta), {ROOM}));
            }} catch (error) {{
                if (error instanceof Refused) return 'too large';
                if (error.message) throw error;
                return '';
            }}
        }});",
        PARTS.join("\n")
    );
    let text = || prop_oneof!["[ab]{1,400}", "[a-z \n中文]{1,900}"];
    let pair = (
        text(),
        text(),
        any::<prop::sample::Index>(),
        0..16_u8,
        prop::collection::vec(any::<u8>(), 0..30),
    );
    let mut runner = TestRunner::new(Config {
        cases: 60,
        ..Config::default()
    });
    let agreed = runner.run(&prop::collection::vec(pair, 40), |pairs| {
        let mut asked = Vec::new();
        let mut expected = Vec::new();
        for (base, other, place, bit, end) in pairs {
            let target = [other.as_str(), &base, &other].concat();
            let mut delta = delta::encode(base.as_bytes(), target.as_bytes(), usize::MAX).unwrap();
            let at = place.index(delta.len());
            // Of some a bit is another one, and some go on otherwise from there.
            match bit {
                0..8 => delta[at] ^= 1 << bit,
                8..11 => drop(delta.splice(at.., end)),
                _ => {}
            }
            let applied = delta::apply_within(ROOM, base.as_bytes(), &delta);
            expected.push(match applied {
                Ok(result) => hex(&Sha1::digest(&result)),
                Err(DeltaError::TooLarge(_)) => "too large".to_owned(),
                Err(_) => String::new(),
            });
            asked.push(json!([base64::encode(base.as_bytes()), base64::encode(&delta)]));
        }
        let answer = desk.browser.wait_for(&compute, vec![Value::Array(asked)]);
        prop_assert_eq!(answer, json!(expected));
        Ok(())
    });
    agreed.unwrap();
}
