//! Group convolution: the convolutional layer that commutes with a point group, between any feature maps.
//!
//! ```text
//! y(n, (m, a), o) = bias(m) + Σ_(c, b) Σ_k κ[m, c; a, b](k) · x̃(n, (c, b), o·stride + k·dilation − padding)
//! ```
//!
//! over input fields c, their cosets b and the taps k: an ordinary correlation with the kernel κ of a
//! [`Bank`], and one bias for each field. From an image to regular fields it is the *lifting* layer, from
//! regular to regular fields the *group correlation*
//!
//! ```text
//! (f ⋆ ψ)(h, o) = Σ_l Σ_k f(l, o + k) · ψ(h⁻¹l, h⁻¹k).
//! ```
//!
//! The gradient goes through the expansion: that of the weights is the fold of the kernel's. Cost: that of
//! the ordinary convolution, plus one look-up for each entry of the kernel;
//! [`plain`](GroupConvolution::plain) is what to use where the weights no longer change. Source: T. Cohen, M.
//! Welling, *Group equivariant convolutional networks*, 2016, equations 10 and 11. Theorems
//! `lifting_equivariant`, `group_correlation_equivariant`, `orientations_share` of `proofs/`.

use ndarray::{Array1, ArrayD};

use super::super::convolution::convolution_settings;
use super::super::{
    Convolution, Gradients, Layer, LayerError, Mode, OutputType, Parameter, Role, Symmetry, View, Window,
    check_backward, check_weights, equivariance,
};
use super::{Bank, FilterBank, Filters, SteerableBank};
use crate::conv::Options;
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// A convolutional layer that commutes with a finite point group of the grid.
///
/// Inputs have shape (batch, input channels, space…), weights that of [`FilterBank::weight_shape`] and, if it
/// has a bias, (output fields).
///
/// ```
/// use equivariant::layer::{GroupConvolution, Layer};
/// use equivariant::signal::{FeatureType, GridGroup};
/// use equivariant::{group::C4, verify::prove};
///
/// let c4 = GridGroup::c4();
/// let (image, maps) = (FeatureType::trivial(&c4, 1), FeatureType::regular(&c4, 2));
/// let lifting = GroupConvolution::new(image.clone(), maps.clone(), [3, 3]);
/// assert_eq!(lifting.output_shape(&[5, 1, 6, 6])?, [5, 8, 4, 4]);
/// assert_eq!(lifting.parameters()[0].shape, [2, 1, 1, 3, 3]);
/// // For all weights and images of this size.
/// prove(lifting).on([1, 1, 4, 4]).commutes_with(C4, image.on_maps(), maps.on_maps()).assert();
/// # Ok::<(), equivariant::layer::LayerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupConvolution {
    /// The type of the input.
    pub inputs: FeatureType,
    /// The type of the output.
    pub outputs: FeatureType,
    /// Extents of the kernel.
    pub taps: Vec<usize>,
    /// Stride, dilation, padding, boundary and groups of fields.
    pub options: Options,
    /// Whether there is a bias, one for each field of the output.
    pub bias: bool,
    /// Which filters it may have.
    pub filters: Filters,
}

impl GroupConvolution {
    /// With stride and dilation 1, no padding, and a bias.
    pub fn new(inputs: FeatureType, outputs: FeatureType, taps: impl Into<Vec<usize>>) -> Self {
        GroupConvolution {
            inputs,
            outputs,
            taps: taps.into(),
            options: Options::new(),
            bias: true,
            filters: Filters::Free,
        }
    }

    /// With filters from a steerable basis, in so many orientations: `orientations / 4` consecutive regular
    /// fields of C4 are one field of them. See [`SteerableBank`].
    ///
    /// ```
    /// use equivariant::layer::{GroupConvolution, Layer};
    /// use equivariant::signal::{FeatureType, GridGroup};
    ///
    /// let c4 = GridGroup::c4();
    /// // Three fields of sixteen orientations.
    /// let maps = FeatureType::regular(&c4, 3 * 4);
    /// let layer = GroupConvolution::new(maps.clone(), maps, [5, 5]).steerable(16);
    /// assert_eq!(layer.output_shape(&[1, 48, 9, 9])?, [1, 48, 5, 5]);
    /// // (output fields, input fields, relative orientations, harmonics) and a bias for each output field.
    /// assert_eq!(layer.parameters()[0].shape, [3, 3, 16, 13]);
    /// assert_eq!(layer.parameters()[1].shape, [3]);
    /// # Ok::<(), equivariant::layer::LayerError>(())
    /// ```
    #[must_use]
    pub fn steerable(mut self, orientations: usize) -> Self {
        self.filters = Filters::Steerable { orientations };
        self
    }

