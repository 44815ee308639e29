//! Early stopping in a training: the first of equal epochs is kept, and a resumed run remembers that it waits
//! or has stopped.

use super::*;

fn patient(patience: u64) -> Recipe {
    Recipe { patience: Some(patience), ..recipe(40) }
}

/// Each epoch of a run, with its numbers as they were tested.
fn epochs(trainer: &mut Training<'_>, test: &Dataset) -> Vec<(usize, Weights)> {
    let mut epochs = Vec::new();
    while !trainer.is_finished() {
        let record = trainer.epoch(test, &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
        epochs.push((record.test_mistakes, trainer.current()));
    }
    epochs
}

/// Of epochs with equally many mistakes the first is kept; and the run ends as many epochs after it as the
/// patience says.
#[test]
fn the_first_of_equal_epochs_is_kept() {
    let (data, test) = (bars(65), bars(24));
    for patience in [1, 2, 3] {
        let mut trainer = trainer(&data, patient(patience), 1);
        let found = epochs(&mut trainer, &test);
        let least = found.iter().map(|(mistakes, _)| *mistakes).min().unwrap();
        let first = found.iter().position(|(mistakes, _)| *mistakes == least).unwrap();
        assert!(trainer.result() == found[first].1, "patience {patience}");
        assert_eq!(found.len(), first + 1 + patience as usize);
        // The last epoch was equal or worse, and has other numbers.
        let (last, numbers) = found.last().unwrap();
        assert!(*last >= least && *numbers != found[first].1);
    }
}

/// Where equals are met: with one class to be right about, no epoch makes a mistake.
#[test]
fn equal_epochs_do_not_renew_patience() {
    let data = bars(64);
    let rows = Dataset::new(data.images().to_owned(), vec![0; 64], 2, "rows").unwrap();
    let mut trainer = trainer(&rows, patient(2), 1);
    let found = epochs(&mut trainer, &rows);
    let right = found.iter().position(|(mistakes, _)| *mistakes == 0).expect("the only class is learnt");
    assert_eq!(found.len(), right + 3);
    assert!(found[right + 1..].iter().all(|(mistakes, _)| *mistakes == 0), "equals were met");
    assert!(trainer.result() == found[right].1);
}

/// A run that is broken off anywhere, even after it stopped, ends as the whole one did: it knows its best,
/// its waiting and its end.
#[test]
fn a_resumed_run_remembers_that_it_waits_or_has_stopped() {
    let (data, test) = (bars(65), bars(24));
    let mut whole = trainer(&data, patient(2), 1);
    run(&mut whole, &test, None);
    assert!(whole.history().len() < 40);
    let steps = whole.history().len() * whole.steps();
    let resumed = |first: &Training<'_>| {
        let mut second = trainer(&data, patient(2), 1);
        second.resume(&first.checkpoint()).unwrap();
        second
    };
    for broken_off in 1..=steps {
        let mut first = trainer(&data, patient(2), 1);
        run(&mut first, &test, Some(broken_off));
        let mut second = resumed(&first);
        assert_eq!(second.is_finished(), first.is_finished(), "after step {broken_off}");
        assert_eq!(second.is_finished(), broken_off == steps, "after step {broken_off}");
        assert!(second.result() == first.result(), "after step {broken_off}");
        run(&mut second, &test, None);
        assert!(found(&second) == found(&whole), "after step {broken_off}");
    }
    let mut finished = resumed(&whole);
    assert!(finished.is_finished() && finished.result() == whole.result());
    run(&mut finished, &test, None);
    assert_eq!(finished.history(), whole.history());
}

/// Between two epochs the best numbers are the result, and within one as well: what the steps since have made
/// was never tested.
#[test]
fn a_run_that_is_broken_off_results_in_its_best() {
    let (data, test) = (bars(65), bars(24));
    let mut trainer = trainer(&data, patient(30), 1);
    run(&mut trainer, &test, Some(2));
    assert!(trainer.result() == trainer.current(), "nothing was tested yet");
    run(&mut trainer, &test, Some(5));
    let (mistakes, best, _) = trainer.stopping.as_ref().and_then(EarlyStopping::best).unwrap();
    let (mistakes, best) = (mistakes as usize, best.to_vec());
    assert!(trainer.gathered.steps > 0 && trainer.current().trained != best);
    let result = trainer.result();
    assert_eq!(result.trained, best);
    assert_eq!(trainer.evaluate(&result, &test).mistakes, mistakes);
}

/// Best numbers of another length are no checkpoint of this training.
#[test]
fn kept_numbers_of_another_length_are_refused() {
    let (data, test) = (bars(65), bars(24));
    let mut first = trainer(&data, patient(2), 1);
    run(&mut first, &test, Some(4));
    for name in ["early_stopping.parameters", "early_stopping.running"] {
        let mut checkpoint = first.checkpoint();
        let mut short = checkpoint.single(name).unwrap().to_vec();
        let len = short.len();
        short.pop();
        checkpoint.insert(name, short);
        let error = trainer(&data, patient(2), 1).resume(&checkpoint).unwrap_err().to_string();
        let told = format!("the checkpoint's entry {name} must be {len} × f32, found {} × f32", len - 1);
        assert_eq!(error, told);
    }
}
