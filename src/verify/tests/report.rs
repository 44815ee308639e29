//! Reports: how they are put together, and how people read them.

use super::*;
use crate::verify::{Counterexample, Evidence, Figure, Verdict};

const VERDICTS: [Verdict; 3] = [Verdict::Holds, Verdict::Fails, Verdict::Undecided];

/// A report of this verdict that can be told from others; failing ones have counterexamples of `size`
/// entries.
fn report(verdict: Verdict, name: &str, size: usize) -> Report {
    let finding = Finding::Theorem { name: name.to_owned() };
    let inputs = vec![(name.to_owned(), ArrayD::zeros(vec![size]).into())];
    let counterexample = Counterexample { inputs, ..Counterexample::from_text([], "left", "right") };
    match verdict {
        Verdict::Holds => Report::confirmed(finding),
        Verdict::Fails => Report::refuted(finding, counterexample).with_largest(format!("part of {name}")),
        Verdict::Undecided => Report {
            verdict,
            evidence: vec![Evidence { confirms: false, finding }],
            remark: Some(format!("remark of {name}")),
            ..Report::confirmed(Finding::Theorem { name: String::new() })
        },
    }
}

/// The verdict that outweighs the others in a list of three.
fn heaviest(verdicts: &[Verdict], order: [Verdict; 3]) -> Verdict {
    order.into_iter().find(|verdict| verdicts.contains(verdict)).expect("one of the three")
}

/// All: one that fails makes all fail, then one that is undecided. None: one that holds, then one that is
/// undecided.
#[test]
fn verdicts_together_in_any_order() {
    let mut lists: Vec<Vec<Verdict>> = VERDICTS.map(|verdict| vec![verdict]).to_vec();
    for _ in 0..3 {
        let longer = lists.iter().flat_map(|list| VERDICTS.map(|verdict| [&list[..], &[verdict]].concat()));
        lists = lists.iter().cloned().chain(longer.collect::<Vec<_>>()).collect();
    }
    for list in lists {
        let reports = || list.iter().enumerate().map(|(n, &verdict)| report(verdict, &n.to_string(), n + 1));
        use Verdict::{Fails, Holds, Undecided};
        assert_eq!(Report::all(reports()).verdict, heaviest(&list, [Fails, Undecided, Holds]), "{list:?}");
        assert_eq!(Report::none(reports()).verdict, heaviest(&list, [Holds, Undecided, Fails]), "{list:?}");
    }
}

/// Putting together is associative, and one report alone is itself.
#[test]
fn putting_together_is_associative() {
    for code in 0..27 {
        let verdicts = [0, 1, 2].map(|place| VERDICTS[code / 3_usize.pow(place) % 3]);
        for sizes in [[1, 2, 3], [3, 2, 1], [2, 1, 2], [2, 2, 2]] {
            let [a, b, c] = [0, 1, 2].map(|n| report(verdicts[n], ["a", "b", "c"][n], sizes[n]));
            for merge in [|reports: Vec<Report>| Report::all(reports), |reports| Report::none(reports)] {
                let whole = merge(vec![a.clone(), b.clone(), c.clone()]);
                let first = merge(vec![merge(vec![a.clone(), b.clone()]), c.clone()]);
                let last = merge(vec![a.clone(), merge(vec![b.clone(), c.clone()])]);
                assert!(whole == first && whole == last, "{verdicts:?}");
                assert_eq!(merge(vec![a.clone()]), a);
            }
        }
    }
}

