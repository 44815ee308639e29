//! Labelled images in memory.

use ndarray::{Array4, ArrayView4};

use super::labelled::{self, Samples};
use super::{DataError, SetFault};

/// Images with values from 0 to 1, each with the number of its class: [`Samples`] of three axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    samples: Samples,
}

impl AsRef<Samples> for Dataset {
    fn as_ref(&self) -> &Samples {
        &self.samples
    }
}

impl Dataset {
    /// A set of images (count, channels, height, width) and as many labels below `classes`.
    ///
    /// # Errors
    /// If the numbers differ, a size is zero, a label is no class, or a pixel is not from 0 to 1.
    pub fn new(
        images: Array4<f32>,
        labels: Vec<usize>,
        classes: usize,
        name: impl Into<String>,
    ) -> Result<Self, DataError> {
        let name = name.into();
        match fault(&images, &labels, classes) {
            Some(fault) => Err(fault.of(name)),
            None => Ok(Self { samples: Samples::of(images.into_dyn(), labels, classes, name) }),
        }
    }

    /// The samples that they are.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The images (count, channels, height, width), row-major.
    pub fn images(&self) -> ArrayView4<'_, f32> {
        let images = self.samples.values().view().into_dimensionality();
        images.unwrap_or_else(|_| unreachable!("images have four axes"))
    }

    /// The pixels of one image (channels, height, width), row-major.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn image(&self, index: usize) -> &[f32] {
        self.samples.sample(index)
    }

    /// The classes of the images.
    pub fn labels(&self) -> &[usize] {
        self.samples.labels()
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.samples.classes()
    }

    /// What the set is called.
    pub fn name(&self) -> &str {
        self.samples.name()
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Always false: a set has at least one image.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Channels, height and width of the images.
    pub fn shape(&self) -> [usize; 3] {
        let (_, channels, height, width) = self.images().dim();
        [channels, height, width]
    }

    /// The number of images of each class.
    pub fn class_counts(&self) -> Vec<usize> {
        self.samples.class_counts()
    }

    /// Which images and labels these are: see [`Samples::identity`].
    pub fn identity(&self) -> String {
        self.samples.identity()
    }

    /// Mean and deviation of all pixels together: see [`Samples::mean_and_deviation`].
    pub fn mean_and_deviation(&self) -> (f32, f32) {
        self.samples.mean_and_deviation()
    }

    /// The images with these indices, in this order.
    ///
    /// # Errors
    /// If there are none.
    ///
    /// # Panics
    /// If there is no image with one of the indices.
    pub fn subset(&self, indices: &[usize]) -> Result<Self, DataError> {
        Ok(Self { samples: self.samples.subset(indices)? })
    }

    /// Two parts of the set, the second of `held_out` images drawn at random (to validate on); both keep the
    /// order.
    ///
    /// # Errors
    /// If one of the parts would be empty.
    pub fn split(&self, held_out: usize, seed: u64) -> Result<(Self, Self), DataError> {
        let (first, second) = self.samples.split(held_out, seed)?;
        Ok((Self { samples: first }, Self { samples: second }))
    }
}

fn fault(images: &Array4<f32>, labels: &[usize], classes: usize) -> Option<SetFault> {
    labelled::fault(images.shape(), labels, classes).or_else(|| {
        images.outer_iter().enumerate().find_map(|(index, image)| {
            let bad = image.iter().find(|value| !(0.0..=1.0).contains(*value));
            bad.map(|&value| SetFault::Pixel { value, index })
        })
    })
}

/// Images to train on and images to judge by, of one shape and the same classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Splits {
    /// To train on.
    pub train: Dataset,
    /// To judge by.
    pub test: Dataset,
    /// What the images were read from, for the log: `MNIST-format IDX files in data/mnist`.
    pub origin: String,
}

impl Splits {
    /// Two sets with labels from 0 to the largest that the training set has, and at least `least_classes` of
    /// them. Where classes are numbered from 1 without gaps, and the largest is not below `least_classes`,
    /// they become numbers from 0, and the origin says so.
    ///
    /// # Errors
    /// If either is no [`Dataset`], their shapes differ, the test labels exceed the training labels, or a
    /// label above `least_classes` is there while one below it is not: then nothing shows how many classes
    /// there are.
    pub(super) fn from_arrays(
        [mut train, mut test]: [(Array4<f32>, Vec<usize>); 2],
        least_classes: usize,
        mut origin: String,
    ) -> Result<Self, DataError> {
        let classes = settle([&mut train.1, &mut test.1], least_classes, &mut origin)?;
        let train = Dataset::new(train.0, train.1, classes, format!("{origin}, training set"))?;
        let test = Dataset::new(test.0, test.1, classes, format!("{origin}, test set"))?;
        if train.shape() != test.shape() {
            return Err(SetFault::Shapes { train: train.shape(), test: test.shape() }.of(origin));
        }
        Ok(Self { train, test, origin })
    }
}

