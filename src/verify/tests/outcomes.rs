//! Which verdict follows from which outcomes: of the readings, of the cases, of the sizes.

use super::*;
use crate::verify::{Evidence, Verdict};

/// Every combination of what the four readings say, with and without a counterexample.
#[test]
fn the_verdict_for_all_outcomes_of_the_readings() {
    for code in 0..162 {
        let said = [0, 1, 2, 3].map(|place| OUTCOMES[code / 3_usize.pow(place) % 3]);
        let exists = code >= 81;
        let scripted = RUNNING
            .into_iter()
            .zip(said)
            .fold(Scripted::new(), |scripted, (reading, outcome)| scripted.saying(reading, outcome));
        let examined = Examiner::new(3).examine(&scripted.with_witness(exists).statement());
        let spoken: Vec<_> =
            RUNNING.into_iter().zip(said).filter(|(_, outcome)| *outcome != Outcome::Silent).collect();
        let refuting: Vec<_> = spoken
            .iter()
            .filter(|(_, outcome)| *outcome == Outcome::Refutes)
            .map(|(reading, _)| reading.name())
            .collect();
        if spoken.is_empty() {
            let error = examined.unwrap_err();
            assert!(matches!(error, ExamineError::NothingChecked(_)), "{error}");
            continue;
        }
        let report = examined.unwrap();
        let evidence: Vec<_> = report
            .evidence
            .iter()
            .map(|Evidence { confirms, finding }| (finding.reading(), *confirms))
            .collect();
        let expected: Vec<_> =
            spoken.iter().map(|&(reading, outcome)| (reading, outcome == Outcome::Confirms)).collect();
        assert_eq!(evidence, expected, "{said:?}");
        let verdict = match (refuting.is_empty(), exists) {
            (true, _) => Verdict::Holds,
            (false, true) => Verdict::Fails,
            (false, false) => Verdict::Undecided,
        };
        assert_eq!(report.verdict, verdict, "{said:?}");
        assert_eq!(report.counterexample.is_some(), verdict == Verdict::Fails, "{said:?}");
        let remark = format!(
            "refuted by the {} reading, but no counterexample on small integers was found",
            refuting.join(", ")
        );
        assert_eq!(report.remark, (verdict == Verdict::Undecided).then_some(remark), "{said:?}");
        assert_eq!((report.largest, report.figures.len()), (None, 0));
    }
}

/// What all say together: nothing outweighs a refutation, and silence outweighs confirmation.
fn together(said: &[Outcome]) -> Outcome {
    let any = |outcome| said.contains(&outcome);
    if any(Outcome::Refutes) {
        Outcome::Refutes
    } else if any(Outcome::Silent) {
        Outcome::Silent
    } else {
        Outcome::Confirms
    }
}

/// Every sequence of three outcomes of one reading, over the cases of one size and over sizes of one case.
#[test]
fn no_order_of_cases_or_sizes_hides_a_refutation_or_silence() {
    for reading in RUNNING {
        for code in 0..27 {
            let said = [0, 1, 2].map(|place| OUTCOMES[code / 3_usize.pow(place) % 3]);
            let cases = said.map(|outcome| Scripted::new().saying(reading, outcome).case());
            let examiner = Examiner::new(1).with_readings([reading]);
            let at_one_size = by_size(vec![cases.to_vec()]).at([0]);
            assert_eq!(outcome_of(examiner.examine(&at_one_size)), together(&said), "{reading}: {said:?}");

            let sizes = by_size(cases.map(|case| vec![case]).to_vec());
            let at_three = sizes.clone().at([0]).at([1]).at([2]);
            assert_eq!(outcome_of(examiner.examine(&at_three)), together(&said), "{reading}: {said:?}");

            // Symbols do not go to large sizes; numbers go to all of them.
            let large = sizes.at([0]).at_large([1]).at_large([2]);
            let read = if reading == Reading::Symbolic { &said[..1] } else { &said[..] };
            assert_eq!(outcome_of(examiner.examine(&large)), together(read), "{reading}: {said:?}");
        }
    }
}

/// A counterexample is looked for at every size and in every case, the large ones too.
#[test]
fn a_counterexample_is_found_wherever_it_is() {
    let refuted = |exists| Scripted::new().saying(Reading::Field, Outcome::Refutes).with_witness(exists);
    let examiner = Examiner::new(1).with_readings([Reading::Field]);
    for place in 0..6 {
        let case = |here| vec![refuted(false).case(), refuted(here).case()];
        let cases = (0..6).map(|size| case(size == place)).collect();
        let statement = by_size(cases).at([0]).at([1]).at([2]).at_large([3]).at_large([4]).at_large([5]);
        let report = examiner.examine(&statement).unwrap();
        assert_eq!(report.verdict, Verdict::Fails);
        assert_eq!(report.counterexample.unwrap().shape, format!("size {place}"));
    }
}

