//! From a declaration's numbers to one score: a weight for each number and small decision trees, read from a data file that
//! `tools/ranking/fit.py` writes. Invariant: pure arithmetic; the file that is built in fits the numbers, a test sees to
//! that. Must not know what the numbers mean.

use std::sync::LazyLock;

use super::signals::{COUNT, NAMES, Signals};

/// Where a tree goes on.
#[derive(Clone, Copy)]
enum Next {
    /// To the node at this position, which stands behind its parent.
    Node(usize),
    Leaf(f32),
}

struct Node {
    signal: usize,
    threshold: f32,
    /// Where the number is at most the threshold, and where it is more.
    below: Next,
    above: Next,
}

/// Weights and trees.
pub(super) struct Model {
    weights: [f32; COUNT],
    /// Each with at least one node.
    trees: Vec<Vec<Node>>,
}

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    // Built in and tested; without it declarations would keep about the order of their passages.
    Model::read(include_str!("weights.txt")).unwrap_or(Model { weights: [0.0; COUNT], trees: Vec::new() })
});

impl Model {
    pub fn built_in() -> &'static Self {
        &MODEL
    }

    /// Lines: `weight NAME NUMBER` for every number; then for each tree `tree` and its nodes, `NAME THRESHOLD BELOW ABOVE`, where
    /// a child is a position in the tree or `=` and a leaf's value. Nothing where it does not fit the numbers.
    fn read(text: &str) -> Option<Self> {
        let mut it = Self { weights: [f32::NAN; COUNT], trees: Vec::new() };
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match *words.as_slice() {
                ["weight", name, weight] => it.weights[signal(name)?] = weight.parse().ok()?,
                ["tree"] => it.trees.push(Vec::new()),
                [name, threshold, below, above] => {
                    let tree = it.trees.last_mut()?;
                    let node = Node {
                        signal: signal(name)?,
                        threshold: threshold.parse().ok()?,
                        below: next(below, tree.len())?,
                        above: next(above, tree.len())?,
                    };
                    tree.push(node);
                }
                _ => return None,
            }
        }
        let inside = |it: Next, nodes: usize| !matches!(it, Next::Node(at) if at >= nodes);
        let whole = |tree: &Vec<Node>| {
            !tree.is_empty() && tree.iter().all(|it| inside(it.below, tree.len()) && inside(it.above, tree.len()))
        };
        (it.weights.iter().all(|it| it.is_finite()) && it.trees.iter().all(whole)).then_some(it)
    }

    /// Higher is better; comparable within one question only.
    pub fn score(&self, signals: &Signals) -> f32 {
        let linear: f32 = self.weights.iter().zip(&signals.0).map(|(weight, it)| weight * it).sum();
        linear + self.trees.iter().map(|tree| leaf(tree, &signals.0)).sum::<f32>()
    }
}

fn signal(name: &str) -> Option<usize> {
    NAMES.iter().position(|it| *it == name)
}

/// A child of the node at `parent`: behind it, so that every walk ends.
fn next(text: &str, parent: usize) -> Option<Next> {
    match text.strip_prefix('=') {
        Some(leaf) => leaf.parse().ok().map(Next::Leaf),
        None => text.parse().ok().filter(|&at| at > parent).map(Next::Node),
    }
}

fn leaf(tree: &[Node], signals: &[f32; COUNT]) -> f32 {
    let mut at = 0;
    loop {
        let it = &tree[at];
        match if signals[it.signal] <= it.threshold { it.below } else { it.above } {
            Next::Node(next) => at = next,
            Next::Leaf(value) => return value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(tree: &str) -> String {
        let weights: String = NAMES.iter().map(|name| format!("weight {name} 0\n")).collect();
        format!("{weights}{tree}")
    }

    #[test]
    fn the_built_in_weights_fit_the_numbers() {
        let it = Model::read(include_str!("weights.txt")).expect("weights.txt fits signals::NAMES");
        assert!(it.weights.iter().any(|&it| it != 0.0) && !it.trees.is_empty());
    }

    #[test]
    fn trees_are_walked_by_their_thresholds() {
        let it = Model::read(&with("tree\ncovered 0.5 =1 1\nmeaning 0.25 =2 =4\n")).unwrap();
        let mut signals = Signals::default();
        assert_eq!(it.score(&signals), 1.0);
        signals.set(super::super::signals::Signal::Covered, 0.75);
        assert_eq!(it.score(&signals), 2.0);
        signals.set(super::super::signals::Signal::Meaning, 0.75);
        assert_eq!(it.score(&signals), 4.0);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Model::read(&with("")).is_some());
        for text in [
            "tree\ncovered 0.5 0 =1\n",
            "tree\ncovered 0.5 =1 1\n",
            "tree\n",
            "tree\nunknown 0.5 =1 =2\n",
            "covered 0.5 =1 =2\n",
            "tree\ncovered 0.5 =1\n",
        ] {
            assert!(Model::read(&with(text)).is_none(), "{text}");
        }
        assert!(Model::read("weight covered 1\n").is_none(), "every number has its weight");
    }
}