/// Numbers classes from 0, and tells how many there are: see [`Splits::from_arrays`].
pub(super) fn settle(
    [train, test]: [&mut Vec<usize>; 2],
    least_classes: usize,
    origin: &mut String,
) -> Result<usize, DataError> {
    if begins_at_one(train, test, least_classes) {
        train.iter_mut().chain(test.iter_mut()).for_each(|label| *label -= 1);
        *origin += ", classes numbered from 1 there and from 0 here";
    }
    let largest = train.iter().copied().max().unwrap_or(0);
    let classes = least_classes.max(largest.saturating_add(1));
    if classes > least_classes {
        let occurring = occurring(train);
        if let Some((missing, _)) = occurring.iter().enumerate().find(|&(place, &label)| place != label) {
            return Err(SetFault::Gap { largest, missing }.of(format!("{origin}, training set")));
        }
    }
    Ok(classes)
}

/// The labels that there are, in order.
fn occurring(labels: &[usize]) -> Vec<usize> {
    let mut occurring = labels.to_vec();
    occurring.sort_unstable();
    occurring.dedup();
    occurring
}

/// Whether classes are numbered from 1: all but 0 occur in the training set, and there are too many for
/// `least_classes` from 0.
fn begins_at_one(train: &[usize], test: &[usize], least_classes: usize) -> bool {
    let occurring = occurring(train);
    let is_whole = occurring.iter().enumerate().all(|(place, &label)| label == place + 1);
    is_whole && occurring.len() >= least_classes && !test.contains(&0)
}

#[cfg(test)]
mod tests {
    use ndarray::Array;

    use super::*;

    fn small() -> Dataset {
        let images = Array::from_shape_fn((6, 1, 2, 2), |(i, _, r, c)| (4 * i + 2 * r + c) as f32 / 32.0);
        Dataset::new(images, vec![0, 1, 2, 0, 1, 0], 4, "small").unwrap()
    }

    #[test]
    fn sets_that_make_no_sense_are_refused() {
        let images = |shape| Array4::<f32>::zeros(shape);
        let fault =
            |images, labels: &[usize], classes| match Dataset::new(images, labels.to_vec(), classes, "x") {
                Err(DataError::Set { fault, .. }) => fault,
                other => panic!("{other:?}"),
            };
        let counts = SetFault::Counts { images: 2, labels: 1 };
        assert_eq!(fault(images((2, 1, 1, 1)), &[0], 1), counts);
        for shape in [(0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0)] {
            assert!(matches!(fault(images(shape), &[0], 1), SetFault::Empty { .. }));
        }
        let label = SetFault::Label { classes: 3, label: 3, index: 1 };
        assert_eq!(fault(images((2, 1, 1, 1)), &[2, 3], 3), label);
        for value in [-0.1, 1.1, f32::NAN, f32::INFINITY] {
            let mut images = images((2, 1, 2, 1));
            images[[1, 0, 1, 0]] = value;
            assert!(matches!(fault(images, &[0, 0], 1), SetFault::Pixel { index: 1, .. }));
        }
    }

    #[test]
    fn images_are_slices_and_statistics_are_right() {
        let set = small();
        assert_eq!(set.image(2), [8.0, 9.0, 10.0, 11.0].map(|v| v / 32.0));
        assert_eq!((set.len(), set.shape(), set.classes()), (6, [1, 2, 2], 4));
        assert_eq!(set.class_counts(), [3, 2, 1, 0]);
        let (mean, deviation) = set.mean_and_deviation();
        // 0 … 23 in 32nds: mean 23/2, variance (24² − 1)/12. Sums are exact in f64; two roundings to f32 and
        // a root remain.
        assert_eq!(mean, 23.0 / 64.0);
        let expected = (575.0_f64 / 12.0).sqrt() / 32.0;
        assert!((f64::from(deviation) - expected).abs() <= expected * 2.0_f64.powi(-23));
    }

