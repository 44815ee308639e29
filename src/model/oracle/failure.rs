//! With what probability a proof by the oracle reading is wrong.
//!
//! The numbers of the theorem in [`super`] for a program: how many arguments functions have, of what degree,
//! and how many bits the coefficients of polynomials have. They are bounded tensor by tensor, from the inputs
//! to the outputs. A polynomial whose coefficients are integers over 2ˢ, with absolute values that sum up to
//! at most 2ⁿ⁻ˢ, has *scale* s and *bits* n: products add both, and a sum is taken at the larger scale.

use ndarray::ArrayD;

use super::super::{Function, Lists, Operation, Origin, Program, Reduction, Source, Step, Symbol};

/// Less than the number of primes between 2⁶⁰ and 2⁶¹.
const PRIMES: f64 = 1.6e16;
/// The bits of the least prime.
const PRIME_BITS: f64 = 60.0;

/// A bound of the polynomials of a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Size {
    degree: f64,
    bits: f64,
    scale: f64,
}

impl Size {
    const ZERO: Size = Size { degree: 0.0, bits: 0.0, scale: 0.0 };
    /// An input, or the value of a function.
    const VARIABLE: Size = Size { degree: 1.0, bits: 0.0, scale: 0.0 };

    /// Of the finite numbers among these.
    fn constants<'a>(values: impl Iterator<Item = &'a f64>) -> Self {
        values.filter(|value| value.is_finite() && **value != 0.0).fold(Size::ZERO, |size, &value| {
            // |value| < 2ᵉ
            let exponent = (value.to_bits() >> 52 & 0x7ff) as f64 - 1022.0;
            // Trailing zeros of a significand of 53 bits need no scale.
            let zeros = f64::from((value.to_bits() | 1 << 52).trailing_zeros());
            size.or(Size { degree: 0.0, bits: (exponent + 1.0).max(0.0), scale: 0.0 }
                .at((53.0 - zeros - exponent).max(0.0)))
        })
    }

    /// The same with a larger scale.
    fn at(self, scale: f64) -> Self {
        let scale = scale.max(self.scale);
        Size { bits: self.bits + scale - self.scale, scale, ..self }
    }

    /// A bound of both.
    fn or(self, other: Self) -> Self {
        let (one, other) = (self.at(other.scale), other.at(self.scale));
        Size { degree: one.degree.max(other.degree), bits: one.bits.max(other.bits), scale: one.scale }
    }

    /// A sum of so many of these.
    fn times(self, count: usize) -> Self {
        Size { bits: self.bits + (count.max(1) as f64).log2(), ..self }
    }

    fn plus(self, other: Self) -> Self {
        self.or(other).times(2)
    }

    fn product(self, other: Self) -> Self {
        Size {
            degree: self.degree + other.degree,
            bits: self.bits + other.bits,
            scale: self.scale + other.scale,
        }
    }

    fn half(self) -> Self {
        Size { scale: self.scale + 1.0, bits: self.bits, ..self }
    }

    fn power(self, exponent: usize) -> Self {
        let n = exponent as f64;
        Size { degree: self.degree * n, bits: self.bits * n, scale: self.scale * n }
    }

    /// The probability that the value of a difference of two of these is zero, though it is not.
    fn vanishes(self) -> f64 {
        self.degree / PRIME_BITS.exp2() + (1.0 + (self.bits + 1.0) / PRIME_BITS) / PRIMES
    }
}

/// What the theorem says about a program: the probability that two different terms are taken for equal.
#[derive(Clone, Debug)]
pub(in crate::model) struct Failure {
    /// The arguments of all functions, in one evaluation.
    arguments: f64,
    argument: Size,
    output: Size,
}

impl Failure {
    pub(in crate::model) fn of(program: &Program) -> Self {
        let mut failure = Failure { arguments: 0.0, argument: Size::ZERO, output: Size::ZERO };
        let mut sizes: Vec<Size> = program
            .slots
            .iter()
            .map(|slot| match &slot.origin {
                Origin::Input(_) => Size::VARIABLE,
                Origin::Constant(values) => Size::constants(values.iter()),
                Origin::Step(_) => Size::ZERO,
            })
            .collect();
        for step in &program.steps {
            let inputs: Vec<Size> = step.inputs.iter().map(|&input| sizes[input]).collect();
            sizes[step.output] = failure.step(program, step, &inputs);
        }
        for &output in &program.outputs {
            failure.output = failure.output.or(sizes[output]);
        }
        failure
    }

    /// log₂ of the bound, with so many keys, that one of 2ⁿ conjectures is found true that is not.
    pub(in crate::model) fn log2(&self, keys: usize, n: f64) -> f64 {
        let arguments = 2.0 * self.arguments;
        let one = (arguments * arguments + arguments) * self.argument.vanishes() + self.output.vanishes();
        (n + keys as f64 * one.log2()).min(0.0)
    }

    /// The least number of keys with which the bound is at most 2⁻ᵇ; at most 16.
    pub(in crate::model) fn keys_for(&self, b: f64, n: f64) -> usize {
        (1..16).find(|&keys| self.log2(keys, n) <= -b).unwrap_or(16)
    }

    /// Functions with so many arguments of this size; a bound of their values.
    fn apply(&mut self, count: f64, argument: Size) -> Size {
        self.arguments += count;
        self.argument = self.argument.or(argument);
        Size::VARIABLE
    }

    /// The greatest of sets with so many members in all.
    fn maximum(&mut self, count: f64, entry: Size) -> Size {
        // Members are compared as they are, and of two the difference is an argument.
        let value = self.apply(count, entry.plus(entry));
        entry.plus(entry).plus(value).half()
    }

