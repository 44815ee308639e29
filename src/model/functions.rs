//! Functions that a model brings along: their nodes take the place of each call.
//!
//! Names inside of a function get that of the call in front, so that every tensor keeps a name of its own.
//! Calls within calls could make a small file huge: the nodes are limited by the size of the file.

use std::collections::HashMap;

use prost::Message;

use super::opset::check_opset;
use crate::onnx::message::{Attribute, Function, Node};

/// A node, and the version of its operators.
#[derive(Clone, Debug)]
pub(super) struct Inlined {
    pub(super) node: Node,
    pub(super) opset: i64,
}

/// How many times the bytes of the file the nodes may have.
const GROWTH: usize = 8;
/// What an empty node counts.
const EMPTY: usize = 64;
/// How deep calls may be within calls.
const DEPTH: usize = 32;

/// A function, and the version of the operators in it.
type Known<'a> = HashMap<(&'a str, &'a str, &'a str), (&'a Function, i64)>;

/// The nodes with the bodies of functions in place of calls.
///
/// # Errors
/// If a function has operators of a version that is not known, calls are nested too deep, or the nodes get
/// too many.
pub(super) fn inline(
    nodes: Vec<Node>,
    opset: i64,
    functions: &[Function],
    bytes: usize,
) -> Result<Vec<Inlined>, String> {
    if functions.is_empty() {
        return Ok(nodes.into_iter().map(|node| Inlined { node, opset }).collect());
    }
    let mut known = Known::new();
    for function in functions {
        let own = function.opset_import.iter();
        let own = own.filter(|set| matches!(set.domain.as_deref(), None | Some("" | "ai.onnx")));
        let own = own.map(|set| set.version).max().unwrap_or(opset);
        check_opset(own).map_err(|reason| format!("function {}: {reason}", function.name))?;
        let key = (function.domain.as_str(), function.name.as_str(), function.overload.as_str());
        known.insert(key, (function, own));
    }
    let mut expansion = Expansion { known, left: bytes.saturating_mul(GROWTH), nodes: Vec::new() };
    for (number, node) in nodes.into_iter().enumerate() {
        expansion.add(node, opset, &number.to_string(), 0)?;
    }
    Ok(expansion.nodes)
}

struct Expansion<'a> {
    known: Known<'a>,
    /// Bytes of nodes that may still be added.
    left: usize,
    nodes: Vec<Inlined>,
}

impl Expansion<'_> {
    /// Adds a node, or the body of the function that it calls; `place` tells it from other calls.
    fn add(&mut self, node: Node, opset: i64, place: &str, depth: usize) -> Result<(), String> {
        let key = (node.domain.as_str(), node.op_type.as_str(), node.overload.as_str());
        let Some(&(function, own)) = self.known.get(&key) else {
            let size = node.encoded_len() + EMPTY;
            self.left = self.left.checked_sub(size).ok_or("calls of functions make the model too large")?;
            self.nodes.push(Inlined { node, opset });
            return Ok(());
        };
        if depth == DEPTH {
            return Err(format!("calls of functions are nested more than {DEPTH} deep"));
        }
        let caller =
            if node.name.is_empty() { format!("{}_{place}", node.op_type) } else { node.name.clone() };
        let formal =
            function.input.iter().zip(node.input.iter().map(String::as_str).chain(std::iter::repeat("")));
        let outputs =
            function.output.iter().zip(&node.output).map(|(formal, actual)| (formal, actual.as_str()));
        let names = formal.chain(outputs.filter(|(_, actual)| !actual.is_empty())).collect::<HashMap<_, _>>();
        let rename = |name: &String| match names.get(name) {
            Some(actual) => (*actual).to_owned(),
            None if name.is_empty() => String::new(),
            None => format!("{caller}/{name}"),
        };
        for (number, inner) in function.node.iter().enumerate() {
            let name = if inner.name.is_empty() {
                format!("{}_{number}", inner.op_type)
            } else {
                inner.name.clone()
            };
            let attribute =
                inner.attribute.iter().filter_map(|attribute| resolve(attribute, &node, function));
            let body = Node {
                input: inner.input.iter().map(rename).collect(),
                output: inner.output.iter().map(rename).collect(),
                name: format!("{caller}/{name}"),
                attribute: attribute.collect(),
                ..inner.clone()
            };
            self.left = self.left.checked_sub(EMPTY).ok_or("calls of functions make the model too large")?;
            self.add(body, own, &format!("{place}_{number}"), depth + 1)?;
        }
        Ok(())
    }
}

/// An attribute of a body: its own value, that of the call, or the default; none if there is none.
fn resolve(attribute: &Attribute, call: &Node, function: &Function) -> Option<Attribute> {
    if attribute.ref_attr_name.is_empty() {
        return Some(attribute.clone());
    }
    let mut given = call.attribute.iter().chain(&function.attribute_proto);
    let value = given.find(|given| given.name == attribute.ref_attr_name)?;
    Some(Attribute { name: attribute.name.clone(), ..value.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(operator: &str, domain: &str, input: &str, output: &str) -> Node {
        Node {
            input: vec![input.to_owned()],
            output: vec![output.to_owned()],
            op_type: operator.to_owned(),
            domain: domain.to_owned(),
            ..Node::default()
        }
    }

    fn function(name: &str, node: Vec<Node>) -> Function {
        Function {
            name: name.to_owned(),
            domain: "own".to_owned(),
            input: vec!["x".to_owned()],
            output: vec!["y".to_owned()],
            node,
            ..Function::default()
        }
    }

    #[test]
    fn bodies_take_the_place_of_calls() {
        let slope = |name: &str, reference: &str, f: Option<f32>| Attribute {
            name: name.to_owned(),
            ref_attr_name: reference.to_owned(),
            f,
            ..Attribute::default()
        };
        let mut leaky = node("LeakyRelu", "", "x", "t");
        leaky.attribute.push(slope("alpha", "slope", None));
        let mut own = function(
            "Twice",
            vec![leaky.clone(), Node { input: vec!["t".to_owned()], output: vec!["y".to_owned()], ..leaky }],
        );
        own.attribute_proto.push(slope("slope", "", Some(0.5)));
        let mut call = node("Twice", "own", "a", "b");
        call.attribute.push(slope("slope", "", Some(0.25)));
        let nodes = inline(vec![call, node("Twice", "own", "b", "c")], 17, &[own], 1000).unwrap();
        let told = nodes.iter().map(|inlined| {
            let node = &inlined.node;
            (node.input[0].as_str(), node.output[0].as_str(), node.attribute[0].f)
        });
        let expected = [
            ("a", "Twice_0/t", Some(0.25)),
            ("Twice_0/t", "b", Some(0.25)),
            ("b", "Twice_1/t", Some(0.5)),
            ("Twice_1/t", "c", Some(0.5)),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert_eq!(nodes[1].node.name, "Twice_0/LeakyRelu_1");
    }

    #[test]
    fn calls_do_not_grow_without_bound() {
        let call = |name: &str| node(name, "own", "x", "y");
        let circle = function("F", vec![call("F")]);
        assert!(inline(vec![call("F")], 17, &[circle], 1 << 20).unwrap_err().contains("nested"));
        // Each calls the next twice: 2²⁰ nodes in the end.
        let chain = (0..20).map(|n| {
            let next = if n == 19 { node("Relu", "", "x", "y") } else { call(&format!("F{}", n + 1)) };
            function(&format!("F{n}"), vec![next.clone(), next])
        });
        let chain = chain.collect::<Vec<_>>();
        assert!(inline(vec![call("F0")], 17, &chain, 1000).unwrap_err().contains("too large"));
    }
}