/// Nothing is lost: evidence and figures in their order, the smallest counterexample and of equals the first,
/// the first remark and largest part.
#[test]
fn nothing_is_lost_when_put_together() {
    let figure = |title: &str| Figure {
        title: title.to_owned(),
        horizontal: "x".to_owned(),
        vertical: "y".to_owned(),
        series: vec![("curve".to_owned(), vec![(0.0, 1.0)])],
    };
    let reports = [
        report(Verdict::Holds, "a", 1).with_figure(figure("one")),
        report(Verdict::Fails, "b", 3),
        report(Verdict::Undecided, "c", 1).with_figure(figure("two")).with_figure(figure("three")),
        report(Verdict::Fails, "d", 2),
        report(Verdict::Fails, "e", 2),
        report(Verdict::Undecided, "f", 2),
    ];
    let merged = Report::all(reports);
    let names: Vec<_> = merged.evidence.iter().map(|evidence| evidence.finding.to_string()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e", "f"].map(|name| format!("theorem {name}")));
    let confirms: Vec<_> = merged.evidence.iter().map(|evidence| evidence.confirms).collect();
    assert_eq!(confirms, [true, false, false, false, false, false]);
    let titles: Vec<_> = merged.figures.iter().map(|figure| figure.title.as_str()).collect();
    assert_eq!(titles, ["one", "two", "three"]);
    assert_eq!(merged.counterexample.unwrap().inputs[0].0, "d");
    assert_eq!(merged.largest.as_deref(), Some("part of b"));
    assert_eq!(merged.remark.as_deref(), Some("remark of c"));
}

#[test]
#[should_panic(expected = "a report on no statement confirms nothing")]
fn all_of_nothing_is_a_panic() {
    Report::all([]);
}

#[test]
#[should_panic(expected = "a report on no statement confirms nothing")]
fn none_of_nothing_is_a_panic() {
    Report::none([]);
}

#[test]
#[should_panic(expected = "an enumeration of nothing confirms nothing")]
fn an_enumeration_of_nothing_is_a_panic() {
    Report::enumerated("no element", 0);
}

#[test]
fn single_reports_say_what_they_were_made_of() {
    let finding = Finding::Theorem { name: "t".to_owned() };
    let confirmed = Report::confirmed(finding.clone());
    assert_eq!(confirmed.verdict, Verdict::Holds);
    assert_eq!(confirmed.evidence, [Evidence { confirms: true, finding: finding.clone() }]);
    assert_eq!((confirmed.counterexample, confirmed.largest, confirmed.remark), (None, None, None));
    let counterexample = Counterexample::from_text([("x".to_owned(), "1".to_owned())], "2", "3");
    let refuted = Report::refuted(finding.clone(), counterexample.clone());
    assert_eq!(refuted.verdict, Verdict::Fails);
    assert_eq!(refuted.evidence, [Evidence { confirms: false, finding }]);
    assert_eq!(refuted.counterexample, Some(counterexample));
    let enumerated = Report::enumerated("all of C4", 16);
    let finding = Finding::Symbolic { shape: "all of C4".to_owned(), variables: 0, terms: 16 };
    assert_eq!(enumerated, Report::confirmed(finding));
    assert_eq!(Report::enumerated("one", 1).verdict, Verdict::Holds);
}

#[test]
fn names_are_those_of_the_command_line() {
    assert_eq!(Reading::ALL.map(Reading::name), ["theorem", "symbolic", "field", "rounding", "float"]);
    assert!(Reading::ALL.is_sorted());
    assert!(Reading::ALL.iter().all(|reading| reading.to_string() == reading.name()));
    assert_eq!(VERDICTS.map(|verdict| verdict.to_string()), ["holds", "fails", "undecided"]);
}

/// Each finding on one line, with the numbers that it has; bounds are rounded up.
#[test]
fn findings_are_read_by_people() {
    let shape = || "size 3".to_owned();
    let field = |log2_failure| Finding::Field { shape: shape(), points: 2, log2_failure };
    let findings = [
        (Reading::Theorem, Finding::Theorem { name: "t".to_owned() }, "theorem t"),
        (
            Reading::Symbolic,
            Finding::Symbolic { shape: shape(), variables: 0, terms: 7 },
            "exact: size 3, 7 cases",
        ),
        (
            Reading::Symbolic,
            Finding::Symbolic { shape: shape(), variables: 5, terms: 7 },
            "symbolic: size 3: 5 variables, 7 terms",
        ),
        (Reading::Field, field(Some(-120.5)), "field: size 3: 2 points of GF(p), failure ≤ 2^-120"),
        (Reading::Field, field(Some(-120.0)), "field: size 3: 2 points of GF(p), failure ≤ 2^-120"),
        (Reading::Field, field(None), "field: size 3: 2 points of GF(p), opaque functions"),
        (
            Reading::Rounding,
            Finding::Rounding { shape: shape(), error: 1.23e-9, bound: 3.5e-8 },
            "rounding: size 3: error 1.2e-9, bound 3.5e-8",
        ),
        (
            Reading::Float,
            Finding::Float { shape: shape(), relative_error: 1.5e-7, noise_floor: 2e-6 },
            "float: size 3: relative error 1.5e-7, noise floor 2.0e-6",
        ),
    ];
    for (reading, finding, expected) in findings {
        assert_eq!((finding.reading(), finding.to_string().as_str()), (reading, expected));
    }
}

#[test]
fn a_writer_that_fails_is_told() {
    for verdict in VERDICTS {
        fails_wherever_it_is_cut(&verdict);
        fails_wherever_it_is_cut(&report(verdict, "name", 2));
    }
    fails_wherever_it_is_cut(&Reading::Float);
}

#[test]
fn reports_are_read_by_people() {
    let confirmed = Report::confirmed(Finding::Theorem { name: "t".to_owned() });
    assert_eq!(confirmed.to_string(), "holds\n  ✓ theorem t\n");
    let counterexample = Counterexample::from_text([("x".to_owned(), "1".to_owned())], "2", "3");
    let mut refuted =
        Report::refuted(Finding::Theorem { name: "t".to_owned() }, counterexample).with_largest("half turns");
    refuted.remark = Some("a remark".to_owned());
    assert_eq!(
        refuted.to_string(),
        "fails\n  ✗ theorem t\n  a remark\n  what holds: half turns\ncounterexample\n  x = 1\n  left = \
         2\n  right = 3\n"
    );
}
