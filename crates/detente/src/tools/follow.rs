//! The own list follows what tools brought: before whoever reads it, and else every moment.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use detente_node::Shared;
use detente_store::SqliteShelf;

use super::{open_shelf, shelf_path};
use crate::fail::{Failure, chain};
use crate::home::Home;

/// Steps that whoever asks waits for: some hundred thousand objects; the rest follows.
const STEPS: usize = 64;

/// What is brought to the own list, one step after the other, whoever asks.
pub struct Follower {
    home: Home,
    path: PathBuf,
    shelf: Mutex<Option<SqliteShelf>>,
}

impl Follower {
    /// The follower of a home.
    pub fn of(home: &Home) -> Follower {
        Follower { home: home.clone(), path: shelf_path(home), shelf: Mutex::default() }
    }

    /// Takes in what tools have brought so far. What fails is tried again the next time, and keeps
    /// nobody from the rest.
    pub fn settle(&self, shared: &Shared) {
        if let Err(failure) = self.steps(shared) {
            tracing::error!("taking in what tools brought: {}", failure.error);
        }
    }

    fn steps(&self, shared: &Shared) -> Result<(), Failure> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let shelf = match &mut *shelf {
            Some(shelf) => shelf,
            // No tool was ever here.
            None if !self.path.exists() => return Ok(()),
            None => shelf.insert(open_shelf(&self.home)?),
        };
        for _ in 0..STEPS {
            let done = detente_desk::follow(shared, shelf).map_err(|error| {
                let remedy = "it stays on the shelf and is taken in once that is mended";
                Failure::environment("list", chain(&error), remedy)
            })?;
            let Some(together) = done else { break };
            if together.refused > 0 {
                tracing::warn!(
                    "{} values or patterns that tools brought are not in the own list: they lie on \
                     the shelf; see `detente account check`",
                    together.refused
                );
            }
        }
        Ok(())
    }
}
