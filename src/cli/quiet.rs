//! Panics as messages instead of as text on the terminal.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

/// From now on, no panic of the process prints anything.
pub(super) fn silence() {
    panic::set_hook(Box::new(|_| {}));
}

/// Runs `work`; if it panics, the message comes back in one line.
///
/// # Errors
/// The message of the panic.
pub(super) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // What `work` leaves half done is dropped with it, or belongs to a claim whose result is thrown away.
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| message(payload.as_ref()))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
