//! Refs that stand along the branch of a copy, one each thousand commits. Git begins a transfer anew when it was
//! interrupted; between two steps little is lost, and any host of git repositories keeps refs.

use std::collections::BTreeMap;

use crate::id::{CommitId, ObjectId};
use crate::storage::refs::BRANCH;

/// Where they are.
pub(super) const REFS: &str = "refs/avalaches/steps/";

/// All of them, as git is asked for them.
pub(super) const ALL: &str = "refs/avalaches/steps/*";

/// How many commits lie between two of them.
pub(super) const EVERY: usize = 1000;

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
}

/// Returns the name of the step to which so many commits lead.
pub(super) fn name(count: usize) -> String {
    format!("{REFS}{count:08}")
}

/// Reads how many commits lead to a step from its name.
fn count(name: &str) -> Option<usize> {
    let digits = name.strip_prefix(REFS)?;
    let count: usize = digits.parse().ok()?;
    (self::name(count) == name).then_some(count)
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
            &name(123_456_789),
            "refs/avalaches/steps/1000",
            "refs/avalaches/steps/0000x000",
            "refs/avalaches/steps/+0001000",
        ];
        let there = There::of(&names.iter().map(|name| ((*name).to_owned(), id)).collect());
        let steps: Vec<usize> = there.steps.keys().copied().collect();
        assert_eq!(steps, [1000, 123_456_789]);
        assert_eq!(there.tip, Some(CommitId::from_raw([1; 20])));
    }
}