/// Sides that differ in shape differ, for every reading, also where opaque functions leave it silent
/// otherwise.
#[test]
fn other_shapes_refute() {
    fn shaped<S: Clone + num_traits::Zero + Send + Sync + 'static>(
        left: &[usize],
        right: &[usize],
    ) -> Script<S> {
        let sides = (ArrayD::zeros(left), ArrayD::zeros(right));
        Arc::new(move |_| sides.clone())
    }
    for (left, right) in [
        (&[2, 3][..], &[3, 2][..]),
        (&[6], &[2, 3]),
        (&[2, 3], &[6]),
        (&[4], &[3]),
        (&[3], &[4]),
        (&[], &[1]),
    ] {
        for reading in RUNNING {
            for is_opaque in [false, true] {
                let scripted = Scripted {
                    symbolic: shaped(left, right),
                    field: shaped(left, right),
                    bounded: shaped(left, right),
                    single: shaped(left, right),
                    degree: if is_opaque { opaque() } else { shaped(left, right) },
                    ..Scripted::new()
                };
                let report = scripted.read(reading).unwrap();
                assert_eq!(report.verdict, Verdict::Fails, "{reading}: {left:?} and {right:?}");
                assert!(!report.evidence[0].confirms);
                let counterexample = report.counterexample.unwrap();
                assert_eq!(counterexample.difference(), None);
                let told = format!("the sides have shapes {left:?} and {right:?}");
                assert!(counterexample.to_string().contains(&told), "{counterexample}");
            }
        }
    }
}

/// Sides that differ at one entry only differ, wherever it is.
#[test]
fn one_entry_is_enough() {
    fn at<S: Clone + One + std::ops::Add<Output = S> + 'static>(place: usize) -> Script<S> {
        Arc::new(move |values| {
            let mut right = values[0].clone();
            right[[place]] = right[[place]].clone() + S::one();
            (values[0].clone(), right)
        })
    }
    for place in 0..3 {
        let scripted = Scripted {
            symbolic: at(place),
            field: at(place),
            bounded: at(place),
            single: at(place),
            ..Scripted::new()
        };
        for reading in RUNNING {
            let report = scripted.read(reading).unwrap();
            assert_eq!(report.verdict, Verdict::Fails, "{reading}");
            let difference = report.counterexample.unwrap().difference().unwrap();
            for (entry, difference) in difference.iter().enumerate() {
                assert_eq!(*difference, if entry == place { -1.0 } else { 0.0 }, "{reading}");
            }
        }
    }
}

#[test]
fn only_the_readings_asked_for_run() {
    for reading in Reading::ALL {
        let scripted = Scripted::new();
        let examiner = Examiner::new(1).with_readings([reading]);
        assert_eq!(
            Reading::ALL.map(|other| examiner.uses(other)),
            Reading::ALL.map(|other| other == reading)
        );
        let examined = examiner.examine(&scripted.statement());
        let ran = [
            scripted.asked.symbolic.lock().unwrap().len(),
            scripted.asked.field.lock().unwrap().len(),
            scripted.asked.bounded.lock().unwrap().len(),
            scripted.asked.single.lock().unwrap().len(),
        ];
        let expected = match reading {
            Reading::Theorem => [false; 4],
            Reading::Symbolic => [true, false, false, false],
            Reading::Field => [false, true, false, false],
            Reading::Rounding => [false, false, true, false],
            Reading::Float => [false, false, true, true],
        };
        assert_eq!(ran.map(|times| times > 0), expected, "{reading}");
        assert_eq!(examined.is_ok(), reading != Reading::Theorem);
    }
    assert!(Reading::ALL.iter().all(|&reading| Examiner::new(1).uses(reading)));
}

#[test]
fn nothing_checked_is_an_error() {
    let told = |examined: Result<Report, ExamineError>| examined.unwrap_err().to_string();
    let examiner = Examiner::new(1);
    let scripted = Scripted::new();
    assert_eq!(
        told(examiner.clone().with_readings([]).examine(&scripted.statement())),
        "nothing was checked: no reading of those wanted can decide this statement"
    );
    let no_case = "nothing was checked: the statement has no case at its sizes";
    assert_eq!(told(examiner.examine(&by_size(vec![vec![]]).at([0]))), no_case);
    assert_eq!(told(examiner.examine(&by_size(vec![]))), no_case);
    // Symbols have nothing to do at a large size.
    let large = by_size(vec![vec![scripted.case()]]).at_large([0]);
    assert_eq!(told(examiner.examine(&large)), no_case);
    let numbers = examiner.clone().with_readings([Reading::Field]);
    assert_eq!(numbers.examine(&large).unwrap().verdict, Verdict::Holds);
    // Sides without an entry are equal, whatever they are sides of.
    let empty = Scripted { unknowns: vec![Unknown::new("x", [2, 0])], ..Scripted::new() };
    let no_entry = "nothing was checked: the sides have no entry at any of the sizes";
    assert_eq!(told(examiner.examine(&empty.statement())), no_entry);
    let both = by_size(vec![vec![empty.case(), scripted.case()]]).at([0]);
    assert_eq!(examiner.examine(&both).unwrap().verdict, Verdict::Holds);
    let later = by_size(vec![vec![empty.case()], vec![scripted.case()]]).at([0]).at([1]);
    assert_eq!(examiner.examine(&later).unwrap().verdict, Verdict::Holds);
}

