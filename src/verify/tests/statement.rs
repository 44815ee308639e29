//! Statements: their sizes in order, as people read them, and the panics of what does not fit.

use super::*;

fn of(dimensions: &[&str]) -> Statement {
    Statement::new(dimensions, |_| Ok(Vec::new()))
}

#[test]
fn sizes_are_described() {
    assert_eq!(of(&["height", "width"]).describe(&[4, 5]), "height 4, width 5");
    assert_eq!(of(&["length"]).describe(&[7]), "length 7");
    assert_eq!(of(&["", "", ""]).describe(&[1, 4, 5]), "1 × 4 × 5");
    assert_eq!(of(&["", "width"]).describe(&[4, 5]), " 4, width 5");
    assert_eq!(of(&[]).describe(&[]), "");
}

/// All sizes from the smallest to the largest, once each, in the order of volume, then of the sum, then of
/// the numbers.
#[test]
fn sizes_come_in_order() {
    let statement = of(&["a", "b"]).shrinking_to([1, 2]);
    let expected: [[usize; 2]; 9] = [[1, 2], [1, 3], [2, 2], [1, 4], [2, 3], [3, 2], [2, 4], [3, 3], [3, 4]];
    assert_eq!(statement.sizes_up_to(&[3, 4]), expected.map(|size| size.to_vec()));
    // 1 × 4 has the volume of 2 × 2 and the larger sum.
    let square = of(&["a", "b"]).shrinking_to([1, 1]).sizes_up_to(&[2, 4]);
    let expected: [[usize; 2]; 8] = [[1, 1], [1, 2], [2, 1], [1, 3], [2, 2], [1, 4], [2, 3], [2, 4]];
    assert_eq!(square, expected.map(|size| size.to_vec()));
    for (smallest, largest) in [([1, 1, 1], [3, 2, 4]), ([2, 1, 3], [2, 4, 5]), ([0, 0, 0], [2, 2, 2])] {
        let sizes = of(&["a", "b", "c"]).shrinking_to(smallest).sizes_up_to(&largest);
        let count: usize = smallest.iter().zip(&largest).map(|(low, high)| high - low + 1).product();
        assert_eq!(sizes.len(), count);
        let key =
            |size: &Vec<usize>| (size.iter().product::<usize>(), size.iter().sum::<usize>(), size.clone());
        assert!(sizes.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])), "{sizes:?}");
        let inside = |size: &Vec<usize>| (0..3).all(|d| (smallest[d]..=largest[d]).contains(&size[d]));
        assert!(sizes.iter().all(inside));
    }
    // Without a smallest size there is the given one only, and a size below the smallest is itself.
    assert_eq!(of(&["a", "b"]).sizes_up_to(&[3, 4]), [vec![3, 4]]);
    assert_eq!(of(&["a", "b"]).shrinking_to([5, 1]).sizes_up_to(&[3, 2]), [vec![3, 1], vec![3, 2]]);
    assert_eq!(of(&[]).shrinking_to([]).sizes_up_to(&[]), [Vec::<usize>::new()]);
}

#[test]
fn each_size_goes_where_it_was_put() {
    let statement = of(&["a"]).at([1]).at_large([2]).at([3]).at_large([4]).linear_in(1);
    assert_eq!(statement.sizes, [vec![1], vec![3]]);
    assert_eq!(statement.large, [vec![2], vec![4]]);
    assert_eq!((statement.smallest.as_deref(), statement.linear_in), (None, Some(1)));
    assert_eq!(statement.shrinking_to([1]).smallest, Some(vec![1]));
    let two = Statement::new(&["a"], |size| Ok(vec![Scripted::new().case(); size[0]]));
    assert_eq!([0, 2].map(|size| two.cases(&[size]).unwrap().len()), [0, 2]);
}

#[test]
fn a_size_has_a_number_for_each_dimension() {
    let panics = |make: &dyn Fn() -> Statement| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(make()))).unwrap_err();
        let told = panic.downcast_ref::<String>().expect("a message");
        assert!(told.contains("a size has one number for each of [\"a\", \"b\"]"), "{told}");
    };
    panics(&|| of(&["a", "b"]).at([1]));
    panics(&|| of(&["a", "b"]).at_large([1, 2, 3]));
    panics(&|| of(&["a", "b"]).shrinking_to([]));
}

#[test]
fn unknowns_count_their_entries() {
    for (shape, len) in [(&[][..], 1), (&[3], 3), (&[2, 3, 4], 24), (&[2, 0], 0)] {
        let unknown = Unknown::new("x", shape);
        assert_eq!((unknown.len(), unknown.is_empty()), (len, len == 0));
        assert_eq!(unknown, Unknown { name: "x".to_owned(), shape: shape.to_vec() });
    }
}

/// An identity is read on the scalar that is asked for.
#[test]
fn each_scalar_has_its_own_door() {
    use crate::scalar::Scalar;
    use crate::verify::identity::Identity;
    struct Named(Mutex<Vec<&'static str>>);
    impl Identity for Named {
        fn unknowns(&self) -> Vec<Unknown> {
            vec![Unknown::new("a", []), Unknown::new("b", [2])]
        }
        fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
            self.0.lock().unwrap().push(std::any::type_name::<S>());
            Ok((values[0].clone(), values[1].clone()))
        }
    }
    let named = Named(Mutex::default());
    fn values<S: num_traits::Zero + One + Clone>() -> [ArrayD<S>; 2] {
        [ArrayD::zeros(vec![]), ArrayD::ones(vec![2])]
    }
    assert_eq!(AnyIdentity::unknowns(&named).len(), 2);
    assert_eq!(named.symbolic(&values()).unwrap(), values().into());
    assert_eq!(named.field(&values()).unwrap(), values().into());
    assert_eq!(named.degree(&values()).unwrap(), values().into());
    assert_eq!(named.bounded(&values()).unwrap(), values().into());
    assert_eq!(named.single(&values()).unwrap(), values().into());
    let names = named.0.into_inner().unwrap();
    for (name, expected) in names.iter().zip(["Symbolic", "Goldilocks", "Degree", "Bounded", "f32"]) {
        assert!(name.ends_with(expected), "{name}");
    }
    let single = Statement::single(Named(Mutex::default()));
    assert_eq!(single.cases(&[]).unwrap().len(), 1);
    assert_eq!((single.sizes.clone(), single.large.len()), (vec![Vec::new()], 0));
}
