//! Runs one input and watches for the three faults: panic, allocation, time.
//!
//! Is: a counting allocator around the system's, a panic hook that stays silent, a clock. Not seen:
//! an endless loop (the caller's time limit ends it, and the line last printed names the target).

use std::alloc::System;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cap::Cap;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes that any input may allocate, over its whole run: tables that are built once, threads.
const FREE_ALLOCATION: usize = 64 << 20;

/// Bytes that each byte of input may allocate beyond that, over its whole run.
const ALLOCATION_PER_BYTE: usize = 4 << 10;

/// Live bytes at which the process ends at once, so that a huge request cannot take the machine.
const MAX_LIVE: usize = 2 << 30;

/// Time for one input. Generous: other work may hold the machine.
const MAX_TIME: Duration = Duration::from_secs(10);

/// What the panic hook saw last.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// How an input failed.
#[derive(Debug)]
pub(crate) enum Fault {
    Allocated {
        bytes: usize,
        allowed: usize,
    },
    /// Mutations of nothing good would try the first byte of the parser and no more.
    Blind,
    NotTaken,
    Panicked {
        message: String,
    },
    TookLong {
        time: Duration,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allocated { bytes, allowed } => {
                write!(f, "allocated {bytes} bytes, {allowed} allowed for this input")
            }
            Self::Blind => write!(f, "takes no known input; put a good one into fuzz/seeds/"),
            Self::NotTaken => write!(f, "did not take an input that the product itself wrote"),
            Self::Panicked { message } => write!(f, "panicked: {message}"),
            Self::TookLong { time } => write!(f, "took {time:?}, at most {MAX_TIME:?}"),
        }
    }
}

/// Sets the limits of the process: once, at its start.
pub(crate) fn install() {
    // The limit lies below the largest possible, so setting it cannot fail here.
    let limited = ALLOCATOR.set_limit(MAX_LIVE);
    assert!(limited.is_ok(), "more memory in use at the start than allowed");
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = info.to_string().replace('\n', " ");
        }
    }));
}

/// Runs one input through one parser; whether it took the input.
pub(crate) fn run_guarded(run: fn(&[u8]) -> bool, input: &[u8]) -> Result<bool, Fault> {
    let (before, start) = (ALLOCATOR.total_allocated(), Instant::now());
    let outcome = catch_unwind(AssertUnwindSafe(|| run(input)));
    let (bytes, time) = (ALLOCATOR.total_allocated() - before, start.elapsed());
    let Ok(taken) = outcome else {
        let message = LAST_PANIC.lock().map(|last| last.clone()).unwrap_or_default();
        return Err(Fault::Panicked { message });
    };
    let allowed = input.len().saturating_mul(ALLOCATION_PER_BYTE).saturating_add(FREE_ALLOCATION);
    if bytes > allowed {
        return Err(Fault::Allocated { bytes, allowed });
    }
    if time > MAX_TIME {
        return Err(Fault::TookLong { time });
    }
    Ok(taken)
}

/// Shows that a panic and an allocation are seen, and that a good parser passes.
///
/// # Errors
/// When one is not: then the run would prove nothing.
pub(crate) fn prove_sight() -> Result<(), String> {
    let panics: fn(&[u8]) -> bool = |input| input[input.len()] == 0;
    let allocates: fn(&[u8]) -> bool = |_| {
        let bytes = vec![1_u8; FREE_ALLOCATION + (1 << 20)];
        std::hint::black_box(bytes).len() > FREE_ALLOCATION
    };
    let good: fn(&[u8]) -> bool = |input| std::hint::black_box(input.to_vec()).len() == 3;
    let seen = matches!(run_guarded(panics, b"abc"), Err(Fault::Panicked { .. }))
        && matches!(run_guarded(allocates, b"abc"), Err(Fault::Allocated { .. }))
        && matches!(run_guarded(good, b"abc"), Ok(true));
    seen.then_some(())
        .ok_or_else(|| "the smoke run does not see faults: its guard is broken".into())
}
