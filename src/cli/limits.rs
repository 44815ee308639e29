//! Limits of what options may ask for, so that a slip of the finger is told and not obeyed.

use clap::builder::{RangedU64ValueParser, TypedValueParser};

/// The most epochs of a training. Steps are counted in `usize`, and a step takes more than a microsecond.
pub(super) const EPOCHS: u64 = 1_000_000;

/// The most threads for each that the machine runs at once: some help where others wait, more only cost
/// memory and time.
const THREADS_PER_CORE: usize = 4;

/// A number from 1.
pub(super) fn at_least_one() -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::<usize>::new().range(1..)
}

/// A number of epochs.
pub(super) fn epochs<T: TryFrom<u64> + Clone + Send + Sync + 'static>() -> impl TypedValueParser<Value = T>
where
    <T as TryFrom<u64>>::Error: Send + Sync + 'static + std::fmt::Debug + std::error::Error,
{
    RangedU64ValueParser::<T>::new().range(1..=EPOCHS)
}

/// How many threads are used where so many are asked for (without a number, as many as the machine runs at
/// once), and a line that says so where they are fewer.
pub(super) fn threads(asked: Option<usize>) -> (usize, Option<String>) {
    threads_on(std::thread::available_parallelism().map_or(1, usize::from), asked)
}

fn threads_on(cores: usize, asked: Option<usize>) -> (usize, Option<String>) {
    let most = cores.saturating_mul(THREADS_PER_CORE);
    match asked {
        None => (cores, None),
        Some(asked) if asked <= most => (asked, None),
        Some(asked) => {
            let line = format!(
                "{most} threads instead of {asked}: this machine runs {cores} at once, and more than \
                 {THREADS_PER_CORE} for each of them only cost time"
            );
            (most, Some(line))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::threads_on;

    #[test]
    fn threads_are_at_most_a_few_for_each_core() {
        for (cores, asked, used) in [(2, None, 2), (2, Some(1), 1), (2, Some(8), 8), (1, Some(4), 4)] {
            assert_eq!(threads_on(cores, asked), (used, None));
        }
        for asked in [9, 2000, usize::MAX] {
            let (used, line) = threads_on(2, Some(asked));
            assert_eq!(used, 8);
            assert!(line.unwrap().starts_with(&format!("8 threads instead of {asked}: this machine runs 2")));
        }
    }
}
