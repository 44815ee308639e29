//! Functions of entries, with broadcasting.
//!
//! What the four operations, maximum and minimum can write is written in them: ReLU is max(x, 0), a hard
//! sigmoid max(0, min(1, α x + β)). Every other function is a symbol that carries its parameters.

use super::super::error::{Refusal, malformed};
use super::super::{ElementType, Function, Source};
use super::builder::broadcast;
use super::{Builder, Call, Content, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "Add" | "Sub" | "Mul" | "Div" | "Max" | "Min" | "Sum" | "Mean" => arithmetic,
        "Neg" | "Abs" | "Exp" | "Log" | "Sqrt" | "Tanh" | "Sigmoid" | "Erf" | "Floor" | "Ceil" | "Round"
        | "Sign" | "Sin" | "Cos" | "Tan" | "Asin" | "Acos" | "Atan" | "Sinh" | "Cosh" | "Asinh" | "Acosh"
        | "Atanh" | "Softplus" | "Reciprocal" | "BitwiseNot" => unary,
        "Relu" | "LeakyRelu" | "PRelu" | "Elu" | "Selu" | "Celu" | "ThresholdedRelu" | "Shrink" => rectifier,
        "HardSigmoid" | "HardSwish" | "Softsign" | "Mish" | "Gelu" | "Swish" => activation,
        "Clip" => clip,
        "Equal" | "Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual" | "And" | "Or" | "Xor" | "Not"
        | "IsNaN" | "IsInf" => truth,
        "BitwiseAnd" | "BitwiseOr" | "BitwiseXor" | "BitShift" => bitwise,
        "Pow" => power,
        "Mod" => modulo,
        "Where" => choose,
        "Cast" | "CastLike" => cast,
        _ => return None,
    })
}

impl Builder {
    /// A function of tensors of one type.
    pub(super) fn apply(&mut self, function: Function, inputs: &[&Value]) -> Result<Value, Refusal> {
        self.pointwise(function, inputs, inputs[0].element)
    }

    pub(super) fn apply_named(&mut self, name: &str, inputs: &[&Value]) -> Result<Value, Refusal> {
        self.apply(Function::named(name), inputs)
    }

    pub(super) fn add(&mut self, a: &Value, b: &Value) -> Result<Value, Refusal> {
        self.apply(Function::Add, &[a, b])
    }

    pub(super) fn subtract(&mut self, a: &Value, b: &Value) -> Result<Value, Refusal> {
        self.apply(Function::Subtract, &[a, b])
    }

    pub(super) fn multiply(&mut self, a: &Value, b: &Value) -> Result<Value, Refusal> {
        self.apply(Function::Multiply, &[a, b])
    }

    /// The quotient; of integers its integer part.
    pub(super) fn divide(&mut self, a: &Value, b: &Value) -> Result<Value, Refusal> {
        if a.element.is_float() {
            self.apply(Function::Divide, &[a, b])
        } else {
            self.apply_named("IntegerDivide", &[a, b])
        }
    }

    /// A number times a tensor; 1 leaves it as it is.
    pub(super) fn scale(&mut self, value: &Value, factor: f64) -> Result<Value, Refusal> {
        if factor == 1.0 {
            return Ok(value.clone());
        }
        self.multiply(value, &Value::scalar(value.element, factor))
    }

    /// max(x, least).
    pub(super) fn at_least(&mut self, value: &Value, least: f64) -> Result<Value, Refusal> {
        self.apply(Function::Maximum, &[value, &Value::scalar(value.element, least)])
    }

    /// min(x, most).
    pub(super) fn at_most(&mut self, value: &Value, most: f64) -> Result<Value, Refusal> {
        self.apply(Function::Minimum, &[value, &Value::scalar(value.element, most)])
    }
}

