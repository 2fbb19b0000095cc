//! From read query files to tables. Invariant: every kind, field, capture and directive that a file names exists, or the file
//! is refused with its path and line. Must not know texts.

use tree_sitter::Language;

use super::captures::Capture;
use super::sexp::{self, Argument, Directive, Node, What};
use super::{Before, Chain, Child, Fields, Kinds, Pat, Pattern, Predicate, Sets, Shape, Step, Tables};
use crate::syntax::languages::{Lang, QueryFile};

type Res<T> = Result<T, String>;
/// Captures of a node, and its helpers' numbers.
type Captures = (Box<[Capture]>, Box<[u8]>);

/// The tables of `lang`; `None` where it has no grammar or no query files.
pub(super) fn language(lang: Lang) -> Res<Option<Tables>> {
    let (Some(language), row) = (lang.grammar(), lang.row()) else { return Ok(None) };
    if row.queries.is_empty() {
        return Ok(None);
    }
    let kinds = language.node_kind_count();
    let by_name = |names: &[&str]| -> Vec<bool> {
        let mut out = vec![false; kinds];
        for name in names {
            let id = language.id_for_node_kind(name, true) as usize;
            if let Some(slot) = out.get_mut(id) {
                *slot = id != 0;
            }
        }
        out
    };
    let field = |name: &str| language.field_id_for_name(name).map(u16::from);
    let mut it = Tables {
        patterns: Vec::new(),
        roots: Vec::new(),
        pattern_ixs: Vec::new(),
        chains: Vec::new(),
        leaves: Vec::new(),
        chain_ixs: Vec::new(),
        comments: by_name(row.comments),
        attributes: by_name(row.attributes),
        shapes: (0..kinds as u16).map(|id| shape(language.node_kind_for_id(id).unwrap_or(""))).collect(),
        fields: Fields {
            body: field("body"),
            parameters: field("parameters"),
            return_type: field("return_type"),
            ty: field("type"),
            result: field("result"),
            declarator: field("declarator"),
            name: field("name"),
            scope: field("scope"),
        },
        language: language.clone(),
    };
    let mut roots = vec![Vec::new(); kinds];
    let mut leaves = vec![Vec::new(); kinds];
    for file in row.queries {
        let mut compiler = Compiler { language: &language, file, helpers: Vec::new() };
        compiler.file(&mut it, &mut roots, &mut leaves)?;
    }
    (it.roots, it.pattern_ixs) = flat(roots);
    for list in &mut leaves {
        // The longest way up is the most telling; among equals the first in the files.
        list.sort_by_key(|&ix| {
            let chain = &it.chains[ix as usize];
            (std::cmp::Reverse(chain.steps.len()), chain.predicates.is_empty(), ix)
        });
    }
    (it.leaves, it.chain_ixs) = flat(leaves);
    Ok(Some(it))
}

/// The shape of a kind, by what grammars of C and its heirs call it.
fn shape(kind: &str) -> Shape {
    match kind {
        "function_declarator" => Shape::Function,
        "parenthesized_declarator" | "attributed_declarator" => Shape::Around,
        "qualified_identifier" | "template_function" | "template_method" => Shape::Qualified,
        _ if kind.ends_with("declarator") => Shape::Declarator,
        _ => Shape::Plain,
    }
}

fn flat(lists: Vec<Vec<u32>>) -> (Vec<(u32, u32)>, Vec<u32>) {
    let mut ranges = Vec::with_capacity(lists.len());
    let mut all = Vec::new();
    for list in lists {
        let from = all.len() as u32;
        all.extend(list);
        ranges.push((from, all.len() as u32));
    }
    (ranges, all)
}

struct Compiler<'a> {
    language: &'a Language,
    file: &'a QueryFile,
    /// Captures that the pattern's predicates name, by number.
    helpers: Vec<String>,
}

