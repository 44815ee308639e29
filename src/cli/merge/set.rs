//! The shards of one run, each once: read and checked.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value as Json;

use crate::cli::shard::{FIELD, Mark};

/// How many characters of what differs an error shows.
const SHOWN: usize = 60;

/// What a shard wrote.
pub(super) struct Part {
    pub(super) file: PathBuf,
    pub(super) mark: Mark,
    /// One document, or a value for each line; without their marks.
    pub(super) content: Content,
}

pub(super) enum Content {
    Document(Json),
    /// Lines with the places of what they tell.
    Lines(Vec<(usize, Json)>),
}

/// Reads the shards, in the order of their numbers.
///
/// # Errors
/// If a file cannot be read or is no shard, and if they are not all shards of one run, each once.
pub(super) fn read(files: &[PathBuf]) -> anyhow::Result<Vec<Part>> {
    let mut shards: BTreeMap<usize, Part> = BTreeMap::new();
    for file in files {
        let part = read_one(file)?;
        if let Some(first) = shards.values().next() {
            check_same_run(first, &part)?;
        }
        if let Some(other) = shards.get(&part.mark.number) {
            let Mark { number, of, .. } = part.mark;
            let (one, other) = (file.display(), other.file.display());
            bail!("shard {number}/{of} is there twice: {other} and {one}; leave one out");
        }
        shards.insert(part.mark.number, part);
    }
    let shards: Vec<Part> = shards.into_values().collect();
    check_complete(&shards)?;
    Ok(shards)
}

fn read_one(file: &Path) -> anyhow::Result<Part> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(&text).into_iter::<Json>() {
        values.push(value.with_context(|| format!("{} is no JSON", file.display()))?);
    }
    let mut marks = Vec::new();
    for value in &mut values {
        let mark =
            value.as_object_mut().and_then(|fields| fields.shift_remove(FIELD)).with_context(|| {
                format!(
                    "{} is no shard: expected a field {FIELD:?}, which --shard I/N writes, found none",
                    file.display()
                )
            })?;
        let mark: Mark = serde_json::from_value(mark).with_context(|| damaged(file, "its mark"))?;
        if !(1..=mark.of).contains(&mark.number) || !mark.dealt.is_sorted_by(|one, next| one < next) {
            bail!(damaged(file, "its number or its places"));
        }
        marks.push(mark);
    }
    let Some(mut mark) = marks.first().cloned() else {
        bail!("{} is no shard: expected JSON, found nothing", file.display());
    };
    mark.place = None;
    let places: Vec<Option<usize>> = marks.iter_mut().map(|mark| mark.place.take()).collect();
    if marks.iter().any(|other| *other != mark) {
        bail!("{} has lines of several shards: give a file for each", file.display());
    }
    let is_lines = values.len() > 1 || places[0].is_some() || is_empty(&values[0]);
    let content = if is_lines {
        let lines: Option<Vec<(usize, Json)>> = places
            .into_iter()
            .zip(values)
            .filter(|(_, value)| !is_empty(value))
            .map(|(place, value)| Some((place.filter(|place| mark.dealt.contains(place))?, value)))
            .collect();
        Content::Lines(lines.with_context(|| damaged(file, "the place of a line"))?)
    } else {
        Content::Document(values.swap_remove(0))
    };
    Ok(Part { file: file.to_owned(), mark, content })
}

/// Whether a shard had nothing to do.
fn is_empty(value: &Json) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty)
}

pub(super) fn damaged(file: &Path, what: &str) -> String {
    format!("{}: {what} cannot be what a shard wrote; run it again", file.display())
}