fn arithmetic(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let inputs = call.all_inputs()?;
    let is_float = inputs[0].element.is_float();
    let value = match (call.node.op_type.as_str(), &inputs[..]) {
        ("Add", [a, b]) => builder.add(a, b)?,
        ("Sub", [a, b]) => builder.subtract(a, b)?,
        ("Mul", [a, b]) => builder.multiply(a, b)?,
        ("Div", [a, b]) => builder.divide(a, b)?,
        ("Max" | "Min", [only]) => (*only).clone(),
        ("Max", list) => builder.apply(Function::Maximum, list)?,
        ("Min", list) => builder.apply(Function::Minimum, list)?,
        ("Sum" | "Mean", [first, rest @ ..]) => {
            let mut sum = (*first).clone();
            for term in rest {
                sum = builder.add(&sum, term)?;
            }
            if call.node.op_type == "Mean" && is_float {
                let count = Value::scalar(sum.element, inputs.len() as f64);
                sum = builder.divide(&sum, &count)?;
            }
            sum
        }
        (operator, list) => return malformed(format!("{operator} of {} inputs", list.len())),
    };
    Ok(vec![value])
}

fn unary(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let function = match call.node.op_type.as_str() {
        "Neg" => Function::Negate,
        "Abs" => Function::Absolute,
        "Exp" => Function::Exponential,
        "Log" => Function::Logarithm,
        "Sqrt" => Function::SquareRoot,
        "Tanh" => Function::HyperbolicTangent,
        "Sigmoid" => Function::Sigmoid,
        "Erf" => Function::Erf,
        "Reciprocal" => return Ok(vec![builder.divide(&Value::scalar(x.element, 1.0), x)?]),
        name => Function::named(name),
    };
    Ok(vec![builder.apply(function, &[x])?])
}

fn rectifier(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let function = match call.node.op_type.as_str() {
        "Relu" => return Ok(vec![builder.at_least(x, 0.0)?]),
        "PRelu" => {
            // max(x, 0) + slope · min(x, 0)
            let (positive, negative) = (builder.at_least(x, 0.0)?, builder.at_most(x, 0.0)?);
            let negative = builder.multiply(&negative, call.input(1)?)?;
            return Ok(vec![builder.add(&positive, &negative)?]);
        }
        "LeakyRelu" => Function::with_parameters("LeakyRelu", &[call.float("alpha", f64::from(0.01_f32))]),
        "Elu" => Function::with_parameters("Elu", &[call.float("alpha", 1.0)]),
        "Celu" => Function::with_parameters("Celu", &[call.float("alpha", 1.0)]),
        "ThresholdedRelu" => Function::with_parameters("ThresholdedRelu", &[call.float("alpha", 1.0)]),
        "Shrink" => Function::with_parameters("Shrink", &[call.float("bias", 0.0), call.float("lambd", 0.5)]),
        _ => {
            // The constants of the standard, as it writes them.
            let alpha = call.float("alpha", f64::from(1.673_263_2_f32));
            Function::with_parameters("Selu", &[alpha, call.float("gamma", f64::from(1.050_701_f32))])
        }
    };
    Ok(vec![builder.apply(function, &[x])?])
}

fn activation(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let value = match call.node.op_type.as_str() {
        "HardSigmoid" => {
            let (alpha, beta) = (call.float("alpha", f64::from(0.2_f32)), call.float("beta", 0.5));
            let scaled = builder.scale(x, alpha)?;
            hard_sigmoid(builder, &scaled, beta)?
        }
        "HardSwish" => {
            let sixth = builder.divide(x, &Value::scalar(x.element, 6.0))?;
            let gate = hard_sigmoid(builder, &sixth, 0.5)?;
            builder.multiply(x, &gate)?
        }
        "Softsign" => {
            let magnitude = builder.apply(Function::Absolute, &[x])?;
            let divisor = builder.add(&Value::scalar(x.element, 1.0), &magnitude)?;
            builder.divide(x, &divisor)?
        }
        "Mish" => {
            let softplus = builder.apply_named("Softplus", &[x])?;
            let gate = builder.apply(Function::HyperbolicTangent, &[&softplus])?;
            builder.multiply(x, &gate)?
        }
        "Swish" => {
            let scaled = builder.scale(x, call.float("alpha", 1.0))?;
            let gate = builder.apply(Function::Sigmoid, &[&scaled])?;
            builder.multiply(x, &gate)?
        }
        _ => gelu(builder, x, &call.string("approximate", "none")?)?,
    };
    Ok(vec![value])
}

