//! A run, or the list of the claims, as JSON. The keys are a contract with whoever reads it; numbers that are
//! not finite are `null`.

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::{Record, Run, Summary};
use crate::claims::Claim;
use crate::verify::{Counterexample, Evidence, Figure, Finding, Value};

/// The run, indented, with a line break at its end.
///
/// # Errors
/// If the text cannot be made.
pub fn run(run: &Run) -> serde_json::Result<String> {
    pretty(&Document::from(run))
}

/// The run as a value, to be kept for [`runs`].
///
/// # Errors
/// If it cannot be made.
pub fn value(run: &Run) -> serde_json::Result<Json> {
    serde_json::to_value(Document::from(run))
}

/// The runs with these seeds, each as [`run`] writes it, indented, with a line break at the end.
///
/// # Errors
/// If the text cannot be made.
pub fn runs(seeds: &str, runs: &[Json]) -> serde_json::Result<String> {
    pretty(&Runs { seeds, runs })
}

/// The claims without running them, indented, with a line break at its end.
///
/// # Errors
/// If the text cannot be made.
pub fn list(claims: &[&Claim]) -> serde_json::Result<String> {
    pretty(&List {
        version: env!("CARGO_PKG_VERSION"),
        claims: claims
            .iter()
            .map(|claim| ListEntry {
                id: claim.id,
                chapter: claim.chapter(),
                statement: claim.statement,
                expected: claim.expected.to_string(),
                theorems: &claim.theorems,
                mutants: claim.mutants.iter().map(|mutant| mutant.name).collect(),
            })
            .collect(),
    })
}

fn pretty(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

#[derive(Serialize)]
struct List<'a> {
    version: &'static str,
    claims: Vec<ListEntry<'a>>,
}

#[derive(Serialize)]
struct ListEntry<'a> {
    id: &'static str,
    chapter: &'static str,
    statement: &'static str,
    expected: String,
    theorems: &'a [&'static str],
    mutants: Vec<&'static str>,
}

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    seed: u64,
    claims: Vec<ClaimObject<'a>>,
    summary: Summary,
}

impl<'a> From<&'a Run<'_>> for Document<'a> {
    fn from(run: &'a Run<'_>) -> Self {
        Document {
            version: env!("CARGO_PKG_VERSION"),
            seed: run.seed,
            claims: run.records.iter().map(ClaimObject::from).collect(),
            summary: run.summary(),
        }
    }
}

#[derive(Serialize)]
struct Runs<'a> {
    seeds: &'a str,
    runs: &'a [Json],
}

#[derive(Serialize)]
struct ClaimObject<'a> {
    id: &'static str,
    chapter: &'static str,
    statement: &'static str,
    expected: String,
    verdict: String,
    agrees: bool,
    evidence: Vec<EvidenceObject<'a>>,
    largest: Option<&'a str>,
    counterexample: Option<CounterexampleObject<'a>>,
    mutants: Mutants,
    seconds: f64,
    remark: Option<&'a str>,
    error: Option<&'a str>,
    figures: Vec<FigureObject<'a>>,
}

impl<'a> From<&'a Record<'_>> for ClaimObject<'a> {
    fn from(record: &'a Record<'_>) -> Self {
        let report = record.report();
        ClaimObject {
            id: record.claim.id,
            chapter: record.claim.chapter(),
            statement: record.claim.statement,
            expected: record.claim.expected.to_string(),
            verdict: record.verdict().to_string(),
            agrees: record.agrees(),
            evidence: report.map_or_else(Vec::new, |report| report.evidence.iter().map(Into::into).collect()),
            largest: report.and_then(|report| report.largest.as_deref()),
            counterexample: report.and_then(|report| report.counterexample.as_ref()).map(Into::into),
            mutants: Mutants {
                run: record.mutants().len(),
                caught: record.mutants_caught(),
                escaped: record.escaped().collect(),
            },
            seconds: record.duration().as_secs_f64(),
            remark: report.and_then(|report| report.remark.as_deref()),
            error: record.outcome.as_ref().err().map(String::as_str),
            figures: report.map_or_else(Vec::new, |report| report.figures.iter().map(Into::into).collect()),
        }
    }
}

#[derive(Serialize)]
struct Mutants {
    run: usize,
    caught: usize,
    escaped: Vec<&'static str>,
}

#[derive(Serialize)]
struct EvidenceObject<'a> {
    #[serde(flatten)]
    finding: FindingObject<'a>,
    confirms: bool,
}