/// Errors of the code under test name the size and the element.
#[test]
fn errors_name_their_place() {
    struct Failing(Reading);
    impl AnyIdentity for Failing {
        fn unknowns(&self) -> Vec<Unknown> {
            vec![Unknown::new("x", [2])]
        }
        fn symbolic(&self, values: &[ArrayD<Symbolic>]) -> Result<Sides<Symbolic>, Failure> {
            if self.0 == Reading::Symbolic { Err("no".into()) } else { Ok(same()(values)) }
        }
        fn field(&self, values: &[ArrayD<Goldilocks>]) -> Result<Sides<Goldilocks>, Failure> {
            if self.0 == Reading::Field { Err("no".into()) } else { Ok(same()(values)) }
        }
        fn term(&self, values: &[ArrayD<Term>]) -> Result<Sides<Term>, Failure> {
            if self.0 == Reading::Field { Err("no".into()) } else { Ok(same()(values)) }
        }
        fn degree(&self, values: &[ArrayD<Degree>]) -> Result<Sides<Degree>, Failure> {
            if self.0 == Reading::Theorem { Err("no".into()) } else { Ok(same()(values)) }
        }
        fn bounded(&self, values: &[ArrayD<Bounded>]) -> Result<Sides<Bounded>, Failure> {
            if self.0 == Reading::Rounding { Err("no".into()) } else { Ok(same()(values)) }
        }
        fn single(&self, values: &[ArrayD<f32>]) -> Result<Sides<f32>, Failure> {
            if self.0 == Reading::Float { Err("no".into()) } else { Ok(same()(values)) }
        }
    }
    let told = |dimensions: &[&str], size: &[usize], element: Option<&str>, failing| {
        let case = Case { element: element.map(str::to_owned), identity: Arc::new(Failing(failing)) };
        let statement = Statement::new(dimensions, move |_| Ok(vec![case.clone()])).at(size);
        Examiner::new(1).examine(&statement).unwrap_err().to_string()
    };
    for failing in Reading::ALL {
        assert_eq!(told(&["rows"], &[3], None, failing), "the code under test failed at rows 3: no");
        assert_eq!(told(&[], &[], Some("Rot90"), failing), "the code under test failed at g = Rot90: no");
        assert_eq!(
            told(&["rows", "columns"], &[3, 4], Some("Rot90"), failing),
            "the code under test failed at rows 3, columns 4, g = Rot90: no"
        );
    }
    let no_cases = Statement::new(&["", ""], |_| Err("no cases".into())).at([3, 4]);
    let error = Examiner::new(1).examine(&no_cases).unwrap_err().to_string();
    assert_eq!(error, "the code under test failed at 3 × 4: no cases");
    let contradiction = ExamineError::Contradiction("this and that".to_owned()).to_string();
    assert_eq!(contradiction, "contradiction: this and that");
}

/// The random numbers of an examination depend on the seed and on the purpose, and on nothing else.
#[test]
fn each_purpose_has_its_own_numbers() {
    use rand::Rng;
    let number = |seed, purpose| Examiner::new(seed).random(purpose).next_u64();
    let purposes = ["", "field", "float", "dleif", "counterexample"];
    let all: std::collections::HashSet<_> =
        (0..20).flat_map(|seed| purposes.map(|purpose| number(seed, purpose))).collect();
    assert_eq!(all.len(), 100);
    assert_eq!(number(7, "field"), number(7, "field"));
    assert_eq!(Examiner::new(7).seed(), 7);
    // Another seed asks at other points; the same one asks at the same.
    let points = |seed| {
        let scripted = Scripted::new();
        Examiner::new(seed).examine(&scripted.statement()).unwrap();
        let asked = scripted.asked;
        let (field, bounded) = (asked.field.lock().unwrap().clone(), asked.bounded.lock().unwrap().clone());
        (field, bounded, asked.single.lock().unwrap().clone())
    };
    let (first, second) = (points(1), points(2));
    assert!(first == points(1));
    assert!(first.0 != second.0 && first.1 != second.1 && first.2 != second.2);
}
