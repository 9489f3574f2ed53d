//! Refs that stand along the branch of a copy, one each thousand commits. Git begins a transfer anew when it was
//! interrupted; between two steps little is lost, and any host of git repositories keeps refs.

use std::collections::{BTreeMap, HashSet};

use crate::id::{CommitId, ObjectId};
use crate::storage::refs::BRANCH;

/// Where they are.
pub(super) const REFS: &str = "refs/avalaches/steps/";

/// All of them, as git is asked for them.
pub(super) const ALL: &str = "refs/avalaches/steps/*";

/// How many commits lie between two of them.
pub(super) const EVERY: usize = 1000;

/// The most of them that are asked for one after another: those of a million commits. Of more, some are passed over.
const MOST: usize = 1000;

/// What another copy has.
#[derive(Debug, Default)]
pub(super) struct There {
    /// The tip of its branch.
    pub tip: Option<CommitId>,
    /// By how many commits lead to it, the commit at each step.
    pub steps: BTreeMap<usize, ObjectId>,
}

impl There {
    /// Reads the refs of another copy.
    pub fn of(refs: &BTreeMap<String, ObjectId>) -> Self {
        let step = |(name, id): (&String, &ObjectId)| Some((count(name)?, *id));
        Self {
            tip: refs.get(BRANCH).map(|id| CommitId::from_raw(*id.raw())),
            steps: refs.iter().filter_map(step).collect(),
        }
    }

    /// Returns the steps that are asked for, one after another, on the way from so many commits to the tip: no commit twice,
    /// and no more than [`MOST`], whatever the other copy names.
    pub fn missing_after(
        &self,
        commits: usize,
        is_missing: impl Fn(&ObjectId) -> bool,
    ) -> Vec<(usize, ObjectId)> {
        let mut met = HashSet::new();
        let advertised = self.steps.range(commits + 1..).map(|(count, id)| (*count, *id));
        let missing = advertised.filter(|(_, id)| is_missing(id) && met.insert(*id));
        let missing: Vec<(usize, ObjectId)> = missing.collect();
        let stride = missing.len().div_ceil(MOST).max(1);
        missing.into_iter().step_by(stride).collect()
    }
}

/// Returns the name of the step to which so many commits lead.
pub(super) fn name(count: usize) -> String {
    format!("{REFS}{count:08}")
}

/// Reads how many commits lead to a step from its name.
fn count(name: &str) -> Option<usize> {
    let digits = name.strip_prefix(REFS)?;
    let count: usize = digits.parse().ok()?;
    (count.is_multiple_of(EVERY) && self::name(count) == name).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_known_by_its_name_and_no_other_ref_is_one() {
        let id = ObjectId::from_raw([1; 20]);
        let names = [
            BRANCH,
            &name(1000),
            &name(123_456_000),
            &name(1001),
            "refs/avalaches/steps/1000",
            "refs/avalaches/steps/0000x000",
            "refs/avalaches/steps/+0001000",
        ];
        let there = There::of(&names.iter().map(|name| ((*name).to_owned(), id)).collect());
        let steps: Vec<usize> = there.steps.keys().copied().collect();
        assert_eq!(steps, [1000, 123_456_000]);
        assert_eq!(there.tip, Some(CommitId::from_raw([1; 20])));
    }

    #[test]
    fn no_step_is_asked_for_twice_and_no_more_than_a_thousand_are() {
        let id = |number: usize| {
            let mut raw = [0; 20];
            raw[..8].copy_from_slice(&number.to_be_bytes());
            ObjectId::from_raw(raw)
        };
        let there = |count: usize, each: &dyn Fn(usize) -> usize| There {
            tip: None,
            steps: (1..=count).map(|step| (step * EVERY, id(each(step)))).collect(),
        };
        let asked = |there: &There, commits| there.missing_after(commits, |missing| *missing != id(2));
        let counts =
            |asked: Vec<(usize, ObjectId)>| asked.into_iter().map(|(count, _)| count).collect::<Vec<_>>();
        assert_eq!(counts(asked(&there(4, &|step| step), 0)), [1000, 3000, 4000]);
        assert_eq!(counts(asked(&there(4, &|step| step), 3000)), [4000]);
        assert_eq!(counts(asked(&there(5000, &|_| 1), 0)), [1000]);
        let many = counts(asked(&there(2500, &|step| step), 0));
        assert_eq!((many.len(), many[0], many[1]), (833, 1000, 5000));
    }
}
