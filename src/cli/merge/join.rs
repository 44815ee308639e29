//! The results of all shards as one document, kind by kind. Seconds of the whole are the sum.

use std::collections::HashMap;

use anyhow::{Context, bail};
use serde_json::{Map, Value as Json};

use super::set::{Content, Part, damaged};
use crate::report::symmetry::json as checks;

/// The text that one run would have written, but for its times.
///
/// # Errors
/// If a file does not hold what its mark says.
pub(super) fn join(shards: &[Part]) -> anyhow::Result<String> {
    let lines = shards.iter().all(|shard| matches!(shard.content, Content::Lines(_)));
    let whole = match shards[0].mark.command.as_str() {
        "verify" => verify(shards)?,
        "check" => check(shards)?,
        "certify-angles" => angles(shards)?,
        "bench" if lines => return bench_lines(shards),
        "bench" => bench(shards)?,
        other => bail!("{}: there are no shards of {other:?}", shards[0].file.display()),
    };
    Ok(serde_json::to_string_pretty(&whole)? + "\n")
}

/// The document of a shard, if it did something.
fn document(part: &Part) -> anyhow::Result<Option<&Map<String, Json>>> {
    match &part.content {
        Content::Document(Json::Object(fields)) => Ok(Some(fields)),
        Content::Lines(lines) if lines.is_empty() => Ok(None),
        _ => bail!(damaged(&part.file, "its lines")),
    }
}

fn list<'a>(fields: &'a Map<String, Json>, key: &str, part: &Part) -> anyhow::Result<&'a [Json]> {
    let list = fields.get(key).and_then(Json::as_array);
    Ok(list.with_context(|| damaged(&part.file, key))?)
}

fn verify(shards: &[Part]) -> anyhow::Result<Json> {
    let mut documents = Vec::new();
    for part in shards {
        documents.push((part, document(part)?.with_context(|| damaged(&part.file, "its emptiness"))?));
    }
    let first = documents[0].1;
    if !first.contains_key("runs") {
        return run_of_claims(&documents);
    }
    let mut whole = first.clone();
    let mut runs = Vec::new();
    for number in 0..list(first, "runs", documents[0].0)?.len() {
        let mut of_seed = Vec::new();
        for (part, fields) in &documents {
            let run = list(fields, "runs", part)?.get(number).and_then(Json::as_object);
            of_seed.push((*part, run.with_context(|| damaged(&part.file, "runs"))?));
        }
        runs.push(run_of_claims(&of_seed)?);
    }
    whole["runs"] = runs.into();
    Ok(whole.into())
}

/// One run of the catalogue: claims in their order, numbers added up.
fn run_of_claims(documents: &[(&Part, &Map<String, Json>)]) -> anyhow::Result<Json> {
    let (first, mut whole) = (documents[0].0, documents[0].1.clone());
    let ids = first.mark.run.get("claims").and_then(Json::as_array);
    let ids = ids.with_context(|| damaged(&first.file, "its mark"))?;
    let mut claims: Vec<(usize, Json)> = Vec::new();
    let mut summary = Map::new();
    for (part, fields) in documents {
        for claim in list(fields, "claims", part)? {
            let place = ids.iter().position(|id| *id == claim["id"]);
            let place = place.filter(|place| part.mark.dealt.contains(place));
            claims.push((place.with_context(|| damaged(&part.file, "a claim"))?, claim.clone()));
        }
        let numbers = fields.get("summary").and_then(Json::as_object);
        for (key, number) in numbers.with_context(|| damaged(&part.file, "its summary"))? {
            let sum = summary.entry(key).or_insert_with(|| Json::from(0));
            *sum = add(sum, number).with_context(|| damaged(&part.file, "its summary"))?;
        }
    }
    claims.sort_by_key(|(place, _)| *place);
    if claims.is_empty() {
        bail!("nothing was checked: none of these claims has one of the readings that were asked for");
    }
    let skipped = summary.get("skipped").and_then(Json::as_u64);
    let is_whole = claims.len() as u64 + skipped.unwrap_or(0) == ids.len() as u64;
    if !is_whole || !claims.is_sorted_by(|(one, _), (next, _)| one < next) {
        bail!("the shards hold {} of {} claims; run them again", claims.len(), ids.len());
    }
    whole["claims"] = claims.into_iter().map(|(_, claim)| claim).collect();
    whole["summary"] = summary.into();
    Ok(whole.into())
}

fn add(one: &Json, other: &Json) -> Option<Json> {
    match (one.as_u64(), other.as_u64()) {
        (Some(one), Some(other)) => Some(one.checked_add(other)?.into()),
        _ => Some((one.as_f64()? + other.as_f64()?).into()),
    }
}

