//! Names inside declarators, as C and its heirs write them: `*a[3]`, `f(void)`, `A::B::f`. Invariant: follows one way down,
//! bounded. Must not know what is declared.

use tree_sitter::Node;

use crate::syntax::queries::{Shape, Tables};

/// Deeper declarators are taken as they are.
const DEPTH: usize = 64;

/// What a declarator declares.
pub(super) struct Declared<'tree> {
    pub name: Node<'tree>,
    /// `A` of `A::f`.
    pub container: Option<Node<'tree>>,
    /// The function declarator directly around the name: it declares a function.
    pub function: Option<Node<'tree>>,
}

/// Follows a node that was captured as a name down to the name; other nodes are their own names.
pub(super) fn follow<'tree>(tables: &Tables, node: Node<'tree>) -> Declared<'tree> {
    let mut it = Declared { name: node, container: None, function: None };
    for _ in 0..DEPTH {
        let next = match tables.shape(it.name.kind_id()) {
            Shape::Plain => break,
            Shape::Function => {
                it.function = Some(it.name);
                below(tables, it.name)
            }
            Shape::Declarator => {
                it.function = None;
                below(tables, it.name)
            }
            Shape::Around => below(tables, it.name),
            Shape::Qualified => {
                let field = |id: Option<u16>| id.and_then(|id| it.name.child_by_field_id(id));
                it.container = field(tables.fields.scope).or(it.container);
                field(tables.fields.name)
            }
        };
        match next {
            Some(next) => it.name = next,
            None => break,
        }
    }
    it
}

fn below<'tree>(tables: &Tables, node: Node<'tree>) -> Option<Node<'tree>> {
    tables
        .fields
        .declarator
        .and_then(|field| node.child_by_field_id(field))
        .or_else(|| node.named_child(node.named_child_count().saturating_sub(1) as u32))
}