    /// The channels that share a bias, for each of which there is one: those of a field.
    pub fn field_size(&self) -> usize {
        match self.filters {
            Filters::Free => self.outputs.size(),
            Filters::Steerable { orientations } => orientations,
        }
    }

    /// The ordinary convolution that it is, with the kernel [`bank`](Self::bank)`.expand(weights)` and each
    /// bias repeated for the channels of its field.
    pub fn plain(&self) -> Convolution {
        Convolution {
            inputs: self.inputs.channels(),
            outputs: self.outputs.channels(),
            taps: self.taps.clone(),
            options: self.options.clone(),
            bias: self.bias,
        }
    }

    /// How the kernel of the ordinary convolution is made of the weights.
    ///
    /// # Errors
    /// If the types are of different groups, the kernel is not kept by the group, the number of groups of
    /// fields does not divide them, or there are steerable filters of another group than C4, of even extents,
    /// or between fields that are not of so many orientations.
    pub fn bank(&self) -> Result<Bank, LayerError> {
        let setting = |setting, expected: String, found: String| {
            Err(LayerError::Setting { layer: self.name(), setting, expected, found })
        };
        let group = self.inputs.group();
        if self.outputs.group() != group {
            let found = format!("one of {}", self.outputs.group());
            return setting("the output type", format!("a type of {group}, as that of the input"), found);
        }
        if self.taps.len() != group.axes() {
            let expected = format!("of {} axes, as {group} moves so many", group.axes());
            return setting("the kernel", expected, format!("{:?}", self.taps));
        }
        let exchanged = |g: usize| {
            group
                .signed_axes(g)
                .iter()
                .enumerate()
                .find(|&(axis, &(source, _))| self.taps[axis] != self.taps[source])
        };
        if let Some((g, (axis, &(source, _)))) = (0..group.order()).find_map(|g| Some((g, exchanged(g)?))) {
            let length = self.taps[axis].max(self.taps[source]);
            let expected = format!(
                "as long along axis {axis} as along axis {source}, which {} exchanges: {length} taps, say",
                group.element_name(g)
            );
            return setting("the kernel", expected, format!("{:?}", self.taps));
        }
        let (groups, mut fields) =
            (self.options.groups, [&self.inputs, &self.outputs].map(FeatureType::fields));
        let lifts = self.inputs.is_trivial();
        if let Filters::Steerable { orientations } = self.filters {
            match SteerableBank::fields(&self.inputs, &self.outputs, &self.taps, orientations) {
                Ok(steerable) => fields = steerable,
                Err((what, expected, found)) => return setting(what, expected, found),
            }
        }
        if groups == 0 || fields.iter().any(|fields| !fields.is_multiple_of(groups)) {
            let expected = format!("divide the {} and {} fields", fields[0], fields[1]);
            return setting("the number of groups of fields", expected, groups.to_string());
        }
        Ok(match self.filters {
            Filters::Free => Bank::Free(FilterBank::new(
                &self.inputs.with_fields(fields[0] / groups),
                &self.outputs,
                &self.taps,
            )),
            Filters::Steerable { orientations } => Bank::Steerable(SteerableBank::new(
                fields[0] / groups,
                fields[1],
                orientations,
                lifts,
                self.taps[0],
            )),
        })
    }

    /// The weights of the ordinary convolution.
    fn plain_weights<S: Scalar>(&self, bank: &Bank, weights: &[ArrayD<S>]) -> Vec<ArrayD<S>> {
        let size = self.field_size();
        let repeated = |bias: &ArrayD<S>| {
            bias.iter().flat_map(|value| std::iter::repeat_n(value.clone(), size)).collect::<Array1<S>>()
        };
        let bias = weights.get(1).map(|bias| repeated(bias).into_dyn());
        [bank.expand(&weights[0])].into_iter().chain(bias).collect()
    }
}

