//! The linear layer on sets: what a point becomes depends on itself and on what is pooled over all points.
//!
//! ```text
//! y(n, m, p) = bias(m) + Σ_c weight(m, c)·x(n, c, p) + Σ_c pooled_weight(m, c)·pool_q x(n, c, q)
//! ```
//!
//! with the mean, the sum or the maximum over the points q. With one channel and the mean that is λx +
//! γ·mean(x)·1: these are all linear maps that commute with the permutations of the points (M. Zaheer et al.,
//! *Deep Sets*, NeurIPS 2017, Lemma 3; theorem `deepsets` of `proofs/`), and with channels they are too, the
//! mean being the sum over a constant. From two points on, the weights are determined. The maximum is the
//! choice of that paper for point clouds.
//!
//! Cost: channels² products a point, which is what a dense layer on each point costs, and as many once a set.

use ndarray::{ArrayD, Axis};

use super::{
    Convolution, Dense, GlobalPool, Gradients, Layer, LayerError, Mode, OutputType, Parameter, Reduction,
    Role, Symmetry, View, check_backward, check_weights, equivariance, shape_error,
};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// A linear layer on sets: inputs (batch, inputs, points) of any number of points, outputs (batch, outputs,
/// points).
///
/// Weights: `weight` and `pooled_weight`, both (outputs, inputs), and, if it has a bias, (outputs).
///
/// ```
/// use equivariant::group::Symmetric;
/// use equivariant::layer::SetLinear;
/// use equivariant::signal::OnAxis;
/// use equivariant::verify::prove;
///
/// let check = prove(SetLinear::new(2, 3)).on([1, 2, 4]);
/// check.commutes_with(Symmetric::new(4)?, OnAxis::new(1), OnAxis::new(1)).assert();
/// # Ok::<(), equivariant::group::SymmetricError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SetLinear {
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// What is taken over all points.
    pub pooling: Reduction,
    /// Whether there is a bias.
    pub bias: bool,
}

impl SetLinear {
    /// With the mean over all points, and a bias.
    pub fn new(inputs: usize, outputs: usize) -> Self {
        SetLinear { inputs, outputs, pooling: Reduction::Mean, bias: true }
    }

    /// With this taken over all points.
    #[must_use]
    pub fn pooling(mut self, pooling: Reduction) -> Self {
        self.pooling = pooling;
        self
    }

    /// Without a bias.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }

    /// What is done to each point; its weight has an axis of one tap.
    pub fn of_points(&self) -> Convolution {
        Convolution::new(self.inputs, self.outputs, [1]).without_bias()
    }

    /// What is taken over all points, and what becomes of it, which has the bias.
    pub fn of_set(&self) -> (GlobalPool, Dense) {
        let dense = Dense { inputs: self.inputs, outputs: self.outputs, bias: self.bias };
        (GlobalPool { reduction: self.pooling }, dense)
    }

    /// The weights of both parts: that of the points with its axis of one tap, and those of the set.
    fn split<'a, S: Scalar>(&self, weights: &'a [ArrayD<S>]) -> ([ArrayD<S>; 1], &'a [ArrayD<S>]) {
        ([weights[0].clone().insert_axis(Axis(2))], &weights[1..])
    }
}

impl Layer for SetLinear {
    fn name(&self) -> String {
        format!("set linear {} → {} with the {}", self.inputs, self.outputs, self.pooling.name())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        match *input {
            [batch, channels, points] if channels == self.inputs && points > 0 => {
                Ok(vec![batch, self.outputs, points])
            }
            _ => {
                let suggestion = match *input {
                    [_, _, 0] => "a set needs a point to pool over".to_owned(),
                    [_, points, channels] if channels == self.inputs => {
                        format!("put the axis of the {points} points last")
                    }
                    [_, channels, _] => format!("give the layer {channels} inputs"),
                    _ => "a set has one axis of points, behind that of the channels".to_owned(),
                };
                Err(shape_error(self, format!("(batch, {}, points)", self.inputs), input, suggestion))
            }
        }
    }

