//! Which file of a commit has a page's text. Files are read on every core, the likeliest first; a page in several
//! languages may be several files of one folder, or of one name in several.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use encoding_rs::Encoding;
use rayon::prelude::*;

use super::printed::{self, Found, SetAside, Sought};
use super::read_tree;
use crate::archive::Fault;
use crate::canonical::{Invisible, LONGEST_ARTICLE, TextError};
use crate::draft::html::apart::{self, Apart};
use crate::draft::{self, DraftError, DraftErrorKind, Form};
use crate::id::{ObjectId, TreeId};
use crate::object::ObjectKind;
use crate::object::foreign::{EntryKind, entries};
use crate::storage::objects::ObjectStore;

/// Endings of names, besides those of [`Form`], under which publishers keep text.
const TEXT_ENDINGS: [&str; 9] = [
    "mdx", "mdown", "mkd", "mdwn", "rst", "adoc", "org", "page", "post",
];

/// Encodings in which texts lie in old repositories, the most usual first.
const ENCODINGS: [&Encoding; 8] = [
    encoding_rs::GB18030,
    encoding_rs::BIG5,
    encoding_rs::SHIFT_JIS,
    encoding_rs::EUC_JP,
    encoding_rs::EUC_KR,
    encoding_rs::WINDOWS_1252,
    encoding_rs::WINDOWS_1251,
    encoding_rs::KOI8_R,
];

/// The most files that are looked through.
const MOST_FILES: usize = 1 << 20;

/// Files that are read at once.
const AT_ONCE: usize = 64;

/// Characters in a feature of a text.
const FEATURE: usize = 4;

/// The most features of a page that are looked for.
const MOST_FEATURES: usize = 1 << 16;

/// What part of a page's features a file must have to be told as the one it is like, in percent.
const ALIKE: usize = 30;

/// How many files a page may be made of.
const MOST_PARTS: usize = 8;

/// The most beginnings of a page that are put together of files.
const MOST_WAYS: usize = 1 << 12;

/// A file that may have the text.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Its path, as it is shown.
    pub path: String,
    /// Its path.
    pub raw_path: Vec<u8>,
    /// Its blob.
    pub id: ObjectId,
}

impl Candidate {
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Returns its name up to the first dot.
    pub fn stem(&self) -> &str {
        self.name().split('.').next().unwrap_or_default()
    }
}

