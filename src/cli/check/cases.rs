//! What is judged one after the other: each model with each choice of shapes.

use std::path::PathBuf;

/// A model with shapes of its inputs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Case {
    pub(super) model: PathBuf,
    pub(super) inputs: Vec<(String, Vec<usize>)>,
}

/// The cases: of an input that is named several times each shape, with each shape of every other.
pub(super) fn cases(models: &[PathBuf], inputs: &[(String, Vec<usize>)]) -> Vec<Case> {
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in inputs {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut choices: Vec<Vec<(String, Vec<usize>)>> = vec![Vec::new()];
    for name in names {
        let with = |choice: &Vec<(String, Vec<usize>)>| {
            let shapes = inputs.iter().filter(|(other, _)| other == name).cloned();
            shapes.map(|shape| [choice.clone(), vec![shape]].concat()).collect::<Vec<_>>()
        };
        choices = choices.iter().flat_map(with).collect();
    }
    let of = |model: &PathBuf| {
        let model = model.clone();
        choices.iter().map(move |inputs| Case { model: model.clone(), inputs: inputs.clone() })
    };
    models.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::{Case, cases};

    #[test]
    fn every_model_meets_every_choice_of_shapes() {
        let input = |name: &str, extent: usize| (name.to_owned(), vec![1, extent]);
        let models = ["a".into(), "b".into()];
        let case = |model: &str, inputs: &[(String, Vec<usize>)]| Case {
            model: model.into(),
            inputs: inputs.to_vec(),
        };
        assert_eq!(cases(&models, &[]), [case("a", &[]), case("b", &[])]);
        let inputs = [input("x", 2), input("y", 3), input("x", 4)];
        let [first, second] = [[input("x", 2), input("y", 3)], [input("x", 4), input("y", 3)]];
        let expected = [case("a", &first), case("a", &second), case("b", &first), case("b", &second)];
        assert_eq!(cases(&models, &inputs), expected);
    }
}
