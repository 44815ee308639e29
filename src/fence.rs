//! A fence about code of others: its panics become messages.
//!
//! Decoders of compressed and foreign formats meet bytes that nobody foresaw. A reader of files answers with
//! an error, whatever its decoder does.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

/// Runs `work`; if it panics, the message comes back in one line. What `work` leaves half done must not be
/// used after that.
///
/// # Errors
/// The message of the panic.
pub(crate) fn fence<T>(work: impl FnOnce() -> T) -> Result<T, String> {
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

#[cfg(test)]
mod tests {
    use super::fence;

    #[test]
    fn a_panic_is_a_message_in_one_line() {
        assert_eq!(fence(|| 7), Ok(7));
        let values: [u8; 2] = [1, 2];
        let place = values.len() + 1;
        let told = fence(|| values[std::hint::black_box(place)]).unwrap_err();
        assert_eq!(told, "index out of bounds: the len is 2 but the index is 3");
        assert_eq!(fence(|| panic!("two\n  lines")), Err::<(), _>("two lines".to_owned()));
    }
}
