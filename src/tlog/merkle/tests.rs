use std::collections::HashMap;

use super::*;

/// The tree as RFC 6962 defines it, without a thought for speed.
fn naive(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let middle = leaves.len().next_power_of_two() / 2;
            node_hash(naive(&leaves[..middle]), naive(&leaves[middle..]))
        }
    }
}

fn naive_inclusion(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let middle = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(middle);
    let (mut proof, beside) = if index < middle {
        (naive_inclusion(index, left), naive(right))
    } else {
        (naive_inclusion(index - middle, right), naive(left))
    };
    proof.push(beside);
    proof
}

fn naive_consistency(old: usize, leaves: &[Hash], is_whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if is_whole { Vec::new() } else { vec![naive(leaves)] };
    }
    let middle = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(middle);
    let (mut proof, beside) = if old <= middle {
        (naive_consistency(old, left, is_whole), naive(right))
    } else {
        (naive_consistency(old - middle, right, false), naive(left))
    };
    proof.push(beside);
    proof
}

fn leaves(count: u32) -> Vec<Hash> {
    (0..count)
        .map(|number| leaf_hash(&number.to_be_bytes()))
        .collect()
}

/// Every size up to this one is tried with every leaf and every smaller size.
const SIZES: u32 = 600;

#[test]
fn roots_and_inclusion_of_every_leaf_of_every_tree_are_those_of_the_definition() {
    let leaves = leaves(SIZES);
    let tree = Tree::of(leaves.iter().copied());
    let mut peaks = Peaks::default();
    for size in 0..=leaves.len() {
        let root = naive(&leaves[..size]);
        assert_eq!(tree.root(size as u64), Ok(root));
        assert_eq!(peaks.root(), root);
        assert_eq!(Peaks::of(&tree, size as u64), Ok(peaks.clone()));
        for (index, leaf) in leaves[..size].iter().enumerate() {
            let proof = tree.inclusion(index as u64, size as u64).unwrap();
            assert_eq!(
                root_of_inclusion(*leaf, index as u64, size as u64, &proof),
                Some(root),
                "{index} of {size}"
            );
        }
        if let Some(leaf) = leaves.get(size) {
            peaks.push(*leaf);
        }
    }
    for size in (0..=64).chain([100, 255, 256, 257, 511, 512, 513, 600]) {
        for index in 0..size {
            let proof = tree.inclusion(index as u64, size as u64).unwrap();
            assert_eq!(
                proof,
                naive_inclusion(index, &leaves[..size]),
                "{index} of {size}"
            );
        }
    }
}

#[test]
fn consistency_of_every_tree_with_every_smaller_one_is_that_of_the_definition() {
    let leaves = leaves(SIZES);
    let tree = Tree::of(leaves.iter().copied());
    let roots: Vec<Hash> = (0..=u64::from(SIZES))
        .map(|size| tree.root(size).unwrap())
        .collect();
    for size in 0..roots.len() {
        for old in 0..=size {
            let proof = tree.consistency(old as u64, size as u64).unwrap();
            assert!(
                is_consistent(old as u64, roots[old], size as u64, roots[size], &proof),
                "{old} of {size}"
            );
            if size <= 70 && old > 0 {
                assert_eq!(
                    proof,
                    naive_consistency(old, &leaves[..size], true),
                    "{old} of {size}"
                );
            }
        }
    }
}

#[test]
fn a_proof_that_was_changed_anywhere_is_refused() {
    let leaves = leaves(40);
    let tree = Tree::of(leaves.iter().copied());
    for size in 1..=40 {
        let root = tree.root(size).unwrap();
        for index in 0..size {
            let leaf = leaves[usize::try_from(index).unwrap()];
            let proof = tree.inclusion(index, size).unwrap();
            let is_refused =
                |leaf, index, size, proof: &[Hash]| root_of_inclusion(leaf, index, size, proof) != Some(root);
            for forged in forgeries(&proof) {
                assert!(is_refused(leaf, index, size, &forged), "{index} of {size}");
            }
            assert!(is_refused(leaf_hash(b"another"), index, size, &proof));
            for other in (0..size + 3).filter(|other| *other != index) {
                assert!(
                    is_refused(leaf, other, size, &proof),
                    "{index} as {other} of {size}"
                );
            }
        }
        for old in 1..size {
            let old_root = tree.root(old).unwrap();
            let proof = tree.consistency(old, size).unwrap();
            for forged in forgeries(&proof) {
                assert!(
                    !is_consistent(old, old_root, size, root, &forged),
                    "{old} of {size}"
                );
            }
            assert!(!is_consistent(old, root, size, root, &proof));
            assert!(!is_consistent(old, old_root, size, old_root, &proof));
            assert!(
                !is_consistent(size, root, old, old_root, &proof),
                "a tree does not shrink"
            );
        }
    }
}

/// A proof with each of its bytes changed, each hash left out or doubled, two swapped, one more at either end.
fn forgeries(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut forged = Vec::new();
    for at in 0..proof.len() {
        for byte in 0..32 {
            let mut changed = proof.to_vec();
            changed[at].0[byte] ^= 1 << (byte % 8);
            forged.push(changed);
        }
        let mut shorter = proof.to_vec();
        let hash = shorter.remove(at);
        forged.push(shorter);
        let mut longer = proof.to_vec();
        longer.insert(at, hash);
        forged.push(longer);
    }
    for at in 1..proof.len() {
        let mut swapped = proof.to_vec();
        swapped.swap(at - 1, at);
        forged.push(swapped);
    }
    forged.push([proof, &[empty_root()]].concat());
    forged
}