/// max(0, min(1, x + shift)).
fn hard_sigmoid(builder: &mut Builder, x: &Value, shift: f64) -> Result<Value, Refusal> {
    let shifted = builder.add(x, &Value::scalar(x.element, shift))?;
    let below = builder.at_most(&shifted, 1.0)?;
    builder.at_least(&below, 0.0)
}

/// x (1 + erf(x / √2)) / 2, or x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, where √(2/π) is the nearest float.
fn gelu(builder: &mut Builder, x: &Value, approximate: &str) -> Result<Value, Refusal> {
    let number = |value: f64| Value::scalar(x.element, value);
    let sigmoid = if approximate == "tanh" {
        let square = builder.multiply(x, x)?;
        let cube = builder.multiply(&square, x)?;
        let cubic = builder.scale(&cube, 0.044_715)?;
        let sum = builder.add(x, &cubic)?;
        let scaled = builder.scale(&sum, (2.0 / std::f64::consts::PI).sqrt())?;
        builder.apply(Function::HyperbolicTangent, &[&scaled])?
    } else {
        let root = builder.apply(Function::SquareRoot, &[&number(2.0)])?;
        let scaled = builder.divide(x, &root)?;
        builder.apply(Function::Erf, &[&scaled])?
    };
    let gate = builder.add(&number(1.0), &sigmoid)?;
    let product = builder.multiply(x, &gate)?;
    builder.scale(&product, 0.5)
}

fn clip(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let mut value = call.input(0)?.clone();
    let element = value.element;
    let bound = |number: usize, name: &str| match call.optional(number) {
        Some(bound) => Some(bound.clone()),
        None => call.attribute(name).map(|_| Value::scalar(element, call.float(name, 0.0))),
    };
    // The upper bound comes last, as it wins where the bounds contradict each other.
    if let Some(least) = bound(1, "min") {
        value = builder.apply(Function::Maximum, &[&value, &least])?;
    }
    if let Some(most) = bound(2, "max") {
        value = builder.apply(Function::Minimum, &[&value, &most])?;
    }
    Ok(vec![value])
}

fn truth(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let inputs = call.all_inputs()?;
    let function = match call.node.op_type.as_str() {
        "IsInf" => {
            let signs = [call.int("detect_positive", 1) as f64, call.int("detect_negative", 1) as f64];
            Function::with_parameters("IsInf", &signs)
        }
        name => Function::named(name),
    };
    Ok(vec![builder.pointwise(function, &inputs, ElementType::Boolean)?])
}

fn bitwise(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let inputs = call.all_inputs()?;
    let name = match (call.node.op_type.as_str(), call.string("direction", "")?.as_str()) {
        ("BitShift", "LEFT") => "ShiftLeft",
        ("BitShift", _) => "ShiftRight",
        (name, _) => name,
    };
    Ok(vec![builder.apply_named(name, &inputs)?])
}

/// A power: products for small integer exponents, a root for one half, else a symbol.
fn power(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let (base, exponent) = (call.input(0)?, call.input(1)?);
    let known = exponent.known_floats().filter(|array| array.len() == 1 && base.element.is_float());
    let known = known.and_then(|array| array.first().copied());
    let fits = broadcast([base.shape.as_slice(), exponent.shape.as_slice()].into_iter())? == base.shape;
    let value = match known.filter(|_| fits) {
        Some(n) if n.fract() == 0.0 && (1.0..=16.0).contains(&n.abs()) => {
            let mut product = base.clone();
            for _ in 1..n.abs() as usize {
                product = builder.multiply(&product, base)?;
            }
            if n < 0.0 { builder.divide(&Value::scalar(base.element, 1.0), &product)? } else { product }
        }
        Some(0.5) => builder.apply(Function::SquareRoot, &[base])?,
        _ => builder.apply_named("Pow", &[base, exponent])?,
    };
    Ok(vec![value])
}