/// Models and shapes one after the other, the groups of each in their order.
fn check(shards: &[Part]) -> anyhow::Result<Json> {
    let first = &shards[0];
    let models = first.mark.run.get("models").and_then(Json::as_array);
    let models = models.with_context(|| damaged(&first.file, "its mark"))?;
    // For each shard, its documents one after the other.
    let mut rest = Vec::new();
    for part in shards {
        rest.push(match document(part)? {
            None => Vec::new().into_iter(),
            Some(fields) => match fields.get("checks") {
                Some(checks) => checks.as_array().cloned().unwrap_or_default().into_iter(),
                None => vec![Json::from(fields.clone())].into_iter(),
            },
        });
    }
    let mut documents = Vec::new();
    let mut begin = 0;
    for model in models {
        let names = model["groups"].as_array().with_context(|| damaged(&first.file, "its mark"))?;
        let end = begin + names.len().max(1);
        let mut whole: Option<Map<String, Json>> = None;
        let mut groups: HashMap<String, (Json, Vec<Json>)> = HashMap::new();
        let (mut seconds, mut tiles) = (0.0, Json::Null);
        for (part, rest) in shards.iter().zip(&mut rest) {
            if !part.mark.dealt.iter().any(|place| (begin..end).contains(place)) {
                continue;
            }
            let next = rest.next().and_then(|document| document.as_object().cloned());
            let next = next.with_context(|| damaged(&part.file, "its documents"))?;
            seconds += next.get("seconds").and_then(Json::as_f64).unwrap_or(f64::NAN);
            for group in list(&next, "groups", part)? {
                let layers = list(&next, "layers", part)?.iter();
                let of_group = layers.filter(|layer| layer["group"] == group["group"]).cloned().collect();
                let name = group["group"].as_str().unwrap_or_default().to_owned();
                groups.insert(name, (group.clone(), of_group));
            }
            if next.get("tiles").is_some_and(|found| !found.is_null()) {
                tiles = next["tiles"].clone();
            }
            whole.get_or_insert(next);
        }
        let mut whole = whole.with_context(|| damaged(&first.file, "its mark"))?;
        whole["tiles"] = tiles;
        let (mut found, mut layers) = (Vec::new(), Vec::new());
        for name in names {
            let group = groups.remove(name.as_str().unwrap_or_default());
            let (group, of_group) = group.with_context(|| format!("no shard holds the group {name}"))?;
            found.push(group);
            layers.extend(of_group);
        }
        whole["groups"] = found.into();
        whole["layers"] = layers.into();
        whole["seconds"] = seconds.into();
        documents.push(Json::from(whole));
        begin = end;
    }
    Ok(match documents.len() {
        1 => documents.swap_remove(0),
        _ => checks::documents(documents),
    })
}

/// Images in their order, numbers added up.
fn angles(shards: &[Part]) -> anyhow::Result<Json> {
    let mut images: Vec<(u64, Json)> = Vec::new();
    let mut totals = Map::new();
    let (mut whole, mut seconds) = (None, 0.0);
    for part in shards {
        let fields = document(part)?.with_context(|| damaged(&part.file, "its emptiness"))?;
        for image in list(fields, "images", part)? {
            let index = image["index"].as_u64().with_context(|| damaged(&part.file, "an image"))?;
            images.push((index, image.clone()));
            seconds += image["seconds"].as_f64().unwrap_or(f64::NAN);
        }
        let own = fields.get("totals").and_then(Json::as_object);
        for (key, number) in own.with_context(|| damaged(&part.file, "its totals"))? {
            let sum = totals.entry(key).or_insert_with(|| number.clone());
            if whole.is_some() && !number.is_null() {
                *sum = add(sum, number).unwrap_or_else(|| number.clone());
            }
        }
        whole.get_or_insert_with(|| fields.clone());
    }
    check_count(shards, images.len())?;
    images.sort_by_key(|(index, _)| *index);
    let mut whole = whole.context("expected shards, found none")?;
    whole["images"] = images.into_iter().map(|(_, image)| image).collect();
    whole["totals"] = totals.into();
    whole["seconds"] = seconds.into();
    Ok(whole.into())
}

/// Shapes in their order.
fn bench(shards: &[Part]) -> anyhow::Result<Json> {
    let mut comparisons = Vec::new();
    let mut whole = None;
    for part in shards {
        let fields = document(part)?.with_context(|| damaged(&part.file, "its emptiness"))?;
        let list = list(fields, "comparisons", part)?;
        if list.len() != part.mark.dealt.len() {
            bail!(damaged(&part.file, "the number of its comparisons"));
        }
        comparisons.extend(part.mark.dealt.iter().copied().zip(list.iter().cloned()));
        whole.get_or_insert(fields.clone());
    }
    check_count(shards, comparisons.len())?;
    comparisons.sort_by_key(|(place, _)| *place);
    let mut whole = whole.context("expected shards, found none")?;
    whole["comparisons"] = comparisons.into_iter().map(|(_, comparison)| comparison).collect();
    Ok(whole.into())
}

/// The lines of all workloads in their order.
fn bench_lines(shards: &[Part]) -> anyhow::Result<String> {
    let mut lines: Vec<(usize, &Json)> = Vec::new();
    for part in shards {
        let Content::Lines(own) = &part.content else { bail!(damaged(&part.file, "its lines")) };
        if part.mark.dealt.iter().any(|place| !own.iter().any(|(other, _)| other == place)) {
            bail!(damaged(&part.file, "the number of its lines"));
        }
        lines.extend(own.iter().map(|(place, line)| (*place, line)));
    }
    check_count(shards, shards.iter().map(|part| part.mark.dealt.len()).sum())?;
    // Two lines of one workload stay in their order.
    lines.sort_by_key(|(place, _)| *place);
    Ok(lines.iter().map(|(_, line)| format!("{line}\n")).collect())
}

/// # Errors
/// If the shards hold another number of results than their run has.
fn check_count(shards: &[Part], found: usize) -> anyhow::Result<()> {
    match shards[0].mark.run.get("count").and_then(Json::as_u64) {
        Some(count) if count == found as u64 => Ok(()),
        _ => bail!(damaged(&shards[0].file, "the number of its results")),
    }
}