/// The files that a text was found in, with their texts in page order.
pub(super) enum Match<'a> {
    /// Their texts, one after another, are the page's.
    Equal(Vec<(&'a Candidate, String)>),
    /// The page is printed from it; with its text, and what of the page is the program's that printed it.
    Printed(&'a Candidate, String, SetAside),
    /// They are the most alike.
    Alike(Vec<(&'a Candidate, String)>),
    /// It shares most with the page, and is not read, for this reason.
    Unread(&'a Candidate, DraftError),
    /// The text is theirs but for words that show in another way, such as those of formulas; with the path of one that has such.
    Apart(&'a Candidate),
    /// So much was compared that the rest was not.
    Unfinished,
    /// None is alike, and this one is in an encoding that is not known.
    Undecoded(&'a Candidate),
    /// None is alike.
    None,
}

/// Lists the files of a tree whose names are those of texts. Where one folder lies in several places, it is listed in
/// one of them.
pub(super) fn list(store: &ObjectStore, tree: TreeId) -> Result<Vec<Candidate>, Fault> {
    let mut files = Vec::new();
    let mut met = HashSet::new();
    let mut folders = vec![(ObjectId::from(tree), Vec::new())];
    while let Some((id, path)) = folders.pop() {
        if !met.insert(id) {
            continue;
        }
        let body = read_tree(store, id)?;
        for entry in entries(&body) {
            let entry = entry.map_err(|error| Fault::Foreign(id, error))?;
            let mut raw_path: Vec<u8> = path.clone();
            raw_path.extend_from_slice(entry.name);
            match entry.kind {
                EntryKind::Folder => {
                    raw_path.push(b'/');
                    folders.push((entry.id, raw_path));
                }
                EntryKind::File if files.len() < MOST_FILES && is_text(entry.name) => {
                    let path = String::from_utf8_lossy(&raw_path).into_owned();
                    let id = entry.id;
                    files.push(Candidate { path, raw_path, id });
                }
                EntryKind::File | EntryKind::Link | EntryKind::Submodule => {}
            }
        }
    }
    files.sort_by(|one, other| one.raw_path.cmp(&other.raw_path));
    Ok(files)
}

fn is_text(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name);
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    Form::of_name(&name).is_some() || ending.is_none_or(|ending| TEXT_ENDINGS.contains(&ending.as_str()))
}

/// Returns the texts that a file may have; none where it is too long.
pub(super) fn texts_of(store: &ObjectStore, file: &Candidate) -> Result<Texts, Fault> {
    Ok(body_of(store, file)?.map_or_else(Texts::default, |body| read(file, &body)))
}

/// The texts that a file may have.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// The text as `add` would read it, or where its bytes are no UTF-8, in the encoding that it declares, or else one in each
    /// encoding in which they may be meant.
    pub readings: Vec<String>,
    /// The words that are none of the text, of a file of HTML.
    pub apart: Vec<Apart>,
    /// Why none of these is the text for certain.
    pub unread: Option<Unread>,
}

/// Why a file's text is not known.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is in an encoding that is not known, so that what its bytes share with a page says nothing.
    Undecoded,
    /// It cannot be read, for this reason.
    Refused(DraftError),
}

fn read(file: &Candidate, body: &[u8]) -> Texts {
    let form = Form::of_file(file.name(), body);
    let draft = |body: &[u8]| draft::read(body, form, Invisible::Allow);
    let error = match draft(body) {
        Ok(draft) => {
            return Texts {
                readings: vec![draft.text()],
                apart: draft.apart,
                unread: None,
            };
        }
        Err(error) => error,
    };
    let is_encoded = matches!(
        error.kind,
        DraftErrorKind::Text(TextError::Utf8 { utf16: false, .. }) | DraftErrorKind::Encoding { .. }
    );
    if !is_encoded || is_damaged(body) {
        return Texts {
            readings: Vec::new(),
            apart: Vec::new(),
            unread: Some(Unread::Refused(error)),
        };
    }
    let text_in = |encoding: &'static Encoding| {
        let decoded = encoding.decode_without_bom_handling_and_without_replacement(body)?;
        draft(decoded.as_bytes())
            .ok()
            .map(|draft| (draft.text(), draft.apart))
    };
    let declared = match error.kind {
        DraftErrorKind::Encoding { charset, .. } => Encoding::for_label(charset.as_bytes()),
        _ => None,
    };
    if let Some((text, apart)) = declared.and_then(text_in) {
        return Texts {
            readings: vec![text],
            apart,
            unread: None,
        };
    }
    let (readings, apart): (_, Vec<_>) = ENCODINGS.into_iter().filter_map(text_in).unzip();
    Texts {
        readings,
        apart: apart
            .into_iter()
            .find(|apart| !apart.is_empty())
            .unwrap_or_default(),
        unread: Some(Unread::Undecoded),
    }
}

/// Tells whether bytes are UTF-8 but for some of them: in other encodings hardly any are, by chance.
fn is_damaged(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let others = text.chars().filter(|c| !c.is_ascii()).count();
    let lost = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    others > 2 * lost
}

pub(super) fn body_of(store: &ObjectStore, file: &Candidate) -> Result<Option<Vec<u8>>, Fault> {
    let object = store.read(file.id)?;
    if object.kind != ObjectKind::Blob {
        return Err(Fault::Kind {
            id: file.id,
            found: object.kind,
            expected: ObjectKind::Blob,
        });
    }
    Ok((object.body.len() <= LONGEST_ARTICLE).then_some(object.body))
}

/// Finds the files that have a page's text, or that the page was printed from.
pub(super) fn find<'a>(
    store: &ObjectStore,
    files: &'a [Candidate],
    text: &str,
    sought: Option<&Sought<'_>>,
) -> Result<Match<'a>, Fault> {
    let features = Features::of(text);
    let own_apart = sought.map(|sought| &*sought.draft.apart);
    let mut others_apart: Option<&Candidate> = None;
    let scores: Vec<Option<usize>> = files
        .par_iter()
        .map(|file| {
            let Some(body) = body_of(store, file)? else {
                return Ok(None);
            };
            let text = String::from_utf8_lossy(&body);
            let shared = features.shared(&text).len();
            // A character written as a reference, or in another encoding, has no feature in the file.
            let may_be = shared > 0
                || features.places.is_empty()
                || body.contains(&b'&')
                || matches!(text, Cow::Owned(_)) && !body.contains(&0);
            Ok(may_be.then_some(shared))
        })
        .collect::<Result<_, Fault>>()?;
    let mut likely: Vec<(usize, &Candidate)> = Vec::new();
    let mut others: Vec<&Candidate> = Vec::new();
    for (score, file) in scores.into_iter().zip(files) {
        match score {
            Some(shared) => likely.push((shared, file)),
            None => others.push(file),
        }
    }
    likely.sort_by_key(|(shared, _)| Reverse(*shared)); // by path where equal, for the sort is stable
    let mut parts: Vec<(&Candidate, String)> = Vec::new();
    let mut alike: Vec<(&Candidate, String)> = Vec::new();
    let mut unread: Option<(usize, &Candidate, DraftError)> = None;
    let mut undecoded: Option<&Candidate> = None;
    for some in likely.chunks(AT_ONCE) {
        let texts: Vec<Texts> = some
            .par_iter()
            .map(|(_, file)| texts_of(store, file))
            .collect::<Result<_, Fault>>()?;
        for (&(shared, file), texts) in some.iter().zip(texts) {
            match texts.unread {
                Some(Unread::Undecoded) => undecoded = undecoded.or(Some(file)),
                Some(Unread::Refused(error)) => unread = unread.or(Some((shared, file, error))),
                None => {}
            }
            for own in texts.readings {
                let is_apart = !apart::are_of_page(&texts.apart, own_apart);
                if own == text && is_apart {
                    others_apart = others_apart.or(Some(file));
                } else if own == text {
                    return Ok(Match::Equal(vec![(file, own)]));
                }
                if !own.is_empty() && text.contains(&own) {
                    parts.push((file, own.clone()));
                }
                if alike.len() < AT_ONCE {
                    alike.push((file, own));
                }
            }
        }
    }
    parts.extend(others_in(store, &others, &parts, text)?);
    let by_folder = group(&parts, |file| file.folder().to_owned());
    let by_stem = group(&parts, |file| file.stem().to_owned());
    if let Some(found) = by_folder
        .iter()
        .chain(&by_stem)
        .find_map(|parts| put_together(parts, text))
    {
        return whole(store, found, own_apart, others_apart);
    }
    if let Some(file) = others_apart {
        return Ok(Match::Apart(file));
    }
    if let Some(sought) = sought {
        let in_percent = |(shared, file): &(usize, &'a Candidate)| (features.in_percent(*shared), *file);
        let likely: Vec<(usize, &Candidate)> = likely.iter().map(in_percent).collect();
        match printed::find(store, files, &likely, sought)? {
            Found::File(file, set_aside) => {
                let text = texts_of(store, file)?.readings.into_iter().next();
                return Ok(Match::Printed(file, text.unwrap_or_default(), set_aside));
            }
            Found::Unfinished => return Ok(Match::Unfinished),
            Found::None => {}
        }
    }
    let most = alike.iter().map(|(_, own)| features.shared(own).len()).max();
    Ok(match unread {
        Some((shared, file, error)) if features.is_like(shared) && Some(shared) > most => {
            Match::Unread(file, error)
        }
        _ => match (features.most_alike(&alike), undecoded) {
            (Match::None, Some(file)) => Match::Undecoded(file),
            (found, _) => found,
        },
    })
}

/// Tells whether files that with one another have a page's text have its words apart from that, too; `others` is a file that has
/// others.
fn whole<'a>(
    store: &ObjectStore,
    found: Vec<(&'a Candidate, String)>,
    own: Option<&[Apart]>,
    mut others: Option<&'a Candidate>,
) -> Result<Match<'a>, Fault> {
    let mut all = Vec::new();
    for (file, _) in &found {
        let of_file = texts_of(store, file)?.apart;
        others = others.or(Some(*file).filter(|_| !of_file.is_empty()));
        all.extend(of_file);
    }
    Ok(match others.filter(|_| !apart::are_of_page(&all, own)) {
        Some(file) => Match::Apart(file),
        None => Match::Equal(found),
    })
}

/// Finds the parts of a page among the files that share no feature with it: texts of a few letters have none, and those at the end
/// of a very long page none that is looked for. Of a page of several files they lie beside a part that was found, if the page
/// is not short itself.
fn others_in<'a>(
    store: &ObjectStore,
    others: &[&'a Candidate],
    parts: &[(&Candidate, String)],
    text: &str,
) -> Result<Vec<(&'a Candidate, String)>, Fault> {
    let is_short = features(text).nth(MOST_PARTS * FEATURE).is_none();
    let folders: HashSet<&str> = parts.iter().map(|(file, _)| file.folder()).collect();
    let stems: HashSet<&str> = parts.iter().map(|(file, _)| file.stem()).collect();
    let found = others
        .par_iter()
        .filter(|file| is_short || folders.contains(file.folder()) || stems.contains(file.stem()))
        .map(|&file| {
            let mut readings = texts_of(store, file)?.readings;
            readings.retain(|own| !own.is_empty() && text.contains(own));
            Ok(readings.into_iter().map(|own| (file, own)).collect())
        })
        .collect::<Result<Vec<Vec<_>>, Fault>>()?;
    Ok(found.into_iter().flatten().collect())
}

fn group<'a, 'b>(
    parts: &'b [(&'a Candidate, String)],
    key: impl Fn(&Candidate) -> String,
) -> Vec<Vec<&'b (&'a Candidate, String)>> {
    let mut groups: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for part in parts {
        groups.entry(key(part.0)).or_default().push(part);
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

/// Finds texts of different files that with an empty line between them are the page's.
fn put_together<'a>(parts: &[&(&'a Candidate, String)], text: &str) -> Option<Vec<(&'a Candidate, String)>> {
    // Each way to a place in the text by the same files is as good as another.
    let mut met = HashSet::new();
    let mut ways: Vec<Vec<usize>> = vec![Vec::new()];
    while let Some(way) = ways.pop() {
        let at: usize = way.iter().map(|part| parts[*part].1.len() + 1).sum();
        let mut tried = HashSet::new();
        for (number, (file, own)) in parts.iter().enumerate() {
            let is_used = || way.iter().any(|part| parts[*part].0.raw_path == file.raw_path);
            let rest = text.get(at..).and_then(|rest| rest.strip_prefix(own.as_str()));
            let Some(rest) = rest.filter(|_| !is_used()) else {
                continue;
            };
            // Those of one length have one text here.
            if !tried.insert(own.len()) {
                continue;
            }
            let mut way = way.clone();
            way.push(number);
            if rest.is_empty() {
                return Some(way.into_iter().map(|part| parts[part].clone()).collect());
            }
            let mut used = way.clone();
            used.sort_unstable();
            if rest.starts_with('\n')
                && way.len() < MOST_PARTS
                && met.len() < MOST_WAYS
                && met.insert((rest.len(), used))
            {
                ways.push(way);
            }
        }
    }
    None
}