impl Compiler<'_> {
    fn fault<T>(&self, line: u32, what: &str) -> Res<T> {
        Err(format!("queries/{}:{line}: {what}", self.file.path))
    }

    fn file(&mut self, it: &mut Tables, roots: &mut [Vec<u32>], leaves: &mut [Vec<u32>]) -> Res<()> {
        let read = sexp::read(self.file.text).map_err(|fault| format!("queries/{}: {fault}", self.file.path))?;
        let mut faults = Vec::new();
        for pattern in read {
            faults.extend(self.pattern(&pattern, it, roots, leaves).err());
        }
        if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
    }

    fn pattern(
        &mut self,
        pattern: &sexp::Pattern,
        it: &mut Tables,
        roots: &mut [Vec<u32>],
        leaves: &mut [Vec<u32>],
    ) -> Res<()> {
        let line = pattern.node.line;
        self.helpers = helpers_of(&pattern.directives);
        let predicates = self.predicates(&pattern.directives, line)?;
        let (kinds, ix, lists) = if is_chain(&pattern.node) {
            let (kinds, chain) = self.chain(&pattern.node, predicates)?;
            it.chains.push(chain);
            (kinds, it.chains.len() as u32 - 1, &mut *leaves)
        } else {
            let sets = self.sets(&pattern.directives, line)?;
            let pats = self.pats(&pattern.node)?;
            let [root] = <[Pat; 1]>::try_from(pats).or_else(|_| self.fault(line, "a pattern has one root"))?;
            let kinds = root.kinds.clone();
            let defines = captures(&pattern.node, &|name| name.starts_with("definition."));
            let heads = captures(&pattern.node, &|name| name == "head");
            let parents = self.parents(&pattern.directives, line)?;
            it.patterns.push(Pattern { root, predicates, sets, parents, defines, heads });
            (kinds, it.patterns.len() as u32 - 1, &mut *roots)
        };
        let Kinds::Ids(ids) = kinds else { return self.fault(line, "a pattern begins at named kinds, not at `_`") };
        for &id in &ids {
            lists[id as usize].push(ix);
        }
        Ok(())
    }

    fn kind(&self, name: &str, named: bool, line: u32) -> Res<u16> {
        if name == "ERROR" && named {
            return self.fault(line, "errors are found without a query");
        }
        let id = self.language.id_for_node_kind(name, named);
        if id == 0 {
            return self.fault(line, &format!("the grammar has no node `{name}`"));
        }
        if self.language.node_kind_is_supertype(id) {
            return self.fault(line, &format!("`{name}` is a class of nodes: name them in brackets"));
        }
        Ok(id)
    }

    fn field(&self, name: &str, line: u32) -> Res<u16> {
        match self.language.field_id_for_name(name) {
            Some(id) => Ok(id.into()),
            None => self.fault(line, &format!("the grammar has no field `{name}`")),
        }
    }

    fn captures(&self, node: &Node) -> Res<Captures> {
        let mut captures = Vec::new();
        let mut helpers = Vec::new();
        for name in &node.captures {
            match Capture::from_name(name) {
                Some(Capture::Helper) => {}
                Some(capture) => captures.push(capture),
                None => return self.fault(node.line, &format!("no capture is called `@{name}`")),
            }
            helpers.extend(self.helpers.iter().position(|helper| helper == name).map(|at| at as u8));
        }
        Ok((captures.into(), helpers.into()))
    }

    /// A node pattern; alternatives with children of their own become several. Alternatives of mere kinds stay one.
    fn pats(&self, node: &Node) -> Res<Vec<Pat>> {
        if let What::Either(either) = &node.what {
            let mut all = Vec::new();
            for part in either {
                all.extend(self.pats(part)?);
            }
            let (captures, helpers) = self.captures(node)?;
            let plain = |pat: &Pat| {
                pat.children.is_empty()
                    && pat.absent.is_empty()
                    && pat.captures.is_empty()
                    && pat.helpers.is_empty()
                    && matches!(pat.kinds, Kinds::Ids(_))
            };
            if all.iter().all(plain) {
                let mut ids: Vec<u16> = Vec::new();
                for pat in &all {
                    if let Kinds::Ids(more) = &pat.kinds {
                        ids.extend(more);
                    }
                }
                let (children, absent) = (self.children(node)?, self.absent(node)?);
                return Ok(vec![Pat { kinds: Kinds::Ids(ids.into()), captures, helpers, children, absent }]);
            }
            if !node.children.is_empty() {
                return self.fault(node.line, "alternatives with children cannot have more children");
            }
            for pat in &mut all {
                pat.captures = captures.iter().chain(pat.captures.iter()).copied().collect();
                pat.helpers = helpers.iter().chain(pat.helpers.iter()).copied().collect();
            }
            return Ok(all);
        }
        let kinds = match &node.what {
            What::Wildcard { named: true } => Kinds::Named,
            What::Wildcard { named: false } => Kinds::Any,
            What::Kind { name, named } => Kinds::Ids([self.kind(name, *named, node.line)?].into()),
            What::Either(_) => return self.fault(node.line, "unreachable alternatives"),
        };
        let (captures, helpers) = self.captures(node)?;
        Ok(vec![Pat { kinds, captures, helpers, children: self.children(node)?, absent: self.absent(node)? }])
    }

    fn absent(&self, node: &Node) -> Res<Box<[u16]>> {
        node.absent.iter().map(|name| self.field(name, node.line)).collect()
    }

    fn children(&self, node: &Node) -> Res<Box<[Child]>> {
        node.children
            .iter()
            .map(|child| {
                let field = child.field.as_ref().map(|name| self.field(name, child.line)).transpose()?;
                let either = self.pats(child)?.into();
                Ok(Child { field, either, quantifier: child.quantifier, first: child.first })
            })
            .collect()
    }

    fn predicates(&self, directives: &[Directive], line: u32) -> Res<Box<[Predicate]>> {
        let mut out = Vec::new();
        for directive in directives {
            let (negated, prefix) = match directive.name.as_str() {
                "eq?" | "any-of?" => (false, false),
                "not-eq?" | "not-any-of?" => (true, false),
                "starts-with?" => (false, true),
                "not-starts-with?" => (true, true),
                "set!" | "parent?" => continue,
                name => return self.fault(line, &format!("no directive is called `#{name}`")),
            };
            let Some((Argument::Capture(capture), rest)) = directive.arguments.split_first() else {
                return self.fault(line, "a predicate names a capture first");
            };
            let mut texts = Vec::new();
            for argument in rest {
                match argument {
                    Argument::Text(text) => texts.push(text.clone()),
                    Argument::Capture(_) => return self.fault(line, "a predicate compares with texts"),
                }
            }
            let helper = self.helpers.iter().position(|helper| helper == capture).unwrap_or(0) as u8;
            out.push(Predicate { helper, texts: texts.into(), negated, prefix });
        }
        Ok(out.into())
    }

    /// Kinds of `#parent?`.
    fn parents(&self, directives: &[Directive], line: u32) -> Res<Box<[u16]>> {
        let mut out = Vec::new();
        for argument in directives.iter().filter(|it| it.name == "parent?").flat_map(|it| &it.arguments) {
            let Argument::Text(kind) = argument else { return self.fault(line, "#parent? takes node kinds") };
            out.push(self.kind(kind, true, line)?);
        }
        Ok(out.into())
    }

    fn sets(&self, directives: &[Directive], line: u32) -> Res<Sets> {
        let mut it = Sets::default();
        for directive in directives.iter().filter(|directive| directive.name == "set!") {
            for argument in &directive.arguments {
                let Argument::Text(text) = argument else { return self.fault(line, "#set! takes words") };
                let slot = match text.as_str() {
                    "declaration" => &mut it.declaration,
                    "test" => &mut it.test,
                    "deprecated" => &mut it.deprecated,
                    "static" => &mut it.is_static,
                    "ordered" => &mut it.ordered,
                    "reexport" => &mut it.reexport,
                    "public" => &mut it.public,
                    "private" => &mut it.private,
                    "constant" => &mut it.constant,
                    "no_scope" => &mut it.no_scope,
                    "nothing" => &mut it.nothing,
                    word => return self.fault(line, &format!("#set! does not know `{word}`")),
                };
                *slot = true;
            }
        }
        Ok(it)
    }

    /// A pattern around one leaf, turned over: the leaf's kinds and the way up.
    fn chain(&self, root: &Node, predicates: Box<[Predicate]>) -> Res<(Kinds, Chain)> {
        let mut steps = Vec::new();
        let mut receiver = None;
        let mut at = root;
        loop {
            let mut down = None;
            for child in &at.children {
                if holds_leaf(child) {
                    if down.replace(child).is_some() {
                        return self.fault(child.line, "one @reference in a pattern");
                    }
                } else if child.captures == ["receiver"] {
                    receiver = Some(match &child.field {
                        Some(field) => Before::Field(self.field(field, child.line)?),
                        None => Before::First,
                    });
                } else {
                    return self
                        .fault(child.line, "a pattern with @reference holds only the way to it and a @receiver");
                }
            }
            let Some(down) = down else { break };
            let [pat] =
                <[Pat; 1]>::try_from(self.bare(at)?).or_else(|_| self.fault(at.line, "kinds in brackets only"))?;
            let field = down.field.as_ref().map(|name| self.field(name, down.line)).transpose()?;
            steps.push(Step { field, kinds: pat.kinds });
            at = down;
        }
        steps.reverse();
        let (captures, _) = self.captures(at)?;
        let role = match captures.iter().find(|capture| matches!(capture, Capture::Reference(_) | Capture::Ignore)) {
            Some(Capture::Reference(role)) => Some(*role),
            _ => None,
        };
        let [leaf] = <[Pat; 1]>::try_from(self.bare(at)?).or_else(|_| self.fault(at.line, "kinds in brackets only"))?;
        Ok((leaf.kinds, Chain { role, steps: steps.into(), receiver, predicates }))
    }

    /// The node alone, without children and captures.
    fn bare(&self, node: &Node) -> Res<Vec<Pat>> {
        let bare = Node { captures: Vec::new(), children: Vec::new(), absent: Vec::new(), ..node.clone() };
        self.pats(&bare)
    }
}

fn is_leaf_capture(name: &str) -> bool {
    name == "ignore" || name == "reference" || name.starts_with("reference.")
}

/// Whether a pattern has a capture of such a name.
fn captures(node: &Node, is_such: &dyn Fn(&str) -> bool) -> bool {
    let own = node.captures.iter().any(|name| is_such(name));
    let either = if let What::Either(either) = &node.what { either.as_slice() } else { &[] };
    own || either.iter().chain(&node.children).any(|it| captures(it, is_such))
}

/// Whether the pattern is about one leaf: it captures a reference.
fn is_chain(node: &Node) -> bool {
    holds_leaf(node)
}

fn holds_leaf(node: &Node) -> bool {
    node.captures.iter().any(|name| is_leaf_capture(name)) || node.children.iter().any(holds_leaf)
}

fn helpers_of(directives: &[Directive]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for argument in directives.iter().flat_map(|directive| &directive.arguments) {
        if let Argument::Capture(name) = argument
            && !out.contains(name)
        {
            out.push(name.clone());
        }
    }
    out
}
