//! What our plain answers are called in the protocol. Must not know how answers are found.

use tower_lsp::ls_types::Uri;

use crate::facts;

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