convolution_settings!(GroupConvolution);

impl Layer for GroupConvolution {
    fn name(&self) -> String {
        let taps: Vec<_> = self.taps.iter().map(ToString::to_string).collect();
        let filters = match self.filters {
            Filters::Free => String::new(),
            Filters::Steerable { orientations } => format!(", steerable in {orientations} orientations"),
        };
        format!("group convolution {}, {} → {}{filters}", taps.join("×"), self.inputs, self.outputs)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        self.bank()?;
        self.plain().output_shape(input)
    }

    /// # Panics
    /// If [`bank`](Self::bank) fails: layers whose shape of output is known do not.
    fn parameters(&self) -> Vec<Parameter> {
        let bank = self.bank().unwrap_or_else(|error| panic!("{error}"));
        let taps: usize = self.taps.iter().product();
        let groups = self.options.groups;
        let fan = (self.inputs.channels() / groups * taps, self.outputs.channels() / groups * taps);
        let fan = match &bank {
            Bank::Free(_) => fan,
            Bank::Steerable(bank) => (bank.fan(), fan.1),
        };
        let weight = Parameter::new(Role::Weight, bank.weight_shape(), fan);
        let biases = self.outputs.channels() / self.field_size();
        let bias = self.bias.then(|| Parameter::new(Role::Bias, [biases], fan));
        [weight].into_iter().chain(bias).collect()
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.plain().view(input)
    }