    fn parameters(&self) -> Vec<Parameter> {
        // An output sums up the inputs twice: at its point and pooled.
        let fan = (self.inputs.saturating_mul(2), self.outputs.saturating_mul(2));
        let weight = Parameter::new(Role::Weight, [self.outputs, self.inputs], fan);
        let pooled = Parameter { name: "pooled_weight".to_owned(), ..weight.clone() };
        let bias = self.bias.then(|| Parameter::new(Role::Bias, [self.outputs], fan));
        [weight, pooled].into_iter().chain(bias).collect()
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.output_shape(input).map(|_| View::Everything)
    }

    /// All permutations of the points are kept; those that are symmetries of space, were the points places on
    /// a line, are the translations and the flip.
    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        self.output_shape(input).map(|_| Symmetry::full(1))
    }

    /// Channels must stay where they are; of the places on a line, which points are here, the group's flip is
    /// a permutation.
    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        if !from.is_trivial() {
            let hypothesis = format!("the group permutes its inputs, {from}, and its weights are free");
            return Err(equivariance::broken(self, from, hypothesis, "pool over the group first"));
        }
        let because = "it treats all points alike, and the group permutes them".to_owned();
        Ok(OutputType { feature: from.with_fields(self.outputs), because })
    }

    /// Each weight connects channels at each point, and once those of the set.
    fn connections(&self, input: &[usize]) -> Result<u128, LayerError> {
        let shape = self.output_shape(input)?;
        Ok((self.inputs as u128 * self.outputs as u128).saturating_mul(shape[2] as u128 + 1))
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        self.output_shape(x.shape())?;
        check_weights(self, weights)?;
        let (of_points, of_set) = self.split(weights);
        let (pool, dense) = self.of_set();
        let mut output = self.of_points().forward(x, &of_points, mode)?;
        let of_all = dense.forward(&pool.forward(x, &[], mode)?, of_set, mode)?;
        for mut point in output.axis_iter_mut(Axis(2)) {
            point.zip_mut_with(&of_all, S::add_in_place);
        }
        Ok(output)
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        let (of_points, of_set) = self.split(weights);
        let (pool, dense) = self.of_set();
        let of_points = self.of_points().backward(x, &of_points, mode, output_gradient)?;
        let sum = GlobalPool::SUM.forward(output_gradient, &[], mode)?;
        let of_set = dense.backward(&pool.forward(x, &[], mode)?, of_set, mode, &sum)?;
        let mut input = pool.backward(x, &[], mode, &of_set.input)?.input;
        input.zip_mut_with(&of_points.input, S::add_in_place);
        let weight = of_points.weights.into_iter().map(|gradient| gradient.remove_axis(Axis(2)));
        Ok(Gradients { input, weights: weight.chain(of_set.weights).collect() })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2, arr3};

    use super::super::{laws, matrix};
    use super::*;
    use crate::group::{Reflection, Symmetric};
    use crate::scalar::Symbolic;
    use crate::signal::{GridGroup, OnAxis};
    use crate::verify::prove;

    const POOLINGS: [Reduction; 3] = [Reduction::Mean, Reduction::Sum, Reduction::Maximum];

    #[test]
    fn by_hand() {
        let x = arr3(&[[[1.0, 2.0, 6.0], [0.0, -3.0, 0.0]]]).into_dyn();
        let weights = [arr2(&[[1.0, 10.0]]), arr2(&[[2.0, 1.0]])].map(|weight| weight.into_dyn());
        let run = |layer: SetLinear, weights: &[ArrayD<f64>]| layer.forward(&x, weights, Mode::Inference);
        let layer = SetLinear::new(2, 1).without_bias();
        // Of the points 1, −28 and 6; of the means 3 and −1, sums 9 and −3, maxima 6 and 0.
        for (pooling, all) in POOLINGS.into_iter().zip([5.0, 15.0, 12.0]) {
            let expected = arr3(&[[[1.0 + all, -28.0 + all, 6.0 + all]]]).into_dyn();
            assert_eq!(run(layer.pooling(pooling), &weights).unwrap(), expected);
        }
        let biased = [&weights[..], &[arr1(&[0.5]).into_dyn()]].concat();
        assert_eq!(run(SetLinear::new(2, 1), &biased).unwrap(), arr3(&[[[6.5, -22.5, 11.5]]]).into_dyn());
    }

    #[test]
    fn of_one_channel_it_is_two_weights() {
        let layer = SetLinear::new(1, 1).pooling(Reduction::Sum);
        let weights = ["λ", "γ", "β"].map(|name| Symbolic::variables(name, &[]));
        let weights = [
            weights[0].clone().into_shape_with_order(vec![1, 1]).unwrap(),
            weights[1].clone().into_shape_with_order(vec![1, 1]).unwrap(),
            weights[2].clone().into_shape_with_order(vec![1]).unwrap(),
        ];
        let matrix = matrix(&layer, &[1, 3], &weights).unwrap();
        let [on, off] = [&matrix[[0, 0]], &matrix[[0, 1]]];
        for ((i, j), entry) in matrix.indexed_iter() {
            assert_eq!(entry, if i == j { on } else { off });
        }
        assert_eq!(*on, off.clone() + weights[0][[0, 0]].clone());
        assert_eq!(*off, weights[1][[0, 0]]);
    }

    #[test]
    fn it_commutes_with_the_permutations_of_the_points() {
        for pooling in POOLINGS {
            for points in [1, 2, 4] {
                let group = Symmetric::new(points).unwrap();
                let check = prove(SetLinear::new(2, 3).pooling(pooling)).on([2, 2, points]);
                check.commutes_with(group, OnAxis::new(1), OnAxis::new(1)).assert();
            }
        }
    }

    #[test]
    fn gradients_are_exact() {
        for pooling in POOLINGS {
            laws::gradient(&SetLinear::new(2, 3).pooling(pooling), &[3, 2, 4]);
            laws::gradient(&SetLinear::new(3, 1).pooling(pooling).without_bias(), &[2, 3, 1]);
        }
    }

    #[test]
    fn what_is_known_before_it_runs() {
        let layer = SetLinear::new(3, 5);
        assert_eq!(laws::facts(&layer, &[1, 3, 7]), (vec![1, 5, 7], 35, 15 * 8));
        let names: Vec<_> = layer.parameters().into_iter().map(|parameter| parameter.name).collect();
        assert_eq!(names, ["weight", "pooled_weight", "bias"]);
        assert_eq!(layer.symmetry(&[1, 3, 7]).unwrap(), Symmetry::full(1));
        // Points in mirrored order; channels that are exchanged would need equal weights.
        let line = GridGroup::of(&Reflection);
        let scalars = FeatureType::trivial(&line, 3);
        assert_eq!(layer.output_type(&[1, 3, 7], &scalars).unwrap().feature, scalars.with_fields(5));
        let pairs = FeatureType::regular(&line, 1);
        let error = SetLinear::new(2, 1).output_type(&[1, 2, 7], &pairs).unwrap_err().to_string();
        assert!(error.ends_with("its weights are free; pool over the group first"), "{error}");
        let told = |shape: &[usize]| layer.output_shape(shape).unwrap_err().to_string();
        assert_eq!(
            told(&[8, 100, 3]),
            "set linear 3 → 5 with the mean takes inputs of shape (batch, 3, points), found [8, 100, 3]: \
             put the axis of the 100 points last"
        );
        assert!(told(&[8, 2, 9]).ends_with("give the layer 2 inputs"));
        assert!(told(&[8, 3, 0]).ends_with("a set needs a point to pool over"));
        assert!(told(&[8, 3]).ends_with("a set has one axis of points, behind that of the channels"));
    }
}
