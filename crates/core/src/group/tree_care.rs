//! Bringing a bare tree to full (RFC 9420 §7.4: a commit is sealed to the resolution of each copath node), and choosing
//! who commits what others have proposed.
//!
//! After a bulk add most parents are blank or have unmerged leaves, and each member's commit costs O(n) until others
//! have committed too. So members update out of turn, one after the other: whose commit mends most goes first. Everyone
//! computes the same order from the same tree, and nobody waits for those who are away: the first in order is due a
//! while after the epoch began, the second after twice that while, and so on; each commit begins a new epoch and a new
//! order. A tree of n leaves is full after about n/2 such commits, and most of the cost is gone after the first few.
//!
//! Proposals any member can commit, and if all did at once, all but one would do so in vain. The same order decides: whose
//! commit mends most goes first, at once; if it seems to be away the next may too, then the next two, the next four, so
//! that even of a thousand somebody does within two minutes.

use openmls::treesync::TreeSync;
use postcard::Error;
use serde::Serialize;

use crate::storage::{Parts, take_apart};

/// Trees of fewer leaves are left alone: their bare commits are under 1.5 kB.
const FEWEST_MEMBERS: usize = 16;

/// How long after the epoch began the first in order is due, and how long after it the next.
pub(super) const TURN_MS: u64 = 10_000;

/// The shape of a tree: which leaves are taken, and which parents cost more than one seal.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    leaves: Vec<bool>,
    /// Whether each parent is blank or has unmerged leaves, from the left.
    worn: Vec<bool>,
}

/// How many turns of [`TURN_MS`] after the epoch began `own_leaf` is due; none if its commit would mend nothing.
pub(super) fn turn_of(tree: &TreeSync, epoch: u64, own_leaf: u32) -> Option<u64> {
    let shape = Shape::of(tree).ok()?;
    shape.turn_of(epoch, own_leaf as usize)
}

/// How many turns of [`TURN_MS`] after the first proposal came `own_leaf` may commit, among all but those who leave.
pub(super) fn committer_turn_of(tree: &TreeSync, epoch: u64, own_leaf: u32, leaving: &[u32]) -> Option<u64> {
    let mut shape = Shape::of(tree).ok()?;
    let mendable = shape.mendable();
    for &leaf in leaving {
        *shape.leaves.get_mut(leaf as usize)? = false;
    }
    let place = shape.place_of(epoch, own_leaf as usize, &mendable)?;
    Some(u64::from(u64::BITS - place.leading_zeros()))
}

/// Decides between leaves that mend as much: in another order each epoch, so that those who are away do not always
/// stand first.
fn lot(epoch: u64, leaf: usize) -> u64 {
    // The finalizer of SplitMix64: every bit of the input moves every bit of the output.
    let mixed = (epoch << 32 | leaf as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Shape {
    fn of(tree: &TreeSync) -> Result<Self, Error> {
        let mut shape = Self::default();
        take_apart(tree, &mut shape)?;
        Ok(shape)
    }

    fn turn_of(&self, epoch: u64, own_leaf: usize) -> Option<u64> {
        if self.leaves.iter().filter(|&&is_taken| is_taken).count() < FEWEST_MEMBERS {
            return None;
        }
        let mendable = self.mendable();
        if !self.direct_path(own_leaf).any(|parent| mendable[parent]) {
            return None;
        }
        self.place_of(epoch, own_leaf, &mendable).map(|place| place + 1)
    }

    /// How many of the taken leaves come before this one; none if it is not taken.
    fn place_of(&self, epoch: u64, own_leaf: usize, mendable: &[bool]) -> Option<u64> {
        let mends = |leaf: usize| self.direct_path(leaf).filter(|&parent| mendable[parent]).count();
        let rank = |leaf: usize| (mends(leaf), lot(epoch, leaf));
        let own_rank = self.leaves.get(own_leaf)?.then(|| rank(own_leaf))?;
        let others = (0..self.leaves.len()).filter(|&leaf| self.leaves[leaf] && leaf != own_leaf);
        Some(others.filter(|&leaf| rank(leaf) > own_rank).count() as u64)
    }

    /// The parents that a commit below them would mend. One with nobody on one side is not in any path (RFC 9420 §7.9:
    /// filtered direct paths), and blank for good.
    fn mendable(&self) -> Vec<bool> {
        // The number of taken leaves left of each.
        let mut taken = vec![0];
        taken.extend(self.leaves.iter().scan(0, |sum, &is_taken| {
            *sum += usize::from(is_taken);
            Some(*sum)
        }));
        let is_peopled = |from: usize, to: usize| taken[to.min(self.leaves.len())] > taken[from.min(self.leaves.len())];
        let parents = self.worn.iter().enumerate().map(|(parent, &is_worn)| {
            let half = 1 << (parent + 1).trailing_zeros();
            let middle = parent + 1;
            is_worn && is_peopled(middle - half, middle) && is_peopled(middle, middle + half)
        });
        parents.collect()
    }

    /// The parents above a leaf. In the array of RFC 9420 appendix C the k-th parent is node 2k + 1: it stands between
    /// leaves k and k + 1 and has as many leaves on each side as k + 1 is divisible by two.
    fn direct_path(&self, leaf: usize) -> impl Iterator<Item = usize> {
        let width = self.leaves.len();
        let halves = std::iter::successors(Some(1), |half| Some(half * 2)).take_while(move |&half| half < width);
        halves.map(move |half| leaf / (2 * half) * 2 * half + half - 1)
    }
}

/// openmls's `TreeSync`: `tree { leaf_nodes, parent_nodes, .. }, tree_hash`.
impl Parts for Shape {
    fn part<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        match name {
            "tree" => take_apart(value, self),
            "leaf_nodes" => take_apart(value, &mut Nodes { states: &mut self.leaves, of: NodeState::is_taken }),
            "parent_nodes" => take_apart(value, &mut Nodes { states: &mut self.worn, of: NodeState::is_worn }),
            _ => Ok(()),
        }
    }
}

/// The nodes of one kind, from the left, each as one flag.
struct Nodes<'a> {
    states: &'a mut Vec<bool>,
    of: fn(&NodeState) -> bool,
}