/// # Errors
/// If two shards are not of one run; the first thing that differs is told.
fn check_same_run(first: &Part, other: &Part) -> anyhow::Result<()> {
    let (one, two) = (&first.mark, &other.mark);
    let differ = |what: &str, one: &str, two: &str| {
        format!(
            "{} is of another run: its {what} is {}, that of {} {}",
            other.file.display(),
            short(two),
            first.file.display(),
            short(one)
        )
    };
    if one.command != two.command {
        bail!(differ("command", &one.command, &two.command));
    }
    if let Some((place, one, two)) = difference(&one.run.clone().into(), &two.run.clone().into()) {
        bail!(differ(&place, &one, &two));
    }
    if one.of != two.of {
        bail!(differ("number of shards", &one.of.to_string(), &two.of.to_string()));
    }
    Ok(())
}

/// Where two values differ first, as in `models.0.digest`, and what stands there in each.
fn difference(one: &Json, two: &Json) -> Option<(String, String, String)> {
    let parts = |value: &Json| -> Option<Vec<(String, Json)>> {
        match value {
            Json::Object(fields) => Some(fields.clone().into_iter().collect()),
            Json::Array(list) => Some(
                list.iter().enumerate().map(|(place, value)| (place.to_string(), value.clone())).collect(),
            ),
            _ => None,
        }
    };
    if one == two {
        return None;
    }
    let told = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (Some(left), Some(right)) = (parts(one), parts(two)) else {
        return Some((String::new(), told(one), told(two)));
    };
    let of = |list: &[(String, Json)], key: &str| list.iter().find(|(other, _)| other == key).cloned();
    let keys = left.iter().chain(&right).map(|(key, _)| key);
    let inner = |key: &String| match (of(&left, key), of(&right, key)) {
        (Some((_, one)), Some((_, two))) => {
            let (place, one, two) = difference(&one, &two)?;
            Some((format!("{key}.{place}").trim_end_matches('.').to_owned(), one, two))
        }
        (one, two) => {
            let found = |part: Option<(String, Json)>| match part {
                Some((_, value)) => told(&value),
                None => "not there".to_owned(),
            };
            Some((key.clone(), found(one), found(two)))
        }
    };
    keys.filter_map(inner).next()
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// # Errors
/// If a shard is missing, or together they did not do everything once.
fn check_complete(shards: &[Part]) -> anyhow::Result<()> {
    let Some(first) = shards.first() else { bail!("expected the files of shards, found none") };
    let of = first.mark.of;
    let is_there = |number: &usize| shards.iter().any(|shard| shard.mark.number == *number);
    let missing: Vec<String> = (1..=of)
        .filter(|number| !is_there(number))
        .map(|number| format!("{number}/{of}"))
        .take(SHOWN / 4)
        .collect();
    match &missing[..] {
        [] => {}
        [one] => bail!("shard {one} is missing"),
        several if shards.len() + several.len() < of => {
            bail!("{} shards are missing: {}, …", of - shards.len(), several.join(", "));
        }
        several => bail!("{} shards are missing: {}", several.len(), several.join(", ")),
    }
    let mut places: Vec<usize> = shards.iter().flat_map(|shard| &shard.mark.dealt).copied().collect();
    places.sort_unstable();
    if !places.iter().copied().eq(0..places.len()) {
        bail!("the shards did not deal the work alike: a part of it is missing or done twice");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::difference;

    #[test]
    fn the_first_difference_is_told_with_its_place() {
        let told = |one, two| difference(&one, &two);
        let run = |digest: &str| json!({"seed": 0, "models": [{"model": "a", "digest": digest}]});
        assert_eq!(told(run("x"), run("x")), None);
        let place = |place: &str, one: &str, two: &str| Some((place.into(), one.into(), two.into()));
        assert_eq!(told(run("x"), run("y")), place("models.0.digest", "x", "y"));
        assert_eq!(
            told(json!({"claims": ["a"]}), json!({"claims": ["a", "b"]})),
            place("claims.1", "not there", "b")
        );
        assert_eq!(told(json!({"data": null}), json!({"data": [1]})), place("data", "null", "[1]"));
        assert_eq!(told(json!({"a": 1}), json!({"b": 1})), place("a", "1", "not there"));
    }
}