/// The features of a page: its runs of four letters or digits, with where they first stand.
struct Features {
    places: HashMap<[char; FEATURE], usize>,
}

impl Features {
    fn of(text: &str) -> Self {
        let mut places = HashMap::new();
        for (place, feature) in features(text).enumerate().take(MOST_FEATURES) {
            places.entry(feature).or_insert(place);
        }
        Self { places }
    }

    /// Returns the features that a text shares, by where they first stand on the page.
    fn shared(&self, text: &str) -> HashSet<usize> {
        features(text)
            .filter_map(|feature| self.places.get(&feature).copied())
            .collect()
    }

    /// Tells whether what shares so many features with the page is like it.
    fn is_like(&self, shared: usize) -> bool {
        shared > 0 && self.in_percent(shared) >= ALIKE
    }

    /// Returns how many of every hundred features so many are; of a page that has none, all.
    fn in_percent(&self, shared: usize) -> usize {
        (shared * 100).checked_div(self.places.len()).unwrap_or(100)
    }

    /// Chooses the file that shares most, and further ones beside it that have what it lacks.
    fn most_alike<'a>(&self, alike: &[(&'a Candidate, String)]) -> Match<'a> {
        let mut shared: Vec<HashSet<usize>> = alike.iter().map(|(_, own)| self.shared(own)).collect();
        let most = |shared: &[HashSet<usize>]| {
            let most = shared
                .iter()
                .enumerate()
                .max_by_key(|(at, shared)| (shared.len(), usize::MAX - at));
            most.map(|(at, shared)| (at, shared.clone()))
        };
        let Some((best, found)) = most(&shared).filter(|(_, found)| self.is_like(found.len())) else {
            return Match::None;
        };
        let mut chosen = vec![(first_place(&found), best)];
        let mut taken = found;
        let goes_with = |other: &Candidate| {
            let best = alike[best].0;
            other.folder() == best.folder() || other.stem() == best.stem()
        };
        while chosen.len() < MOST_PARTS {
            for ((file, _), shared) in alike.iter().zip(&mut shared) {
                shared.retain(|place| !taken.contains(place));
                if !goes_with(file) {
                    shared.clear();
                }
            }
            match most(&shared) {
                // A tenth of the page is more than chance.
                Some((next, found)) if found.len() * 10 >= self.places.len().max(10) => {
                    chosen.push((first_place(&found), next));
                    taken.extend(found);
                }
                _ => break,
            }
        }
        chosen.sort_unstable();
        Match::Alike(chosen.into_iter().map(|(_, at)| alike[at].clone()).collect())
    }
}

