//! A story with everything in it that the index knows of: corrections, a retraction, a text that comes back, claims,
//! tags, bylines, languages, several days.

use avalaches::archive::{Archive, Owner};
use avalaches::id::{ArticleId, CommitId};
use avalaches::listing::Wanted;
use avalaches::trailer::Message;

use crate::answers::Questions;
use crate::archives::Story;

/// Tells the story.
pub fn story() -> Story {
    let story = Story::begin();
    let claimed = "2026-01-20 (Tuesday) · a038737196a74c325d6a90900694dd78867e8af9";
    story.add(
        "one.txt",
        &format!("An agency page.\n\n{claimed}"),
        &[
            "--slug",
            "one",
            "--date",
            "2026-01-20",
            "--tag",
            "wire",
            "--tag",
            "trade",
        ],
    );
    story.add(
        "two.txt",
        "第二篇。\n\nThe second page.\n",
        &["--slug", "two", "--date", "2026-01-21", "--tag", "wire"],
    );
    story.add(
        "three.txt",
        "A third page.\n",
        &[
            "--slug",
            "three",
            "--date",
            "2026-01-22",
            "--author",
            "Ana Núñez <ana@example.org>",
        ],
    );
    for (number, text) in ["A third page, mended.\n", "A third page.\n"].iter().enumerate() {
        story.add(
            "three.txt",
            text,
            &[
                "--article",
                "2026/01/22/three",
                "--kind",
                "correction",
                "--note",
                &format!("Mended {number}."),
            ],
        );
    }
    story.add(
        "one.txt",
        "Withdrawn.\n",
        &[
            "--article",
            "2026/01/20/one",
            "--kind",
            "retraction",
            "--note",
            "没有来源。",
            "--tag",
            "withdrawn",
        ],
    );
    story.add(
        "four.txt",
        "A third page.\n",
        &["--slug", "four-has-the-text-of-three", "--date", "2026-01-21"],
    );
    story
}

/// Returns what can be asked of an archive: all of its articles, and pages and footers with and without an answer.
pub fn questions(story: &Story) -> Questions {
    let archive = Archive::open(&story.archive(), Owner::Caller).unwrap();
    let mut articles: Vec<ArticleId> = vec!["2026/01/22/never-written".parse().unwrap()];
    let mut first_revisions: Vec<CommitId> = Vec::new();
    for step in archive.walk() {
        let (id, commit) = step.unwrap();
        if let Ok(message) = Message::parse(&commit.message) {
            if !articles.contains(&message.trailers.article) {
                articles.push(message.trailers.article.clone());
            }
            first_revisions.push(id);
        }
    }
    let everything = Wanted::default();
    let day = |text: &str| avalaches::date::CivilDay::parse(text, '-');
    let wanted = vec![
        everything.clone(),
        Wanted {
            limit: Some(2),
            ..everything.clone()
        },
        Wanted {
            tag: Some("wire".to_owned()),
            ..everything.clone()
        },
        Wanted {
            tag: Some("withdrawn".to_owned()),
            ..everything.clone()
        },
        Wanted {
            author: Some("núñez".to_owned()),
            ..everything.clone()
        },
        Wanted {
            author: Some("desk".to_owned()),
            limit: Some(1),
            ..everything.clone()
        },
        Wanted {
            language: Some("zh".parse().unwrap()),
            ..everything.clone()
        },
        Wanted {
            since: day("2026-01-22"),
            ..everything.clone()
        },
        Wanted {
            until: day("2026-01-21"),
            ..everything.clone()
        },
        Wanted {
            since: day("2026-01-21"),
            until: day("2026-01-21"),
            ..everything.clone()
        },
    ];
    // The rest of a list, after any of its articles and after a revision that is none's newest any more.
    let after = first_revisions.iter().map(|id| Wanted {
        after: Some(*id),
        ..everything.clone()
    });
    let wanted = wanted.into_iter().chain(after).collect();
    let nobody = "2026-01-20 (Tuesday) · a038737196a74c325d6a90900694dd78867e8af9";
    let pages = [
        format!("A third page.\n\n{nobody}"),
        "A third page.\n".to_owned(),
        format!("Never written.\n\n{nobody}"),
        "Never written.\n".to_owned(),
    ];
    Questions {
        articles,
        first_revisions,
        wanted,
        pages: pages.to_vec(),
        footers: vec![nobody.parse().unwrap()],
    }
}