#[derive(Serialize)]
#[serde(tag = "reading", rename_all = "lowercase")]
enum FindingObject<'a> {
    Theorem { name: &'a str },
    Symbolic { shape: &'a str, variables: usize, terms: usize },
    Field { shape: &'a str, points: usize, failure_bound: Option<String> },
    Rounding { shape: &'a str, error: f64, bound: f64 },
    Float { shape: &'a str, relative_error: f64, noise_floor: f64 },
}

impl<'a> From<&'a Evidence> for EvidenceObject<'a> {
    fn from(evidence: &'a Evidence) -> Self {
        let finding = match &evidence.finding {
            Finding::Theorem { name } => FindingObject::Theorem { name },
            Finding::Symbolic { shape, variables, terms } => {
                FindingObject::Symbolic { shape, variables: *variables, terms: *terms }
            }
            Finding::Field { shape, points, log2_failure } => FindingObject::Field {
                shape,
                points: *points,
                failure_bound: log2_failure.map(|log2| format!("2^{}", log2.ceil())),
            },
            Finding::Rounding { shape, error, bound } => {
                FindingObject::Rounding { shape, error: *error, bound: *bound }
            }
            Finding::Float { shape, relative_error, noise_floor } => {
                FindingObject::Float { shape, relative_error: *relative_error, noise_floor: *noise_floor }
            }
        };
        EvidenceObject { finding, confirms: evidence.confirms }
    }
}

#[derive(Serialize)]
struct CounterexampleObject<'a> {
    shape: &'a str,
    element: Option<&'a str>,
    #[serde(serialize_with = "as_map")]
    inputs: &'a [(String, Value)],
    left: Json,
    right: Json,
    replay: &'a str,
}

impl<'a> From<&'a Counterexample> for CounterexampleObject<'a> {
    fn from(counterexample: &'a Counterexample) -> Self {
        CounterexampleObject {
            shape: &counterexample.shape,
            element: counterexample.element.as_deref(),
            inputs: &counterexample.inputs,
            left: nested(&counterexample.left),
            right: nested(&counterexample.right),
            replay: &counterexample.replay,
        }
    }
}

fn as_map<S: Serializer>(inputs: &[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(inputs.iter().map(|(name, value)| (name, nested(value))))
}

/// Arrays within arrays, one level for each axis.
fn nested(value: &Value) -> Json {
    fn levels(shape: &[usize], entries: &mut impl Iterator<Item = f64>) -> Json {
        match shape {
            [] => entries.next().into(),
            [extent, rest @ ..] => (0..*extent).map(|_| levels(rest, entries)).collect(),
        }
    }
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Array(array) => levels(array.shape(), &mut array.iter().copied()),
    }
}

#[derive(Serialize)]
struct FigureObject<'a> {
    title: &'a str,
    horizontal: &'a str,
    vertical: &'a str,
    series: Vec<Series<'a>>,
}

#[derive(Serialize)]
struct Series<'a> {
    name: &'a str,
    points: &'a [(f64, f64)],
}

impl<'a> From<&'a Figure> for FigureObject<'a> {
    fn from(figure: &'a Figure) -> Self {
        FigureObject {
            title: &figure.title,
            horizontal: &figure.horizontal,
            vertical: &figure.vertical,
            series: figure.series.iter().map(|(name, points)| Series { name, points }).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::claims::samples::sample_claims;
    use crate::report::tests::sample_run;

    fn parsed() -> Json {
        let claims = sample_claims();
        serde_json::from_str(&super::run(&sample_run(&claims)).unwrap()).unwrap()
    }

    #[test]
    fn a_claim_that_holds() {
        let mut claim = parsed()["claims"][0].take();
        claim["seconds"] = json!(0);
        assert_eq!(
            claim,
            json!({
                "id": "conv.commutative", "chapter": "conv", "statement": "x * y = y * x",
                "expected": "holds", "verdict": "holds", "agrees": true,
                "evidence": [
                    {"reading": "theorem", "name": "convolution_commutative", "confirms": true},
                    {"reading": "symbolic", "shape": "n = 4", "variables": 8, "terms": 16, "confirms": true},
                ],
                "largest": null, "counterexample": null, "mutants": {"run": 1, "caught": 1, "escaped": []},
                "seconds": 0, "remark": null, "error": null, "figures": [],
            })
        );
    }

    #[test]
    fn a_claim_that_fails_shows_its_counterexample() {
        let claim = &parsed()["claims"][1];
        assert_eq!(claim["agrees"], true);
        assert_eq!(claim["largest"], "multiples of 180°");
        assert_eq!(
            claim["counterexample"],
            json!({
                "shape": "height 2, width 2", "element": "Rot90", "inputs": {"x<1>": [[1.0, 0.0], [0.0, -2.5]]},
                "left": [[0.0, 1.0], [0.0, 0.0]], "right": [[1.0, 0.0], [0.0, 0.0]],
                "replay": "equivariant verify map.turns --seed 0",
            })
        );
        assert_eq!(claim["figures"][0]["series"][0]["points"][1], json!([45.0, 0.25]));
        assert_eq!(claim["evidence"][0]["bound"], Json::Null, "what is not finite is null");
    }

    #[test]
    fn what_disagrees_says_so() {
        let document = parsed();
        assert_eq!(document["claims"][2]["mutants"], json!({"run": 1, "caught": 0, "escaped": ["escapes"]}));
        assert_eq!(document["claims"][3]["agrees"], false);
        assert_eq!(document["claims"][3]["verdict"], "fails");
        assert_eq!(document["claims"][3]["error"], "no such axis");
        assert_eq!(document["summary"]["disagree"], 2);
    }

    #[test]
    fn the_list_names_theorems_and_mutants() {
        let claims = sample_claims();
        let list: Json =
            serde_json::from_str(&super::list(&claims.iter().collect::<Vec<_>>()).unwrap()).unwrap();
        assert_eq!(
            list["claims"][0],
            json!({
                "id": "conv.commutative", "chapter": "conv", "statement": "x * y = y * x", "expected": "holds",
                "theorems": ["convolution_commutative"], "mutants": ["the kernel is not flipped"],
            })
        );
    }
}