    /// The kernels are in all orientations, so that nothing has to be moved.
    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        Ok(Symmetry::of_windows(&Window::of(&self.plain().problem(input)?), true))
    }

    fn connections(&self, input: &[usize]) -> Result<u128, LayerError> {
        self.plain().connections(input)
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        self.output_shape(input)?;
        if *from != self.inputs {
            return Err(equivariance::broken(
                self,
                from,
                format!("its inputs are {}, but {from} arrive", self.inputs),
                "take the type of what arrives as that of the inputs",
            ));
        }
        let windows = Window::of(&self.plain().problem(input)?);
        equivariance::check_windows(self, &windows, from)?;
        let because = match self.filters {
            Filters::Free => "its filters are in all orientations, one for each orbit of taps and cosets",
            Filters::Steerable { .. } => {
                "its filters are in all orientations, a quarter as samples, the others as turns of these"
            }
        };
        Ok(OutputType { feature: self.outputs.clone(), because: because.to_owned() })
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        let bank = self.bank()?;
        check_weights(self, weights)?;
        self.plain().forward(x, &self.plain_weights(&bank, weights), mode)
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        let bank = self.bank()?;
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        let plain_weights = self.plain_weights(&bank, weights);
        let plain = self.plain().backward(x, &plain_weights, mode, output_gradient)?;
        let of_fields = |bias: &ArrayD<S>| {
            let channels: Vec<S> = bias.iter().cloned().collect();
            let sums = channels.chunks(self.field_size()).map(|field| {
                field.iter().fold(S::zero(), |mut sum, entry| {
                    sum.add_in_place(entry);
                    sum
                })
            });
            sums.collect::<Array1<S>>().into_dyn()
        };
        let bias = plain.weights.get(1).map(of_fields);
        let weights = [bank.fold(&plain.weights[0])].into_iter().chain(bias).collect();
        Ok(Gradients { input: plain.input, weights })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::laws;
    use super::*;
    use crate::conv::Boundary;
    use crate::group::{C4, D4, FiniteGroup, Hyperoctahedral, Reflection};
    use crate::signal::{GridGroup, PointGroup};
    use crate::verify::prove;

    /// All pairs of a regular, a trivial and a quotient type.
    fn pairs(group: &GridGroup, element: usize) -> Vec<(FeatureType, FeatureType)> {
        let quotient = FeatureType::quotient(group, &group.generated_by(&[element]), 1).unwrap();
        let types = [FeatureType::regular(group, 1), FeatureType::trivial(group, 2), quotient];
        types.iter().flat_map(|a| types.iter().map(|b| (a.clone(), b.clone()))).collect()
    }

    /// The layer commutes with the group for all inputs, weights and biases, says so, and its gradients are
    /// right.
    pub(in super::super) fn commutes<G: FiniteGroup + PointGroup>(
        group: G,
        layer: GroupConvolution,
        input: &[usize],
    ) {
        let (inputs, outputs) = (layer.inputs.on_maps(), layer.outputs.on_maps());
        laws::gradient(&layer, input);
        let kept = layer.output_type(input, &layer.inputs).unwrap();
        assert_eq!(kept.feature, layer.outputs);
        prove(layer).on(input.to_vec()).commutes_with(group, inputs, outputs).assert();
    }

    #[test]
    fn all_types_on_images() {
        for (inputs, outputs) in pairs(&GridGroup::c4(), 2) {
            let channels = inputs.channels();
            let layer = GroupConvolution::new(inputs, outputs, [2, 2]);
            commutes(C4, layer.clone().padding([1, 1]), &[1, channels, 3, 3]);
            let [more, wider] = [&layer.inputs, &layer.outputs].map(|feature| feature.with_fields(4));
            commutes(
                C4,
                GroupConvolution::new(more.clone(), wider, [2, 2]).groups(2),
                &[1, more.channels(), 2, 2],
            );
            commutes(C4, layer.stride([2, 2]).without_bias(), &[1, channels, 4, 4]);
        }
        for (inputs, outputs) in pairs(&GridGroup::d4(), 5) {
            let channels = inputs.channels();
            let layer = GroupConvolution::new(inputs, outputs, [3, 3]).boundary(Boundary::Periodic);
            commutes(D4, layer.padding([1, 1]), &[1, channels, 3, 3]);
        }
    }

    #[test]
    fn all_types_on_signals_and_volumes() {
        for (inputs, outputs) in pairs(&GridGroup::flip(), 1) {
            let channels = inputs.channels();
            commutes(
                Reflection,
                GroupConvolution::new(inputs, outputs, [3]).dilation([2]),
                &[2, channels, 7],
            );
        }
        let group = GridGroup::rotations_of_the_cube();
        let regular = FeatureType::regular(&group, 1);
        let lifting = GroupConvolution::new(FeatureType::trivial(&group, 1), regular, [2, 2, 2]);
        assert_eq!(lifting.parameters()[0].len(), 8);
        let full = GridGroup::of(&Hyperoctahedral::<3>);
        let quotient = FeatureType::quotient(&full, &full.generated_by(&[1, 2, 4]), 1).unwrap();
        let lifting = GroupConvolution::new(FeatureType::trivial(&full, 1), quotient, [2, 2, 2]);
        commutes(Hyperoctahedral::<3>, lifting, &[1, 1, 3, 3, 3]);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let c4 = GridGroup::c4();
        let (image, maps) = (FeatureType::trivial(&c4, 1), FeatureType::regular(&c4, 2));
        let told =
            |layer: &GroupConvolution, input: &[usize]| layer.output_shape(input).unwrap_err().to_string();
        let layer = GroupConvolution::new(image.clone(), maps.clone(), [2, 3]);
        let error = told(&layer, &[1, 1, 5, 5]);
        assert!(error.ends_with("which Rot90 exchanges: 3 taps, say, found [2, 3]"), "{error}");
        let layer = GroupConvolution::new(image.clone(), FeatureType::regular(&GridGroup::d4(), 2), [3, 3]);
        assert!(
            told(&layer, &[1, 1, 5, 5])
                .ends_with("must be a type of C4, as that of the input, found one of D4")
        );
        // An even grid under stride 2.
        let layer = GroupConvolution::new(image.clone(), maps.clone(), [3, 3]).stride([2, 2]);
        let error = layer.output_type(&[1, 1, 28, 28], &image).unwrap_err().to_string();
        assert!(error.ends_with("take a length of 27 or 29 there, or other padding"), "{error}");
        assert!(layer.output_type(&[1, 1, 29, 29], &image).is_ok());
        let error = layer.output_type(&[1, 1, 29, 29], &maps).unwrap_err().to_string();
        assert!(
            error.contains("its inputs are 1 trivial field of C4, but 2 regular fields of C4 arrive"),
            "{error}"
        );
    }
}
