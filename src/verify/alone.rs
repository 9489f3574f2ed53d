//! A page judged by the proof that it carries, without an archive: whether its text is that of the footer's commit. What
//! only an archive knows, that the commit is in its history and whether later revisions follow, is not judged.

use crate::archive::{Archive, Fault};
use crate::draft::Draft;
use crate::object::{Object, ObjectKind};
use crate::proof::block;
use crate::proof::pack::MAGIC;
use crate::proof::{Proof, Proved};
use crate::revision::{Revision, RevisionFault, borrowed};
use crate::wording::with_causes;

use super::{Answer, Verdict, misdated, no_footer, shown_otherwise};

/// What is said where everything that a page can prove of itself is so.
pub const PROVED: &str = "proved from the page itself; history not checked";

/// The same of a proof that was saved by itself.
pub const PROVED_BY_ITSELF: &str = "the proof leads from this commit to its text; history not checked";

/// Judges a page by the proof in it, given as its block.
#[must_use]
pub fn page(proof: &str, draft: &Draft) -> Answer {
    let mut answer = Answer {
        alone: true,
        ..Answer::default()
    };
    let Some(found) = &draft.footer else {
        answer.against(Verdict::Unknown, no_footer(draft, None));
        return answer;
    };
    let revision = match read(proof) {
        Ok(revision) => revision,
        Err(what) => {
            answer.against(Verdict::Corrupt, what);
            return answer;
        }
    };
    if found.footer.commit != revision.id {
        let what = format!(
            "the proof in the page is that of commit {}, and the footer names another",
            revision.id
        );
        answer.against(Verdict::Unknown, what);
    }
    let text = draft.text();
    if text != revision.page_text {
        answer.against(Verdict::Altered, "the text is not the commit's".to_owned());
        answer.compare(&revision.page_text, &text);
    }
    if let Some(reason) = misdated(&found.footer, &revision.footer()) {
        answer.against(Verdict::Misdated, reason);
    }
    answer.revision = Some(Box::new(revision));
    shown_otherwise(draft, None, &mut answer);
    if answer.verdict.is_none() {
        answer.against(Verdict::Proved, PROVED.to_owned());
    }
    answer
}

/// Tells whether bytes are meant as a proof that was saved by itself.
#[must_use]
pub fn is_proof(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Judges a proof that was saved by itself: whether it leads from a commit to a text that is as the format asks.
#[must_use]
pub fn proof_file(pack: &[u8]) -> Answer {
    let mut answer = Answer {
        alone: true,
        ..Answer::default()
    };
    match read_pack(pack, "the proof") {
        Ok(revision) => {
            answer.against(Verdict::Proved, PROVED_BY_ITSELF.to_owned());
            answer.revision = Some(Box::new(revision));
        }
        Err(what) => answer.against(Verdict::Corrupt, what),
    }
    answer
}

fn read(proof: &str) -> Result<Revision, String> {
    let place = "the proof in the page";
    let pack = block::decode(proof).map_err(|error| format!("{place}: {}", with_causes(&error)))?;
    read_pack(&pack, place)
}

fn read_pack(pack: &[u8], place: &str) -> Result<Revision, String> {
    let proof = Proof::parse(pack).map_err(|error| format!("{place}: {}", with_causes(&error)))?;
    let proved = proof.follow().map_err(|error| with_causes(&error))?;
    revision(proved).map_err(|fault| with_causes(&fault))
}

/// Puts a revision together of what a proof leads to.
///
/// # Errors
/// [`RevisionFault`] for the first part that is not what the format asks for.
pub fn revision(proved: Proved) -> Result<Revision, RevisionFault> {
    let files = borrowed(proved.files.iter().map(|(name, bytes)| (name, bytes)));
    Revision::of_parts(proved.id, proved.commit, proved.message, proved.folder, &files)
}

/// Gathers the proof of a revision.
///
/// # Errors
/// [`Fault`] where an object cannot be read any more.
pub fn proof(archive: &Archive, revision: &Revision) -> Result<Proof, Fault> {
    let object = |kind, body| Object { kind, body };
    let mut objects = vec![object(ObjectKind::Commit, revision.commit.encode())];
    let path = revision.article_id().folder();
    let mut tree = revision.commit.tree;
    for part in path.split('/') {
        objects.push(object(ObjectKind::Tree, archive.tree(tree)?.encode()));
        tree = archive.folder(tree, part)?;
    }
    objects.push(object(ObjectKind::Tree, archive.tree(tree)?.encode()));
    // The revision was read whole, and each file is the one way to write what is in it.
    let files = revision.article.files_of(revision.page_text.clone());
    for bytes in files.into_values() {
        let file = object(ObjectKind::Blob, bytes);
        // Two files with the same bytes are one object.
        if !objects.contains(&file) {
            objects.push(file);
        }
    }
    Ok(Proof::of(objects))
}

#[cfg(test)]
mod tests {
    use crate::canonical::Invisible;
    use crate::draft::{self, Form};

    use super::*;

    #[test]
    fn a_page_that_names_no_commit_is_unknown_whatever_proof_it_carries() {
        let judged = |text: &str| {
            let draft = draft::read(text.as_bytes(), Form::Text, Invisible::Refuse).unwrap();
            let answer = page("no proof", &draft);
            assert!(answer.alone && answer.revision.is_none());
            (answer.verdict(), answer.reasons.join("; "))
        };
        assert_eq!(
            judged("Some words.\n"),
            (
                Verdict::Unknown,
                "the page has no footer as its last line".to_owned()
            )
        );
        let footer = format!("2026-01-22 (Thursday) · {}", "1".repeat(40));
        let (verdict, reasons) = judged(&format!("Some words.\n\n{footer}\n"));
        assert_eq!(verdict, Verdict::Corrupt);
        assert!(reasons.starts_with("the proof in the page: "), "{reasons}");
    }
}
