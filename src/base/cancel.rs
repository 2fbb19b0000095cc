//! Cooperative cancellation and deadlines. Invariant: once cancelled, always cancelled. Loops over foreign input ask it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A flag shared by a request and those who work for it; may carry a deadline.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
    deadline: Option<Instant>,
    /// Cancelled with it.
    above: Option<Arc<Self>>,
}

impl Cancel {
    /// A token that nobody has cancelled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same flag, which also counts as cancelled after `budget`.
    pub fn within(&self, budget: Duration) -> Self {
        let deadline = Instant::now() + budget;
        Self { deadline: Some(self.deadline.map_or(deadline, |d| d.min(deadline))), ..self.clone() }
    }

    /// One of its own, which is cancelled with this one as well.
    pub fn child(&self) -> Self {
        Self { above: Some(Arc::new(self.clone())), ..Self::default() }
    }

    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Release);
    }

    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Acquire)
            || self.deadline.is_some_and(|d| Instant::now() >= d)
            || self.above.as_ref().is_some_and(|it| it.is_cancelled())
    }
}

#[cfg(test)]
mod tests {
    use super::Cancel;

    #[test]
    fn a_child_ends_with_its_parent_and_not_the_other_way() {
        let parent = Cancel::new();
        let (one, two) = (parent.child(), parent.child());
        one.cancel();
        assert!(one.is_cancelled() && !two.is_cancelled() && !parent.is_cancelled());
        parent.cancel();
        assert!(two.is_cancelled());
    }
}