#[test]
fn hashes_stand_where_they_came_to_be() {
    let tree = Tree::of(leaves(300));
    assert_eq!(tree.newer().len() as u64, stored_count(300));
    let mut seen = HashMap::new();
    for level in 0..9 {
        for index in 0..300 >> level {
            let place = stored_place(level, index);
            assert_eq!(seen.insert(place, (level, index)), None);
            let (first, end) = (index << level, (index + 1) << level);
            let naive = naive(&leaves(300)[usize::try_from(first).unwrap()..usize::try_from(end).unwrap()]);
            assert_eq!(tree.node(level, index), Ok(naive));
        }
    }
    assert_eq!(seen.len() as u64, stored_count(300));
}

#[test]
fn roots_are_those_of_certificate_transparency() {
    // The leaves and roots of the reference implementation's tests (google/certificate-transparency, merkletree).
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2)
            .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
            .collect()
    };
    let entries = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let tree = Tree::of(entries.map(|entry| leaf_hash(&hex(entry))));
    for (size, root) in (1..).zip(roots) {
        assert_eq!(tree.root(size).unwrap().raw().as_slice(), hex(root), "{size}");
    }
}

#[test]
fn a_tree_goes_on_from_what_was_kept_of_it() {
    let all = leaves(300);
    let whole = Tree::of(all.iter().copied());
    for size in [0, 1, 2, 3, 127, 128, 129, 255, 256, 299, 300] {
        let begun = Tree::of(all[..size].iter().copied());
        let bytes: Vec<u8> = begun.newer().iter().flat_map(|hash| hash.0).collect();
        assert_eq!(
            Tree::kept(&bytes[..bytes.len().saturating_sub(1)], size as u64).is_none(),
            size > 0
        );
        let mut tree = Tree::kept(bytes.as_slice(), size as u64).unwrap();
        for leaf in &all[size..] {
            tree.push(*leaf);
        }
        assert_eq!(tree.size(), 300);
        assert_eq!([begun.newer(), tree.newer()].concat(), whole.newer());
        assert_eq!(tree.root(300), whole.root(300));
        assert_eq!(tree.inclusion(77, 300), whole.inclusion(77, 300));
    }
}

#[test]
fn a_proof_shows_whole_subtrees_of_the_tree_and_no_others() {
    let leaves = leaves(70);
    let tree = Tree::of(leaves.iter().copied());
    let size_of = |leaves: &[Hash]| leaves.len() as u64;
    for size in 1..=leaves.len() {
        for (index, leaf) in (0..).zip(&leaves[..size]) {
            let size = size_of(&leaves[..size]);
            let Ok(proof) = tree.inclusion(index, size);
            let found = subtrees_of_inclusion(*leaf, index, size, &proof);
            for ((level, place), hash) in &found {
                assert_eq!(tree.node(*level, *place), Ok(*hash), "{index} of {size}");
            }
            // Every whole subtree that the leaf is in is among them.
            for level in (0..7).filter(|level| ((index >> level) + 1) << level <= size) {
                assert!(found.iter().any(|(place, _)| *place == (level, index >> level)));
            }
            assert!(subtrees_of_inclusion(*leaf, index, size + 64, &proof).is_empty());
            assert!(subtrees_of_inclusion(*leaf, size, size, &proof).is_empty());
        }
        let peaks = Peaks::of(&tree, size_of(&leaves[..size])).unwrap();
        for ((level, index), hash) in peaks.subtrees() {
            assert_eq!(tree.node(level, index), Ok(hash));
        }
    }
}

/// The size and the root of a tree.
type Stated = (u64, Hash);

#[test]
fn nothing_is_proved_of_leaves_that_are_not_there_and_little_of_a_tree_without_one() {
    let tree = Tree::of(leaves(5));
    for (index, size) in [(0, 0), (5, 5), (6, 5), (u64::MAX, 5)] {
        assert_eq!(tree.inclusion(index, size), Ok(Vec::new()), "{index} of {size}");
        assert_eq!(root_of_inclusion(leaf_hash(b""), index, size, &[]), None);
    }
    let (none, some, five) = (empty_root(), leaf_hash(b""), tree.root(5).unwrap());
    let cases: [(Stated, Stated, &[Hash], bool); 9] = [
        ((0, none), (0, none), &[], true),
        ((0, none), (5, five), &[], true),
        ((0, none), (0, five), &[], false),
        ((0, five), (5, five), &[], false),
        ((0, none), (5, five), &[some], false),
        ((5, five), (5, five), &[], true),
        ((5, five), (5, five), &[some], false),
        ((5, some), (5, five), &[], false),
        ((6, five), (5, five), &[], false),
    ];
    for ((old, old_root), (size, root), proof, is_so) in cases {
        assert_eq!(
            is_consistent(old, old_root, size, root, proof),
            is_so,
            "{old} {old_root} of {size} {root} by {proof:?}"
        );
    }
}