    #[test]
    fn sets_are_told_apart_by_every_pixel_and_label() {
        let set = small();
        // The digests are those of Python's zlib.crc32.
        assert_eq!(set.identity(), "6 × (1, 2, 2) of 4 classes, digest 2aeaf1d6cb61bd56");
        for place in 0..24 {
            let mut images = set.images().to_owned();
            images.as_slice_mut().unwrap()[place] += f32::EPSILON;
            let other = Dataset::new(images, set.labels().to_vec(), 4, "small").unwrap();
            assert_ne!(other.identity(), set.identity());
        }
        for place in 0..6 {
            let mut labels = set.labels().to_vec();
            labels[place] ^= 1;
            let other = Dataset::new(set.images().to_owned(), labels, 4, "small").unwrap();
            assert_ne!(other.identity(), set.identity());
        }
        let renamed = Dataset::new(set.images().to_owned(), set.labels().to_vec(), 4, "other").unwrap();
        assert_eq!(renamed.identity(), set.identity());
    }

    #[test]
    fn other_layouts_become_row_major() {
        let images = Array::from_shape_fn((2, 1, 2, 3), |(i, _, r, c)| (6 * i + 3 * r + c) as f32 / 12.0);
        let turned = images.clone().permuted_axes([0, 1, 3, 2]);
        let set = Dataset::new(turned, vec![0, 0], 1, "turned").unwrap();
        assert_eq!(set.image(0), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0].map(|v| v / 12.0));
    }

    #[test]
    fn a_split_is_a_partition_that_the_seed_fixes() {
        let set = small();
        let (first, second) = set.split(2, 5).unwrap();
        assert_eq!((first.len(), second.len()), (4, 2));
        let mut firsts: Vec<f32> = first.images().iter().chain(second.images()).copied().collect();
        firsts.sort_by(f32::total_cmp);
        assert_eq!(firsts, set.images().iter().copied().collect::<Vec<_>>());
        assert_eq!(set.split(2, 5).unwrap(), (first.clone(), second));
        assert!((0..20).any(|seed| set.split(2, seed).unwrap().0 != first), "the seed matters");
        for held_out in [0, 6, 7, usize::MAX] {
            assert!(set.split(held_out, 0).is_err());
        }
        assert!(set.subset(&[]).is_err());
        assert_eq!(set.subset(&[4, 0]).unwrap().labels(), [1, 0]);
    }

    #[test]
    fn classes_are_those_of_the_training_set() {
        let set = |labels: &[usize]| (Array4::zeros((labels.len(), 1, 1, 1)), labels.to_vec());
        let splits = |train, test, least| Splits::from_arrays([set(train), set(test)], least, "x".into());
        assert_eq!(splits(&[0, 3], &[9], 10).unwrap().train.classes(), 10);
        assert_eq!(splits(&[0, 1, 2], &[1], 2).unwrap().test.classes(), 3);
        let fault = |train, test| match splits(train, test, 2) {
            Err(DataError::Set { fault, .. }) => fault,
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(&[0, 2], &[0]), SetFault::Gap { largest: 2, missing: 1 });
        assert_eq!(fault(&[0, usize::MAX], &[0]), SetFault::Gap { largest: usize::MAX, missing: 1 });
        assert_eq!(fault(&[0, 1], &[0, 2]), SetFault::Label { classes: 2, label: 2, index: 1 });
        // From 1: by the training set alone, and not where a test label is 0 or the numbers fit from 0 as
        // well.
        let from_one = splits(&[2, 1, 3], &[3], 2).unwrap();
        assert_eq!((from_one.train.labels(), from_one.test.labels()), (&[1, 0, 2][..], &[2][..]));
        assert!(from_one.train.classes() == 3 && from_one.origin.contains("numbered from 1"));
        assert_eq!(splits(&[2, 1, 3], &[3], 10).unwrap().train.labels(), [2, 1, 3]);
        assert_eq!(fault(&[2, 1, 3], &[0]), SetFault::Gap { largest: 3, missing: 0 });
        assert_eq!(fault(&[3, 1], &[1]), SetFault::Gap { largest: 3, missing: 0 });
        assert_eq!(fault(&[1, 2], &[3]), SetFault::Label { classes: 2, label: 2, index: 0 });
        let other = (Array4::zeros((1, 1, 1, 2)), vec![0]);
        let shapes = Splits::from_arrays([set(&[0]), other], 1, "x".into());
        assert!(matches!(shapes, Err(DataError::Set { fault: SetFault::Shapes { .. }, .. })));
    }
}
