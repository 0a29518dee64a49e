//! Work that an evaluation may take.

/// Steps that an evaluation may still take. A step is a value looked at, some dozens of bytes
/// compared, or a choice of an observation tried: well under a microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    left: u64,
}

impl Budget {
    /// Steps that suit one pattern with some thousands of observations.
    pub const DEFAULT: Self = Self { left: 10_000_000 };

    /// A budget of so many steps.
    #[must_use]
    pub const fn new(steps: u64) -> Self {
        Self { left: steps }
    }

    /// Steps left.
    #[must_use]
    pub const fn left(self) -> u64 {
        self.left
    }

    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), EvaluateFault> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(steps).ok_or(EvaluateFault::Budget)?;
        Ok(())
    }
}

/// There is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateFault {
    /// The work would be more than the budget holds.
    #[error("the budget of steps is used up")]
    Budget,
    /// The pattern asks for more observations at once than
    /// [`MAX_BINDINGS`](crate::MAX_BINDINGS), in an order or with alternatives.
    #[error("the pattern needs too many observations at once")]
    Bindings,
    /// More than [`MAX_OBSERVATIONS`](crate::MAX_OBSERVATIONS) observations.
    #[error("too many observations")]
    TooMany,
}

impl EvaluateFault {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            EvaluateFault::Budget => "evaluate_budget",
            EvaluateFault::Bindings => "evaluate_bindings",
            EvaluateFault::TooMany => "evaluate_too_many",
        }
    }
}