fn modulo(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let name = if call.flag("fmod", false) { "Remainder" } else { "Mod" };
    Ok(vec![builder.apply_named(name, &[call.input(0)?, call.input(1)?])?])
}

fn choose(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    Ok(vec![builder.choose(call.input(0)?, call.input(1)?, call.input(2)?)?])
}

impl Builder {
    /// A choice: by a known condition entries are moved, by another one it is a function.
    pub(super) fn choose(&mut self, condition: &Value, a: &Value, b: &Value) -> Result<Value, Refusal> {
        let shape = broadcast([condition, a, b].iter().map(|value| value.shape.as_slice()))?;
        let Content::Integers(known) = &condition.content else {
            return self.pointwise(Function::named("Where"), &[condition, a, b], a.element);
        };
        self.claim(&shape)?;
        let (yes, no) = (self.places(0, a)?, self.places(1, b)?);
        let expand =
            |array: &ndarray::ArrayD<Source>| array.broadcast(shape.clone()).map(|view| view.to_owned());
        let (Some(mut places), Some(no)) = (expand(&yes), expand(&no)) else {
            return malformed("the inputs of Where cannot be broadcast");
        };
        ndarray::Zip::from(&mut places).and(&no).and_broadcast(known.as_ref()).for_each(
            |place, no, &holds| {
                if holds == 0 {
                    *place = *no;
                }
            },
        );
        self.rearrange(&[a, b], places, a.element)
    }
}

fn cast(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let target = match call.optional(1) {
        Some(like) => like.element,
        None => call.element("to")?.ok_or(Refusal::Malformed("attribute to is missing".to_owned()))?,
    };
    // Eight bits are few: what is too large becomes the greatest number, unless the node says otherwise.
    if target.is_float() && target.bits() <= 8 && (call.flag("saturate", true) || target.bits() == 4) {
        let most = builder.at_most(x, target.greatest())?;
        let clipped = builder.at_least(&most, -target.greatest())?;
        return Ok(vec![builder.cast(&clipped, target)?]);
    }
    Ok(vec![builder.cast(x, target)?])
}

impl Builder {
    /// The same numbers in another type. Between floats that is the identity in exact arithmetic: rounding to
    /// the type of a tensor is what a reading of floats does anyway.
    pub(super) fn cast(&mut self, x: &Value, target: ElementType) -> Result<Value, Refusal> {
        if x.element == target {
            return Ok(x.clone());
        }
        if let Content::Integers(array) = &x.content {
            if target.is_float() {
                let floats = x.known_floats().unwrap_or_else(|| array.mapv(|n| n as f64));
                return Ok(Value::floats(target, floats.mapv(|n| target.round(n))));
            }
            return self.pointwise(Function::named("Truncate"), &[x], target);
        }
        if let (Content::Floats(array), true) = (&x.content, target.is_float()) {
            return Ok(Value::floats(target, array.mapv(|number| target.round(number))));
        }
        if target == ElementType::Boolean {
            return self.pointwise(Function::named("NonZero"), &[x], target);
        }
        if target.is_float() {
            return self.retype(x, target);
        }
        // A shape that is computed in floats: what the types of the model make of it.
        if let Some(rounded) = x.rounded()
            && x.element.is_float()
        {
            let integers = rounded.iter().map(|&number| i64::try_from(target.wrap(number as i128)).ok());
            let Some(integers) = integers.collect::<Option<Vec<_>>>() else {
                return Err(Refusal::Unsupported("an integer of more than 63 bits".to_owned()));
            };
            return Ok(Value::integers(&x.shape, integers).with_element(target));
        }
        if x.element.is_float() {
            return self.pointwise(Function::named("Truncate"), &[x], target);
        }
        self.retype(x, target)
    }

    /// The same entries in a tensor of another type.
    fn retype(&mut self, x: &Value, target: ElementType) -> Result<Value, Refusal> {
        let places = self.places(0, x)?;
        self.rearrange(&[x], places, target)
    }
}
