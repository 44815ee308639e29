//! Programs of models: every node lowered, for inputs of given shapes.

use std::collections::HashMap;

use super::error::{ModelError, Refusal, plain};
use super::functions::Inlined;
use super::lower::{Builder, Call, Content, Value, lower};
use super::{Extent, Model, Port, Program, data};

impl Model {
    /// The program for inputs of these shapes. An input that is not named has the shape of the file, which
    /// then must have numbers for all extents.
    ///
    /// # Errors
    /// If a shape does not fit its input, an operator is not supported or contradicts the standard, an index
    /// or a shape depends on the inputs, or the program is beyond the limit.
    pub fn program(&self, shapes: &[(&str, &[usize])]) -> Result<Program, ModelError> {
        self.program_for(shapes, true)
    }

    /// The same for shapes that need not be those of the file, where it has numbers: only the number of axes
    /// is kept.
    pub(super) fn resized(&self, shapes: &[(&str, &[usize])]) -> Result<Program, ModelError> {
        self.program_for(shapes, false)
    }

    fn program_for(&self, shapes: &[(&str, &[usize])], as_in_file: bool) -> Result<Program, ModelError> {
        let mut builder = Builder::new(self.limit);
        let mut values = HashMap::new();
        for (name, (element, data)) in &self.constants {
            values.insert(name.as_str(), Value::constant(*element, data.clone()));
        }
        if let Some((unknown, _)) =
            shapes.iter().find(|(name, _)| self.inputs.iter().all(|port| port.name != *name))
        {
            let known = self.inputs.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(self.input_error(unknown, format!("the model has no such input; it has {known}")));
        }
        for port in &self.inputs {
            let asked = shapes.iter().find(|(name, _)| port.name == *name).map(|(_, shape)| *shape);
            let shape = self.shape(port, asked, as_in_file)?;
            let Some(element) = port.element else {
                return Err(self.input_error(&port.name, "not a tensor of numbers".to_owned()));
            };
            let value = builder.input(&shape, element);
            let value = value.map_err(|refusal| self.input_error(&port.name, refusal.to_string()))?;
            builder.name(&port.name, &value);
            values.insert(port.name.as_str(), value);
        }
        for (number, inlined) in self.nodes.iter().enumerate() {
            builder.node = number;
            self.node(&mut builder, inlined, &mut values)
                .map_err(|refusal| self.node_error(number, refusal))?;
        }
        for port in &self.outputs {
            let Some(value) = values.get(port.name.as_str()) else {
                let reason = plain(&format!("output {} is computed by no node", port.name));
                return Err(ModelError::Format { file: self.file.clone(), reason });
            };
            let slot = builder.slot(value).map_err(|refusal| ModelError::Format {
                file: self.file.clone(),
                reason: plain(&format!("output {}: {refusal}", port.name)),
            })?;
            builder.name_slot(&port.name, slot);
            builder.program.outputs.push(slot);
        }
        for (name, value) in &values {
            builder.name(name, value);
        }
        Ok(builder.program)
    }

    fn node<'a>(
        &'a self,
        builder: &mut Builder,
        Inlined { node, opset }: &'a Inlined,
        values: &mut HashMap<&'a str, Value>,
    ) -> Result<(), Refusal> {
        let inputs = node.input.iter().map(|name| match (name.as_str(), values.get(name.as_str())) {
            ("", _) => Ok(None),
            (_, Some(value)) => Ok(Some(value.clone())),
            (name, None) => Err(Refusal::Malformed(format!("input {name} is computed by no earlier node"))),
        });
        let inputs = inputs.collect::<Result<_, _>>()?;
        let call = Call { node, opset: *opset, inputs, folder: self.folder.as_deref() };
        let outputs = lower(builder, &call)?;
        for (place, name) in node.output.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let Some(value) = outputs.get(place) else {
                return Err(Refusal::Unsupported(format!("output {place}, {name},")));
            };
            if matches!(value.content, Content::Slot { .. }) {
                builder.name(name, value);
            }
            if values.insert(name, value.clone()).is_some() {
                return Err(Refusal::Malformed(format!("tensor {name} is computed twice")));
            }
        }
        Ok(())
    }

    fn shape(
        &self,
        port: &Port,
        asked: Option<&[usize]>,
        as_in_file: bool,
    ) -> Result<Vec<usize>, ModelError> {
        let describe = |shape: &[Extent]| {
            let list = shape.iter().map(Extent::to_string).collect::<Vec<_>>();
            format!("[{}]", list.join(", "))
        };
        let name = &port.name;
        match (asked, &port.shape) {
            (Some(asked), Some(shape)) => {
                let fits = |(extent, &asked): (&Extent, &usize)| match extent {
                    Extent::Fixed(extent) if as_in_file => *extent == asked,
                    _ => true,
                };
                if shape.len() != asked.len() || !shape.iter().zip(asked).all(fits) {
                    let reason = format!("expected a shape {}, found {asked:?}", describe(shape));
                    return Err(self.input_error(name, reason));
                }
                Ok(asked.to_vec())
            }
            (Some(asked), None) if asked.len() <= data::MOST_AXES => Ok(asked.to_vec()),
            (Some(_), None) => Err(self.input_error(name, "too many axes".to_owned())),
            (None, Some(shape)) => {
                let fixed = shape.iter().map(|extent| match extent {
                    Extent::Fixed(extent) => Some(*extent),
                    _ => None,
                });
                match fixed.collect::<Option<Vec<_>>>() {
                    Some(fixed) if fixed.len() <= data::MOST_AXES => Ok(fixed),
                    Some(_) => Err(self.input_error(name, "too many axes".to_owned())),
                    None => {
                        let reason = format!("its shape {} is open; name the extents", describe(shape));
                        Err(self.input_error(name, reason))
                    }
                }
            }
            (None, None) => Err(self.input_error(name, "its shape is open; name the extents".to_owned())),
        }
    }

    fn input_error(&self, input: &str, reason: String) -> ModelError {
        ModelError::Input { file: self.file.clone(), input: plain(input), reason: plain(&reason) }
    }

    fn node_error(&self, number: usize, refusal: Refusal) -> ModelError {
        let Inlined { node, opset } = &self.nodes[number];
        let name = if node.name.is_empty() { format!("number {number}") } else { node.name.clone() };
        let operator = match node.domain.as_str() {
            "" | "ai.onnx" => node.op_type.clone(),
            domain => format!("{domain}.{}", node.op_type),
        };
        let (node, operator, refusal) = (plain(&name), plain(&operator), refusal.plain());
        ModelError::Node { file: self.file.clone(), node, operator, opset: *opset, refusal }
    }
}

impl Builder {
    /// Gives the slot of a tensor the name that it has in the model; a constant that no step reads has no
    /// slot.
    fn name(&mut self, name: &str, value: &Value) {
        if let Some(slot) = self.existing_slot(value) {
            self.name_slot(name, slot);
        }
    }

    fn name_slot(&mut self, name: &str, slot: usize) {
        self.program.slots[slot].name.get_or_insert_with(|| name.to_owned());
        self.program.names.insert(name.to_owned(), slot);
    }
}