impl Parts for Nodes<'_> {
    fn part<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<(), Error> {
        let mut node = NodeState::default();
        take_apart(value, &mut node)?;
        self.states.push((self.of)(&node));
        Ok(())
    }
}

/// One node: `node: Option<LeafNode or ParentNode { .., unmerged_leaves { list } }>`.
#[derive(Default)]
struct NodeState {
    is_there: bool,
    unmerged: usize,
}

impl NodeState {
    fn is_taken(&self) -> bool {
        self.is_there
    }

    fn is_worn(&self) -> bool {
        !self.is_there || self.unmerged > 0
    }
}

impl Parts for NodeState {
    fn part<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        match name {
            "node" | "unmerged_leaves" | "list" => take_apart(value, self),
            _ => Ok(()),
        }
    }

    fn option(&mut self, is_some: bool) -> Result<bool, Error> {
        self.is_there = is_some;
        Ok(is_some)
    }

    fn begin(&mut self, count: usize) -> Result<(), Error> {
        self.unmerged = count;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of 16 places with `taken` leaves from the left and these parents in order.
    fn shape(taken: usize, whole: &[usize]) -> Shape {
        Shape {
            leaves: (0..16).map(|leaf| leaf < taken).collect(),
            worn: (0..15).map(|parent| !whole.contains(&parent)).collect(),
        }
    }

    #[test]
    fn a_direct_path_is_that_of_appendix_c() {
        let path = |leaf| shape(16, &[]).direct_path(leaf).collect::<Vec<_>>();
        assert_eq!(path(0), [0, 1, 3, 7]);
        assert_eq!(path(5), [4, 5, 3, 7]);
        assert_eq!(path(15), [14, 13, 11, 7]);
    }

    #[test]
    fn turns_are_an_order_of_all_who_can_mend() {
        let bare = shape(16, &[]);
        let mut turns: Vec<_> = (0..16).map(|leaf| bare.turn_of(3, leaf)).collect();
        turns.sort_unstable();
        assert_eq!(turns, (1..=16).map(Some).collect::<Vec<_>>());
    }

    #[test]
    fn who_mends_most_goes_first() {
        // Leaf 0 has committed: its path is whole, and the right half mends four parents at most less the root.
        let after_first = shape(16, &[0, 1, 3, 7]);
        let first = (0..16).find(|&leaf| after_first.turn_of(9, leaf) == Some(1)).unwrap();
        assert!(first >= 8, "{first}");
        assert_eq!(after_first.turn_of(9, 0), None);
        assert_eq!(after_first.turn_of(9, 1), None, "its path is that of leaf 0");
    }

    #[test]
    fn committers_have_an_order_without_those_who_leave() {
        let mut small = shape(3, &[0, 1]);
        let places = |shape: &Shape| (0..3).map(|leaf| shape.place_of(5, leaf, &shape.mendable())).collect::<Vec<_>>();
        let mut all = places(&small);
        all.sort_unstable();
        assert_eq!(all, [Some(0), Some(1), Some(2)]);
        small.leaves[1] = false;
        let mut rest = places(&small);
        assert_eq!(rest.remove(1), None);
        rest.sort_unstable();
        assert_eq!(rest, [Some(0), Some(1)]);
    }

    #[test]
    fn full_small_and_one_sided_trees_are_left_alone() {
        let all: Vec<_> = (0..15).collect();
        assert_eq!(shape(16, &all).turn_of(1, 3), None);
        assert_eq!(shape(15, &[]).turn_of(1, 3), None, "too few");
        // Nobody sits right of leaf 15: parent 7 and those above it are not worn out, they are not used.
        let mut one_sided = Shape { leaves: vec![false; 32], worn: vec![true; 31] };
        one_sided.leaves[..16].fill(true);
        all.iter().for_each(|&parent| one_sided.worn[parent] = false);
        assert!((0..16).all(|leaf| one_sided.turn_of(1, leaf).is_none()));
    }
}