    fn step(&mut self, program: &Program, step: &Step, inputs: &[Size]) -> Size {
        let count = entries(program, step.output);
        let all = inputs.iter().fold(Size::ZERO, |all, &input| all.or(input));
        match &step.operation {
            Operation::Pointwise(function) => self.function(function, count, inputs, all),
            Operation::Rearrange(sources) => {
                let constants = sources.iter().filter_map(|source| match source {
                    Source::Constant(value) => Some(value),
                    Source::Entry { .. } => None,
                });
                all.or(Size::constants(constants))
            }
            Operation::Reduce(reduction, lists) => self.reduce(reduction, lists, count, all),
            Operation::Convolution(_) => {
                let taps = program.slots[step.inputs[1]].shape[1..].iter().product();
                let products = inputs[0].product(inputs[1]).times(taps);
                inputs.get(2).map_or(products, |&bias| products.plus(bias))
            }
            Operation::Product => {
                let inner = program.slots[step.inputs[0]].shape.last().copied().unwrap_or(1);
                inputs[0].product(inputs[1]).times(inner)
            }
        }
    }

    fn function(&mut self, function: &Function, count: f64, inputs: &[Size], all: Size) -> Size {
        match (function, inputs) {
            (Function::Add | Function::Subtract, _) => all.times(2),
            (Function::Negate, _) => all,
            (Function::Multiply, [a, b]) => a.product(*b),
            (Function::Divide, [a, b]) => a.product(self.apply(count, *b)),
            (Function::Maximum | Function::Minimum, _) => self.maximum(count * inputs.len() as f64, all),
            (Function::Sigmoid, _) => self.apply(count, all.half()).plus(Size::VARIABLE).half(),
            (Function::Other(Symbol { name, parameters }), _) if name == "LeakyRelu" => {
                let slope = Size::constants(parameters.iter().chain(&[1.0])).times(2).half();
                let magnitude = self.apply(count, all);
                slope.product(all).plus(slope.product(magnitude))
            }
            _ => self.apply(count * inputs.len() as f64, all),
        }
    }

    fn reduce(&mut self, reduction: &Reduction, lists: &Lists, count: f64, all: Size) -> Size {
        let longest = lists.offsets.windows(2).map(|ends| ends[1] - ends[0]).max().unwrap_or(0);
        let planes = count / (lists.offsets.len().saturating_sub(1).max(1) as f64);
        let members = planes * lists.members.len() as f64;
        match reduction {
            Reduction::Sum => {
                let factors = lists.factors.as_ref().map(|factors| Size::constants(factors.iter()));
                factors.map_or(all, |factors| all.product(factors)).times(longest)
            }
            Reduction::Product => all.power(longest),
            Reduction::Maximum | Reduction::Minimum => self.maximum(members, all),
            Reduction::Other(_) => self.apply(members, all),
        }
    }
}

fn entries(program: &Program, slot: usize) -> f64 {
    program.slots[slot].shape.iter().product::<usize>() as f64
}

/// Whether a program has numbers that are not finite, of which exact arithmetic knows nothing.
pub(in crate::model) fn has_infinities(program: &Program) -> bool {
    let infinite = |values: &[f64]| values.iter().any(|value| !value.is_finite());
    let of_array = |array: &ArrayD<f64>| array.iter().any(|value| !value.is_finite());
    program.slots.iter().any(|slot| matches!(&slot.origin, Origin::Constant(array) if of_array(array)))
        || program.steps.iter().any(|step| match &step.operation {
            Operation::Rearrange(sources) => {
                sources.iter().any(|source| matches!(source, Source::Constant(value) if !value.is_finite()))
            }
            Operation::Reduce(_, lists) => lists.factors.as_deref().is_some_and(infinite),
            Operation::Pointwise(Function::Other(symbol)) => infinite(&symbol.parameters),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_integers_over_a_power_of_two() {
        // 0.75 = 3/4; with 5 = 20/4 the scale is 2.
        let size = Size::constants([0.75, 5.0].iter());
        assert_eq!(size.scale, 2.0);
        assert!(size.bits >= 20.0_f64.log2() && size.bits <= 7.0, "{size:?}");
        let tiny = Size::constants([5e-324].iter());
        assert!((1074.0..1077.0).contains(&tiny.scale) && tiny.bits >= 0.0, "{tiny:?}");
    }

    #[test]
    fn sums_and_products_bound_their_coefficients() {
        let (a, b) =
            (Size { degree: 1.0, bits: 5.0, scale: 2.0 }, Size { degree: 2.0, bits: 3.0, scale: 4.0 });
        assert_eq!(a.plus(b), Size { degree: 2.0, bits: 8.0, scale: 4.0 });
        assert_eq!(a.product(b), Size { degree: 3.0, bits: 8.0, scale: 6.0 });
        assert_eq!(a.power(3), Size { degree: 3.0, bits: 15.0, scale: 6.0 });
    }

    #[test]
    fn more_keys_fail_less() {
        let failure = Failure {
            arguments: 1e5,
            argument: Size { degree: 1.0, bits: 60.0, scale: 30.0 },
            output: Size { degree: 1.0, bits: 60.0, scale: 30.0 },
        };
        let logs: Vec<f64> = (1..4).map(|keys| failure.log2(keys, 6.0)).collect();
        assert!(logs[0] > logs[1] && logs[1] > logs[2], "{logs:?}");
        let keys = failure.keys_for(40.0, 6.0);
        assert!(failure.log2(keys, 6.0) <= -40.0 && failure.log2(keys - 1, 6.0) > -40.0);
    }
}