/// Returns where on the page most of a file begins: the middle of what it shares.
fn first_place(shared: &HashSet<usize>) -> usize {
    let mut places: Vec<usize> = shared.iter().copied().collect();
    places.sort_unstable();
    places.get(places.len() / 2).copied().unwrap_or_default()
}

fn features(text: &str) -> impl Iterator<Item = [char; FEATURE]> {
    let mut last = ['\0'; FEATURE];
    text.chars().filter(|c| c.is_alphanumeric()).filter_map(move |c| {
        last.rotate_left(1);
        last[FEATURE - 1] = c;
        (last[0] != '\0').then_some(last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(path: &str) -> Candidate {
        Candidate {
            path: path.to_owned(),
            raw_path: path.as_bytes().to_vec(),
            id: ObjectId::from_raw([1; 20]),
        }
    }

    #[test]
    fn texts_are_put_together_with_an_empty_line_between_them_and_in_no_other_way() {
        let files: Vec<Candidate> = (0..=MOST_PARTS)
            .map(|number| candidate(&format!("{number}.md")))
            .collect();
        let put = |texts: &[&str], text: &str| -> Option<Vec<String>> {
            let texts = texts.iter().map(|text| (*text).to_owned());
            let parts: Vec<_> = files.iter().zip(texts).collect();
            let parts: Vec<_> = parts.iter().collect();
            let found = put_together(&parts, text)?;
            Some(found.into_iter().map(|(_, text)| text).collect())
        };
        let owned = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(put(&["b\n", "a\n"], "a\n\nb\n"), owned(&["a\n", "b\n"]));
        // Two ways to one place are one.
        assert_eq!(put(&["a\n", "a\n", "b\n"], "a\n\nb\n"), owned(&["a\n", "b\n"]));
        assert_eq!(put(&["a\n", "a\n"], "a\n\nb\n"), None);
        for text in ["a\nb\n", "a\n\n\nb\n", "a\n\nb\n\nc\n", "\na\n\nb\n"] {
            assert_eq!(put(&["a\n", "b\n"], text), None, "{text:?}");
        }
        let times = |count: usize| vec!["a\n"; count].join("\n");
        let of = |count: usize| put(&vec!["a\n"; count], &times(count));
        assert_eq!(of(MOST_PARTS).unwrap().len(), MOST_PARTS);
        assert_eq!(of(MOST_PARTS + 1), None);
        // No file is there twice, in whichever of the encodings that it may be in.
        assert_eq!(put(&["a\n", "b\n"], "a\n\nb\n\na\n"), None);
        let parts: Vec<_> = ["a\n", "b\n"].map(|text| (&files[0], text.to_owned())).to_vec();
        let parts: Vec<_> = parts.iter().collect();
        assert_eq!(put_together(&parts, "a\n\nb\n").map(|found| found.len()), None);
        // What is needed later is kept for it.
        for texts in [["a\n", "a\n\nb\n", "b\n"], ["b\n", "a\n\nb\n", "a\n"]] {
            let found = put(&texts, "a\n\nb\n\na\n");
            assert_eq!(found, owned(&["a\n\nb\n", "a\n"]));
        }
        // So many ways that nobody tries them all.
        let many: Vec<Candidate> = (0..64).map(|number| candidate(&format!("{number}.md"))).collect();
        let parts: Vec<_> = many
            .iter()
            .zip(1..)
            .map(|(file, count)| (file, times(count)))
            .collect();
        let parts: Vec<_> = parts.iter().collect();
        assert!(put_together(&parts, &format!("{}\nb\n", times(500))).is_none());
    }

    #[test]
    fn an_altered_page_is_like_so_many_files_and_no_more() {
        let characters: Vec<char> = ('一'..).take(103).collect();
        let page: String = characters.iter().collect();
        let features = Features::of(&page);
        assert_eq!(features.places.len(), 100);
        let bounds = [
            (0, 30),
            (30, 40),
            (40, 50),
            (50, 60),
            (60, 70),
            (70, 80),
            (80, 90),
            (90, 100),
        ];
        let texts: Vec<String> = bounds
            .map(|(first, end)| characters[first..end + 3].iter().collect())
            .to_vec();
        let files: Vec<Candidate> = (0..9)
            .map(|number| candidate(&format!("a/{number}.md")))
            .collect();
        let likeness = |order: &[usize]| -> Vec<String> {
            let alike: Vec<_> = order
                .iter()
                .map(|at| (&files[*at], texts.get(*at).cloned().unwrap_or_default()))
                .collect();
            match features.most_alike(&alike) {
                Match::Alike(found) => found.into_iter().map(|(file, _)| file.path.clone()).collect(),
                _ => Vec::new(),
            }
        };
        let all: Vec<String> = files[..MOST_PARTS].iter().map(|file| file.path.clone()).collect();
        assert_eq!(likeness(&[8, 7, 6, 5, 4, 3, 2, 1, 0]), all);
        assert_eq!(likeness(&[3, 0]), ["a/0.md", "a/3.md"]);
        // A tenth of the page alone is not like it.
        assert_eq!(likeness(&[3]), Vec::<String>::new());
    }
}
