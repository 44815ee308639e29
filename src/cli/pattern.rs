//! Patterns that choose claims by their ids.
//!
//! Without `*` a pattern is a chapter (`group`, whose claims have ids like `action.composition`, too), an id,
//! or what an id begins with, up to a dot: `conv.commutative`, `norm.running`. With `*`, which stands for any
//! text, it is the whole id: `*.translation*`.

use std::collections::BTreeSet;

use anyhow::bail;

use crate::claims::Claim;

/// How many near ids an error names.
const NEAREST: usize = 3;

/// The claims that match any of the patterns, in the order of the catalogue; all of them where there is no
/// pattern.
///
/// # Errors
/// If a pattern matches no claim.
pub(super) fn select<'a>(claims: &'a [Claim], patterns: &[String]) -> anyhow::Result<Vec<&'a Claim>> {
    for pattern in patterns {
        if !claims.iter().any(|claim| chooses(pattern, claim)) {
            bail!("no claim matches '{pattern}'; the nearest are {}", nearest(claims, pattern).join(", "));
        }
    }
    let wanted =
        |claim: &&Claim| patterns.is_empty() || patterns.iter().any(|pattern| chooses(pattern, claim));
    Ok(claims.iter().filter(wanted).collect())
}

/// Whether a pattern is the chapter of a claim, or matches its id.
fn chooses(pattern: &str, claim: &Claim) -> bool {
    pattern == claim.chapter() || matches(pattern, claim.id)
}

fn matches(pattern: &str, id: &str) -> bool {
    if pattern.contains('*') {
        return matches_glob(pattern, id);
    }
    id.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The pieces between the stars occur in this order, the first at the beginning and the last at the end. The
/// first place of each is as good as any later one, so that the time grows with the length of the pattern and
/// the id.
fn matches_glob(pattern: &str, id: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(rest) = pieces.next().and_then(|first| id.strip_prefix(first)) else { return false };
    let Some(rest) = pieces.next_back().map_or(Some(rest), |last| rest.strip_suffix(last)) else {
        return false;
    };
    pieces.try_fold(rest, |rest, piece| Some(&rest[rest.find(piece)? + piece.len()..])).is_some()
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
    use crate::claims::samples::sample_claims;

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
            ("**", "conv.commutative", true),
            ("conv.*.*", "conv.commutative", false),
            ("*mm*m*", "conv.commutative", false),
            ("conv.commutative*", "conv.commutative", true),
            ("conv.commutative*conv.commutative", "conv.commutative", false),
            ("ab*ba", "aba", false),
            ("a*a*a", "aa", false),
            ("a*b*c", "a.b.b.c", true),
            ("*η*", "map.η", true),
        ] {
            assert_eq!(matches(pattern, id), expected, "{pattern} {id}");
        }
    }

    /// A search that tries every place for every star would take 2¹⁰⁰⁰ steps.
    #[test]
    fn many_stars_take_no_longer() {
        assert!(!matches(&("*a".repeat(1000) + "x"), &"a".repeat(2000)));
        assert!(matches(&"*a".repeat(1000), &"a".repeat(2000)));
        assert!(!matches(&("*".repeat(100_000) + "x"), "conv.commutative"));
    }

    #[test]
    fn a_chapter_is_chosen_whole() {
        let catalogue = crate::claims::catalogue();
        for chapter in catalogue.iter().map(crate::claims::Claim::chapter) {
            let chosen = select(&catalogue, &[chapter.to_owned()]).unwrap();
            let whole = catalogue.iter().filter(|claim| claim.chapter() == chapter);
            assert!(whole.map(|claim| claim.id).eq(chosen.iter().map(|claim| claim.id)), "{chapter}");
        }
        let group = select(&catalogue, &["group".to_owned()]).unwrap();
        let actions = select(&catalogue, &["action".to_owned()]).unwrap();
        assert!(
            !actions.is_empty() && actions.len() < group.len(),
            "a part of the chapter has a name of its own"
        );
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
