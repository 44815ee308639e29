//! Which versions of the operators can be read.

/// The oldest version of the operators that is read.
const OLDEST_OPSET: i64 = 7;
/// The newest version that these files were written for.
const NEWEST_OPSET: i64 = 28;

/// Whether the version of the operators is one that is known.
pub(super) fn check_opset(opset: i64) -> Result<(), String> {
    if (OLDEST_OPSET..=NEWEST_OPSET).contains(&opset) {
        return Ok(());
    }
    Err(format!("expected operators of version {OLDEST_OPSET} to {NEWEST_OPSET}, found {opset}"))
}
