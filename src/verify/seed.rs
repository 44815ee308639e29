//! The seed of a test: told by the environment, and printed in the line that replays it.

/// The seed in `EQUIVARIANT_SEED`, or 0: runs repeat each other unless asked not to.
///
/// # Panics
/// If the variable is set to something that is no number.
pub(super) fn seed_from_environment() -> u64 {
    match std::env::var("EQUIVARIANT_SEED") {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("EQUIVARIANT_SEED should be a whole number, but it is {text:?}")),
        Err(_) => 0,
    }
}

/// The command that repeats the running test with this seed.
pub(super) fn replay_line(seed: u64) -> String {
    // The test harness names each thread after its test.
    match std::thread::current().name() {
        Some(test) if test != "main" => format!("EQUIVARIANT_SEED={seed} cargo test -- --exact {test}"),
        _ => format!("EQUIVARIANT_SEED={seed} cargo test"),
    }
}
