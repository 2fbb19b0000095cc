//! Our plain answers as the protocol's. Invariant: every range comes from a line index of the very text that the answer was
//! made from. Must not know how answers are found.

use tower_lsp::ls_types::{Position, Range, SymbolKind, Uri};

use crate::base::span::Span;
use crate::facts::{self, LineIndex};
use crate::text::position::Encoding;

/// A byte offset as a position in the client's unit.
pub(crate) fn position(lines: &LineIndex, offset: u32, encoding: Encoding) -> Position {
    let (line, character) = match encoding {
        Encoding::Utf8 => lines.utf8(offset),
        Encoding::Utf16 => lines.utf16(offset),
        Encoding::Utf32 => lines.utf32(offset),
    };
    Position { line, character }
}

/// A byte range as a range in the client's unit.
pub(crate) fn range(lines: &LineIndex, span: Span, encoding: Encoding) -> Range {
    Range { start: position(lines, span.start, encoding), end: position(lines, span.end, encoding) }
}

/// A URI for the protocol's types; ours are always valid.
pub(crate) fn uri(text: &str) -> Option<Uri> {
    text.parse().ok()
}

/// The protocol's number of a kind, for answers written straight to bytes.
pub(crate) fn kind_number(kind: facts::SymbolKind) -> u32 {
    use facts::SymbolKind as Ours;
    match kind {
        Ours::File => 1,
        Ours::Module => 2,
        Ours::Namespace => 3,
        Ours::Package => 4,
        Ours::Class => 5,
        Ours::Struct | Ours::Union => 23,
        Ours::Enum => 10,
        Ours::EnumMember => 22,
        Ours::Interface | Ours::Trait => 11,
        Ours::Implementation | Ours::Object => 19,
        Ours::Function | Ours::Macro | Ours::Test => 12,
        Ours::Method => 6,
        Ours::Constructor => 9,
        Ours::Property => 7,
        Ours::Field => 8,
        Ours::Constant => 14,
        Ours::Variable | Ours::Parameter | Ours::Label => 13,
        Ours::TypeParameter | Ours::TypeAlias => 26,
        Ours::Event => 24,
        Ours::Operator => 25,
        Ours::Heading => 15,
        Ours::Key => 20,
    }
}

/// The protocol's kind.
pub(crate) fn symbol_kind(kind: facts::SymbolKind) -> SymbolKind {
    use facts::SymbolKind as Ours;
    match kind {
        Ours::File => SymbolKind::FILE,
        Ours::Module => SymbolKind::MODULE,
        Ours::Namespace => SymbolKind::NAMESPACE,
        Ours::Package => SymbolKind::PACKAGE,
        Ours::Class => SymbolKind::CLASS,
        Ours::Struct | Ours::Union => SymbolKind::STRUCT,
        Ours::Enum => SymbolKind::ENUM,
        Ours::EnumMember => SymbolKind::ENUM_MEMBER,
        Ours::Interface | Ours::Trait => SymbolKind::INTERFACE,
        Ours::Implementation | Ours::Object => SymbolKind::OBJECT,
        Ours::Function | Ours::Macro | Ours::Test => SymbolKind::FUNCTION,
        Ours::Method => SymbolKind::METHOD,
        Ours::Constructor => SymbolKind::CONSTRUCTOR,
        Ours::Property => SymbolKind::PROPERTY,
        Ours::Field => SymbolKind::FIELD,
        Ours::Constant => SymbolKind::CONSTANT,
        Ours::Variable | Ours::Parameter | Ours::Label => SymbolKind::VARIABLE,
        Ours::TypeParameter | Ours::TypeAlias => SymbolKind::TYPE_PARAMETER,
        Ours::Event => SymbolKind::EVENT,
        Ours::Operator => SymbolKind::OPERATOR,
        Ours::Heading => SymbolKind::STRING,
        Ours::Key => SymbolKind::KEY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_kind_agree() {
        use facts::SymbolKind as Ours;
        for kind in [Ours::File, Ours::Union, Ours::Implementation, Ours::Test, Ours::Label, Ours::Heading, Ours::Key] {
            assert_eq!(serde_json::to_value(symbol_kind(kind)).expect("JSON"), kind_number(kind));
        }
    }
}
