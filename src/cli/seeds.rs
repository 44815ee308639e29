//! Ranges of seeds, as `verify --seeds` takes them: `0..199`, both ends included.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The most seeds of one run of the command.
const MOST: u64 = 1_000_000;

/// Consecutive seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seeds(RangeInclusive<u64>);

impl Seeds {
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.0.clone()
    }

    pub(super) fn count(&self) -> u64 {
        self.0.end() - self.0.start() + 1
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.0.start(), self.0.end())
    }
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected two whole numbers as in 0..199, both ends included";
        let (first, last) = text.split_once("..").ok_or(expected)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| expected.to_owned());
        let (first, last) = (number(first)?, number(last)?);
        match last.checked_sub(first) {
            None => Err(format!("the first seed, {first}, comes after the last, {last}")),
            Some(steps) if steps >= MOST => Err(format!("these are more than {MOST} seeds")),
            Some(_) => Ok(Seeds(first..=last)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Seeds;

    #[test]
    fn both_ends_are_included() {
        for (text, count) in [("0..199", 200), ("7..7", 1), ("1..1000000", 1_000_000)] {
            let seeds: Seeds = text.parse().unwrap();
            assert_eq!((seeds.count(), seeds.to_string().as_str()), (count, text));
            assert_eq!(seeds.iter().take(1_000_001).count() as u64, count);
        }
        let last: Seeds = format!("{0}..{0}", u64::MAX).parse().unwrap();
        assert_eq!(last.iter().collect::<Vec<_>>(), [u64::MAX]);
    }

    #[test]
    fn what_is_no_range_is_told() {
        let bad = [
            ("", "whole numbers"),
            ("5", "whole numbers"),
            ("..", "whole numbers"),
            ("..5", "whole numbers"),
            ("0..", "whole numbers"),
            ("-1..5", "whole numbers"),
            ("0..=5", "whole numbers"),
            ("a..b", "whole numbers"),
            ("0..18446744073709551616", "whole numbers"),
            ("5..3", "comes after"),
            ("0..1000000", "more than 1000000"),
            ("0..18446744073709551615", "more than 1000000"),
        ];
        for (text, part) in bad {
            let error = text.parse::<Seeds>().unwrap_err();
            assert!(error.contains(part) && !error.contains('\n'), "{text}: {error}");
        }
    }
}
