//! Patterns that choose claims by their ids.
//!
//! Without `*` a pattern is an id or what an id begins with, up to a dot: `conv`, `conv.commutative`. With `*`, which stands for any text,
//! it is the whole id: `*.translation*`.

use std::collections::BTreeSet;

use anyhow::bail;

use crate::claims::Claim;

/// How many near ids an error names.
const NEAREST: usize = 3;

/// The claims that match any of the patterns, in the order of the catalogue; all of them where there is no pattern.
///
/// # Errors
/// If a pattern matches no claim.
pub(super) fn select<'a>(claims: &'a [Claim], patterns: &[String]) -> anyhow::Result<Vec<&'a Claim>> {
    for pattern in patterns {
        if !claims.iter().any(|claim| matches(pattern, claim.id)) {
            bail!("no claim matches '{pattern}'; the nearest are {}", nearest(claims, pattern).join(", "));
        }
    }
    let wanted =
        |claim: &&Claim| patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, claim.id));
    Ok(claims.iter().filter(wanted).collect())
}

fn matches(pattern: &str, id: &str) -> bool {
    if pattern.contains('*') {
        return matches_glob(pattern, id);
    }
    id.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The pieces between the stars occur in this order, the first at the beginning and the last at the end.
fn matches_glob(pattern: &str, id: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == id };
    let Some(id) = id.strip_prefix(first) else { return false };
    // The star takes any text: as little as possible first.
    id.char_indices()
        .map(|(position, _)| position)
        .chain([id.len()])
        .any(|position| matches_glob(rest, &id[position..]))
}

fn nearest<'a>(claims: &'a [Claim], pattern: &str) -> Vec<&'a str> {
    let chapters: BTreeSet<&str> = claims.iter().map(Claim::chapter).collect();
    let mut names: Vec<&str> = chapters.into_iter().chain(claims.iter().map(|claim| claim.id)).collect();
    let wanted = pattern.replace('*', "");
    names.sort_by(|one, other| {
        strsim::jaro_winkler(other, &wanted).total_cmp(&strsim::jaro_winkler(one, &wanted))
    });
    names.truncate(NEAREST);
    names
}

#[cfg(test)]
mod tests {
    use super::{matches, select};
    use crate::report::tests::sample_claims;

    #[test]
    fn a_pattern_ends_at_a_dot() {
        for (pattern, id, expected) in [
            ("conv", "conv.commutative", true),
            ("conv.commutative", "conv.commutative", true),
            ("norm.running", "norm.running.training_mode", true),
            ("con", "conv.commutative", false),
            ("conv.comm", "conv.commutative", false),
            ("commutative", "conv.commutative", false),
            ("", "conv.commutative", false),
        ] {
            assert_eq!(matches(pattern, id), expected, "{pattern} {id}");
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, id, expected) in [
            ("*", "conv.commutative", true),
            ("*.translation*", "corr.translation_signal", true),
            ("*.translation*", "conv.translation", true),
            ("conv.*ve", "conv.commutative", true),
            ("*com*", "conv.commutative", true),
            ("*ve*ve", "conv.commutative", false),
            ("conv*x", "conv.commutative", false),
            ("*.comm", "conv.commutative", false),
        ] {
            assert_eq!(matches(pattern, id), expected, "{pattern} {id}");
        }
    }

    #[test]
    fn claims_come_once_and_in_order() {
        let claims = sample_claims();
        let ids = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
            select(&claims, &patterns).map(|chosen| chosen.iter().map(|claim| claim.id).collect::<Vec<_>>())
        };
        assert_eq!(ids(&[]).unwrap().len(), claims.len());
        assert_eq!(ids(&["map.turns", "conv", "conv.*"]).unwrap(), ["conv.commutative", "map.turns"]);
        let error = ids(&["conv", "map.trun"]).unwrap_err().to_string();
        assert!(error.starts_with("no claim matches 'map.trun'; the nearest are map.turns, "), "{error}");
    }
}
