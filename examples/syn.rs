use portolan::base::paths::RelPath;
use portolan::facts::*;
use portolan::syntax::{extract, languages};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn kind(k: SymbolKind) -> u32 {
    use SymbolKind::*;
    match k {
        File => 1,
        Module => 2,
        Namespace => 3,
        Package => 4,
        Class => 5,
        Method => 6,
        Property | Key => 7,
        Field => 8,
        Constructor => 9,
        Enum => 10,
        Interface | Trait => 11,
        Function | Test | Macro => 12,
        Variable | Parameter => 13,
        Constant => 14,
        Heading => 15,
        Object | Implementation => 19,
        EnumMember => 22,
        Struct | Union => 23,
        Event => 24,
        Operator => 25,
        TypeParameter => 26,
        TypeAlias => 5,
        Label => 13,
    }
}
fn lsp(lang: languages::Lang, text: &str) -> Value {
    let segs = extract::extract(lang, text, &Default::default());
    let li = LineIndex::new(text);
    let mut flat = Vec::new();
    for s in &segs {
        let f = &s.facts;
        let mut depth = vec![0usize; f.symbols.len()];
        for (i, y) in f.symbols.iter().enumerate() {
            if y.flags.has(SymbolFlags::LOCAL) {
                continue;
            }
            depth[i] = y.parent.map_or(0, |p| depth[p.0 as usize] + 1);
            let pos = |o: u32| {
                let (l, c) = li.utf16(o + s.span.start);
                json!({"line": l, "character": c})
            };
            // a function in a type or impl is a method
            let mut k = kind(y.kind);
            if k == 12
                && y.parent.is_some_and(|p| {
                    matches!(
                        f.symbols[p.0 as usize].kind,
                        SymbolKind::Implementation
                            | SymbolKind::Class
                            | SymbolKind::Trait
                            | SymbolKind::Struct
                            | SymbolKind::Interface
                            | SymbolKind::Union
                    )
                })
            {
                k = 6;
            }
            let v = json!({"name": f.text(y.name), "kind": k, "range": {"start": pos(y.range.start), "end": pos(y.range.end)}, "selectionRange": {"start": pos(y.name_range.start), "end": pos(y.name_range.end)}, "children": []});
            flat.push((depth[i], v));
        }
    }
    let mut stack: Vec<(usize, Value)> = Vec::new();
    let mut roots = Vec::new();
    let close = |stack: &mut Vec<(usize, Value)>, roots: &mut Vec<Value>, d: usize| {
        while stack.last().is_some_and(|x| x.0 >= d) {
            let (_, v) = stack.pop().unwrap();
            match stack.last_mut() {
                Some(p) => p.1["children"].as_array_mut().unwrap().push(v),
                None => roots.push(v),
            }
        }
    };
    for (d, v) in flat {
        close(&mut stack, &mut roots, d);
        stack.push((d, v));
    }
    close(&mut stack, &mut roots, 0);
    Value::Array(roots)
}
fn walk(dir: &std::path::Path, out: &mut Vec<std::path::PathBuf>) {
    let Ok(rd) = std::fs::read_dir(dir) else { return };
    for e in rd.flatten() {
        let p = e.path();
        let Ok(t) = e.file_type() else { continue };
        if t.is_dir() {
            if e.file_name() != ".git" {
                walk(&p, out)
            }
        } else if t.is_file() {
            out.push(p)
        }
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    match a[1].as_str() {
        "serve" => {
            for line in std::io::stdin().lines() {
                let p = line.unwrap();
                let text = String::from_utf8_lossy(&std::fs::read(&p).unwrap()).into_owned();
                let lang = languages::detect(
                    &RelPath::from_bytes(p.trim_start_matches('/').as_bytes()).unwrap(),
                    &text.as_bytes()[..text.len().min(4096)],
                );
                println!("{}", lsp(lang, &text));
            }
        }
        "dump" => {
            let text = std::fs::read_to_string(&a[2]).unwrap();
            let lang = languages::detect(
                &RelPath::from_bytes(a[2].trim_start_matches('/').as_bytes()).unwrap(),
                &text.as_bytes()[..text.len().min(4096)],
            );
            for s in extract::extract(lang, &text, &Default::default()) {
                let f = &s.facts;
                let t = |x: portolan::base::span::Span| {
                    let mut e = x.range();
                    e.start += s.span.start as usize;
                    e.end += s.span.start as usize;
                    let y = &text[e];
                    let y = y.replace('\n', "\\n");
                    y.chars().take(60).collect::<String>()
                };
                let pos = |o: u32| {
                    let (l, c) = f.lines.utf8(o);
                    format!("{}:{}", l + 1, c + 1)
                };
                for (i, y) in f.symbols.iter().enumerate() {
                    println!(
                        "SYM {i} {} {:?} {} r={}..{} parent={:?} scope={} cont={:?} ty={:?} vis={:?} ar={:?} fl={} sig=[{}] doc=[{}]",
                        f.text(y.name),
                        y.kind,
                        pos(y.name_range.start),
                        pos(y.range.start),
                        pos(y.range.end),
                        y.parent.map(|p| p.0),
                        y.scope.0,
                        y.container.map(|c| f.text(c)),
                        y.ty.map(|c| f.text(c)),
                        y.visibility,
                        y.arity,
                        y.flags.0,
                        t(y.signature),
                        y.doc.map(t).unwrap_or_default()
                    );
                }
                for (i, y) in f.scopes.iter().enumerate() {
                    println!(
                        "SCOPE {i} {:?} {}..{} parent={:?} sym={:?}",
                        y.kind,
                        pos(y.span.start),
                        pos(y.span.end),
                        y.parent.map(|p| p.0),
                        y.symbol.map(|p| p.0)
                    );
                }
                for y in &f.imports {
                    println!(
                        "IMPORT {:?} path={} name={:?} alias={:?} {} re={}",
                        y.kind,
                        f.text(y.path),
                        y.name.map(|c| f.text(c)),
                        y.alias.map(|c| f.text(c)),
                        pos(y.span.start),
                        y.reexport
                    );
                }
                for y in &f.types {
                    println!("TYPE {} {:?} {} {}", y.symbol.0, y.relation, f.text(y.name), pos(y.span.start));
                }
                for y in &f.references {
                    let r = match y.receiver {
                        Receiver::Name(n) => format!("Name({})", f.text(n)),
                        Receiver::Call(n) => format!("Call({})", f.text(n)),
                        o => format!("{o:?}"),
                    };
                    println!("REF {} {:?} {} scope={} recv={r}", f.text(y.name), y.role, pos(y.span.start), y.scope.0);
                }
                for y in &f.problems {
                    println!("PROBLEM {} {:?} [{}]", pos(y.span.start), y.missing.map(|c| f.text(c)), t(y.span));
                }
                for y in &f.passages {
                    println!(
                        "PASSAGE {}..{} len={} sym={:?} prose={}",
                        pos(y.span.start),
                        pos(y.span.end),
                        y.span.len(),
                        y.symbol.map(|x| f.text(f.symbol(x).name)),
                        y.prose
                    );
                }
            }
        }
        "tree" => {
            let text = std::fs::read_to_string(&a[2]).unwrap();
            let lang = languages::Lang::from_id(&a[3]).unwrap_or_else(|| {
                languages::detect(
                    &RelPath::from_bytes(a[2].trim_start_matches('/').as_bytes()).unwrap(),
                    text.as_bytes(),
                )
            });
            let tree = extract::parse(lang, &text, &Default::default()).unwrap();
            let mut c = tree.walk();
            let mut d = 0usize;
            loop {
                let n = c.node();
                if n.is_named() || n.is_missing() {
                    println!(
                        "{}{}{} [{}:{}]{}",
                        "  ".repeat(d),
                        c.field_name().map(|f| format!("{f}: ")).unwrap_or_default(),
                        n.kind(),
                        n.start_position().row + 1,
                        n.start_position().column + 1,
                        if n.child_count() == 0 { format!(" {:?}", &text[n.byte_range()]) } else { String::new() }
                    );
                }
                if c.goto_first_child() {
                    d += 1;
                    continue;
                }
                loop {
                    if c.goto_next_sibling() {
                        break;
                    }
                    if !c.goto_parent() {
                        return;
                    }
                    d -= 1;
                }
            }
        }
        "bench" => {
            let mut files = Vec::new();
            walk(std::path::Path::new(&a[2]), &mut files);
            let cap: usize = a.get(4).and_then(|x| x.parse().ok()).unwrap_or(20 << 20);
            let mut texts: std::collections::BTreeMap<&'static str, Vec<String>> = Default::default();
            for p in files {
                let Ok(b) = std::fs::read(&p) else { continue };
                let Ok(t) = String::from_utf8(b) else { continue };
                let Some(rp) = RelPath::from_bytes(p.to_string_lossy().trim_start_matches('/').as_bytes()) else {
                    continue;
                };
                let lang = languages::detect(&rp, &t.as_bytes()[..t.len().min(4096)]);
                if a.get(3).is_some_and(|l| l != "all" && l != lang.id()) || lang.id() == "text" {
                    continue;
                }
                let v = texts.entry(lang.id()).or_default();
                if v.iter().map(|x| x.len()).sum::<usize>() < cap {
                    v.push(t);
                }
            }
            let lim = extract::Limits::default();
            for (id, ts) in &texts {
                let lang = languages::Lang::from_id(id).unwrap();
                let bytes: usize = ts.iter().map(|x| x.len()).sum();
                let (mut p, mut e, mut tile, mut syms, mut refs) =
                    (Duration::ZERO, Duration::ZERO, Duration::ZERO, 0, 0);
                let mut widths = Vec::new();
                for t in ts {
                    if t.len() > 4 << 20 {
                        continue;
                    }
                    let t0 = Instant::now();
                    let Some(tree) = extract::parse(lang, t, &lim) else { continue };
                    p += t0.elapsed();
                    let t0 = Instant::now();
                    let s = extract::extract_tree(lang, &tree, t, &lim);
                    e += t0.elapsed();
                    for x in s {
                        syms += x.facts.symbols.len();
                        refs += x.facts.references.len();
                        for ps in &x.facts.passages {
                            let sp = ps.symbol.map_or(ps.span, |y| {
                                let r = x.facts.symbol(y).range;
                                if r.len() < ps.span.len() * 3 { r } else { ps.span }
                            });
                            widths.push(x.facts.lines.line_of(sp.end) - x.facts.lines.line_of(sp.start) + 1);
                        }
                        let mut f = x.facts;
                        let sub = &t[x.span.range()];
                        let t0 = Instant::now();
                        portolan::syntax::passages::tile(lang, sub, &mut f);
                        tile += t0.elapsed();
                    }
                }
                widths.sort_unstable();
                let q = |x: f64| widths.get(((widths.len().max(1) - 1) as f64 * x) as usize).copied().unwrap_or(0);
                println!(
                    "{id:12} files {:6} MB {:7.2} parse {:7.1} ms/MB extract {:7.1} ms/MB (tile {:6.1}) ratio {:.3} without tile {:.3} syms {syms} refs {refs} passages {} lines p50 {} p95 {} max {}",
                    ts.len(),
                    bytes as f64 / 1e6,
                    p.as_secs_f64() * 1e9 / bytes as f64,
                    e.as_secs_f64() * 1e9 / bytes as f64,
                    tile.as_secs_f64() * 1e9 / bytes as f64,
                    e.as_secs_f64() / p.as_secs_f64(),
                    (e - tile.min(e)).as_secs_f64() / p.as_secs_f64(),
                    widths.len(),
                    q(0.5),
                    q(0.95),
                    q(1.0)
                );
            }
        }
        _ => {}
    }
}
