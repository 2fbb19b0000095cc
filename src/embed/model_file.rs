//! The bounded reader of ONNX files: tensors by name, and the refusal of models that name other files. Invariant: never
//! reads outside the given bytes, never allocates by a length it read, ends on every input. Must not run anything.

use super::EmbedError;

/// Deepest nesting of messages that is followed.
const DEEPEST: usize = 32;
/// Most messages that are looked at.
const MOST_MESSAGES: usize = 1 << 20;
/// Most dimensions of a tensor.
const MOST_DIMENSIONS: usize = 8;

/// Element types that we read, by their number in ONNX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    Float,
    Int8,
    Other,
}

/// One initialiser; its bytes stand in the file.
#[derive(Clone, Debug)]
pub struct Tensor<'a> {
    pub name: &'a str,
    pub shape: Vec<usize>,
    pub element: Element,
    pub raw: &'a [u8],
}

impl Tensor<'_> {
    /// The numbers of a float tensor; none where it is another type or its length does not fit its shape.
    pub fn floats(&self) -> Option<Vec<f32>> {
        let count = self.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))?;
        if self.element != Element::Float || self.raw.len() != count.checked_mul(4)? {
            return None;
        }
        Some(self.raw.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
    }
}

/// The messages of onnx.proto that can hold tensors, as far as we follow them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Sparse,
    Function,
    Training,
}

impl Message {
    /// What stands in `field` of this message, where it can hold tensors.
    fn child(self, field: u64) -> Option<Message> {
        use Message::*;
        match (self, field) {
            (Model, 7) | (Attribute, 6 | 11) | (Training, 1 | 2) => Some(Graph),
            (Model, 25) => Some(Function),
            (Model, 20) => Some(Training),
            (Graph, 1) | (Function, 7) => Some(Node),
            (Node, 5) | (Function, 11) => Some(Attribute),
            (Graph, 5) | (Attribute, 5 | 10) | (Sparse, 1 | 2) => Some(Tensor),
            (Graph, 15) | (Attribute, 22 | 23) => Some(Sparse),
            _ => None,
        }
    }
}

/// The initialisers of the main graph of the model in `bytes`.
///
/// # Errors
/// The file is broken, or any tensor anywhere in it keeps its data in another file.
pub fn initialisers(bytes: &[u8]) -> Result<Vec<Tensor<'_>>, EmbedError> {
    // A runtime that sees this reads another format, in which nothing here is looked at.
    if bytes.get(4..8) == Some(b"ORTM") {
        return Err(EmbedError(
            "the model is in the runtime's own format: give the ONNX file that it was made of".into(),
        ));
    }
    let mut tensors = Vec::new();
    let mut work = vec![(Message::Model, bytes, 0usize)];
    let mut seen = 0;
    while let Some((message, body, depth)) = work.pop() {
        seen += 1;
        if depth > DEEPEST || seen > MOST_MESSAGES {
            return Err(broken("it nests too deeply or holds too much"));
        }
        if message == Message::Tensor {
            let tensor = tensor(body)?;
            // Model, its graph, its tensor: depth 2. Those deeper are constants of nodes.
            if depth == 2 {
                tensors.push(tensor);
            }
            continue;
        }
        let mut fields = Fields(body);
        while let Some((number, value)) = fields.next()? {
            // The name of an operator: this one stands for a program that may lie in another file.
            if message == Message::Node && number == 4 && matches!(value, Value::Bytes(b"EPContext")) {
                return Err(EmbedError(
                    "the model holds programs for one device (EPContext): give the plain ONNX file".into(),
                ));
            }
            if let (Some(child), Value::Bytes(inner)) = (message.child(number), value) {
                work.push((child, inner, depth + 1));
            }
        }
    }
    Ok(tensors)
}

fn tensor(body: &[u8]) -> Result<Tensor<'_>, EmbedError> {
    let mut it = Tensor { name: "", shape: Vec::new(), element: Element::Other, raw: &[] };
    let mut fields = Fields(body);
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (1, Value::Number(n)) => it.shape.push(usize::try_from(n).map_err(|_| broken("a dimension is too large"))?),
            (1, Value::Bytes(packed)) => {
                let mut rest = packed;
                while !rest.is_empty() && it.shape.len() <= MOST_DIMENSIONS {
                    it.shape.push(varint(&mut rest)? as usize);
                }
            }
            (2, Value::Number(1)) => it.element = Element::Float,
            (2, Value::Number(3)) => it.element = Element::Int8,
            (8, Value::Bytes(name)) => it.name = std::str::from_utf8(name).unwrap_or(""),
            (9, Value::Bytes(raw)) => it.raw = raw,
            (13, _) | (14, Value::Number(1..)) => {
                return Err(EmbedError(format!(
                    "the model keeps the data of tensor '{}' in another file, which is refused: \
                     save it as one file (onnx.save with save_as_external_data=False)",
                    it.name.chars().take(80).collect::<String>()
                )));
            }
            _ => {}
        }
        if it.shape.len() > MOST_DIMENSIONS {
            return Err(broken("a tensor has too many dimensions"));
        }
    }
    Ok(it)
}

/// The value of one field.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Fixed-width numbers, which nothing here needs.
    Fixed,
}

/// Reads a message field by field.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, EmbedError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = varint(&mut self.0)?;
        // Other readers cut a longer key off: what is one field here would be another there.
        if key > u64::from(u32::MAX) || key >> 3 == 0 {
            return Err(broken("it has a field without a number"));
        }
        let value = match key & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => {
                self.take(8)?;
                Value::Fixed
            }
            2 => {
                let len = varint(&mut self.0)?;
                Value::Bytes(self.take(usize::try_from(len).unwrap_or(usize::MAX))?)
            }
            5 => {
                self.take(4)?;
                Value::Fixed
            }
            _ => return Err(broken("it has a field of an unknown kind")),
        };
        Ok(Some((key >> 3, value)))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], EmbedError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or_else(|| broken("it is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64, EmbedError> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let Some((&byte, rest)) = bytes.split_first() else { return Err(broken("it is cut off")) };
        *bytes = rest;
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(broken("a number in it is too long"))
}

fn broken(why: &str) -> EmbedError {
    EmbedError(format!("the model is not a readable ONNX file: {why}; get it again or choose another model"))
}
