//! Evidence in few words: one short phrase for each reading that spoke, with its weakest number.
//!
//! A claim may rest on many examinations. Their terms and cases add up, and of bounds the weakest is named.

use crate::verify::{Evidence, Finding, Report};

/// One phrase for each reading that spoke: `symbolic 120 terms`, `field 2^-126`, `✗ rounding 1 > 1e-14`.
pub fn phrases(report: &Report) -> Vec<String> {
    let mut merged: Vec<Evidence> = Vec::new();
    for evidence in &report.evidence {
        let weaker = merged.iter().enumerate().find_map(|(place, other)| {
            let finding = weaker(&other.finding, &evidence.finding)?;
            (other.confirms == evidence.confirms).then_some((place, finding))
        });
        match weaker {
            Some((place, finding)) => merged[place].finding = finding,
            None => merged.push(evidence.clone()),
        }
    }
    merged.sort_by_key(|evidence| evidence.finding.reading());
    merged.iter().map(phrase).collect()
}

/// Two findings as one, where they are of the same kind.
fn weaker(one: &Finding, other: &Finding) -> Option<Finding> {
    use Finding::{Field, Float, Rounding, Symbolic, Theorem};
    Some(match (one, other) {
        (Theorem { name: one }, Theorem { name: other }) => Theorem { name: format!("{one}, {other}") },
        (Symbolic { shape, variables: v, terms: t }, Symbolic { variables: w, terms: u, .. })
            if (*v == 0) == (*w == 0) =>
        {
            Symbolic { shape: shape.clone(), variables: v + w, terms: t + u }
        }
        (Field { shape, points: p, log2_failure: l }, Field { points: q, log2_failure: m, .. }) => {
            let log2_failure = l.zip(*m).map(|(l, m)| l.max(m));
            Field { shape: shape.clone(), points: *p.min(q), log2_failure }
        }
        (Rounding { error: e, bound: b, .. }, Rounding { error: f, bound: c, .. }) => {
            if reach(*f, *c) > reach(*e, *b) { other.clone() } else { one.clone() }
        }
        (
            Float { relative_error: e, noise_floor: b, .. },
            Float { relative_error: f, noise_floor: c, .. },
        ) => {
            if reach(*f, *c) > reach(*e, *b) {
                other.clone()
            } else {
                one.clone()
            }
        }
        _ => return None,
    })
}

/// How far an error reaches towards its bound, or above it.
fn reach(error: f64, bound: f64) -> f64 {
    if error == 0.0 { 0.0 } else { error / bound }
}

fn phrase(evidence: &Evidence) -> String {
    let text = match &evidence.finding {
        Finding::Theorem { name } => match name.split(", ").count() {
            1 => "theorem".to_owned(),
            count => format!("{count} theorems"),
        },
        Finding::Symbolic { variables: 0, terms, .. } => format!("exact {terms} cases"),
        // The size of a proof, or the bound on a certificate's failure, means nothing where there is none.
        Finding::Symbolic { .. } | Finding::Field { .. } if !evidence.confirms => {
            evidence.finding.reading().to_string()
        }
        Finding::Symbolic { terms, .. } => format!("symbolic {terms} terms"),
        Finding::Field { log2_failure: Some(log2), .. } => format!("field 2^{}", log2.ceil()),
        Finding::Field { points, .. } => format!("field {points} points"),
        Finding::Rounding { error, bound, .. } => format!("rounding {}", comparison(*error, *bound)),
        Finding::Float { relative_error, noise_floor, .. } => {
            format!("float {}, noise {}", power(*relative_error), power(*noise_floor))
        }
    };
    if evidence.confirms { text } else { format!("✗ {text}") }
}

fn comparison(error: f64, bound: f64) -> String {
    let sign = if error <= bound { "≤" } else { ">" };
    format!("{} {sign} {}", power(error), power(bound))
}

/// One significant digit, as in `3e-16` and `0.3`.
fn power(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if value.is_infinite() {
        "∞".to_owned()
    } else if (0.1..10.0).contains(&value) {
        format!("{value:.1}").trim_end_matches(".0").to_owned()
    } else {
        format!("{value:.0e}")
    }
}

#[cfg(test)]
mod tests {
    use super::phrases;
    use crate::verify::{Finding, Report};

    fn field(log2: f64) -> Finding {
        Finding::Field { shape: String::new(), points: 2, log2_failure: Some(log2) }
    }

    fn rounding(error: f64, bound: f64) -> Finding {
        Finding::Rounding { shape: String::new(), error, bound }
    }

    fn symbolic(variables: usize, terms: usize) -> Finding {
        Finding::Symbolic { shape: String::new(), variables, terms }
    }

    #[test]
    fn the_weakest_of_each_reading_is_named() {
        let findings = [
            rounding(0.0, 0.0),
            rounding(3e-16, 1e-14),
            rounding(1e-16, 1e-14),
            field(-126.5),
            field(-60.2),
            symbolic(3, 20),
            symbolic(4, 100),
            symbolic(0, 8),
        ];
        let report = Report::all(findings.map(Report::confirmed));
        assert_eq!(
            phrases(&report),
            ["symbolic 120 terms", "exact 8 cases", "field 2^-60", "rounding 3e-16 ≤ 1e-14"]
        );
    }

    #[test]
    fn what_refutes_stands_apart() {
        let findings = [rounding(0.32, 1e-14), symbolic(3, 20), field(-60.0), rounding(3e-16, 1e-14)];
        let mut report = Report::all(findings.map(Report::confirmed));
        for evidence in &mut report.evidence[..3] {
            evidence.confirms = false;
        }
        let expected = ["✗ symbolic", "✗ field", "✗ rounding 0.3 > 1e-14", "rounding 3e-16 ≤ 1e-14"];
        assert_eq!(phrases(&report), expected);
    }
}
