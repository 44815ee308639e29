//! Where a fault can be, and what a tired author might have written there.
//!
//! | kind | right | faulty |
//! |---|---|---|
//! | arithmetic | `a + b`, `a += b` | `a - b`, `a -= b`; products and quotients alike |
//! | comparison | `a < b` | `a <= b`; `==` and `!=`; `>` and `>=` |
//! | logic | `a && b`, `!a` | `a \|\| b`, `a` |
//! | guard | `if a { return … }` | the guard never taken |
//! | branch | `if a { … } else { … }` | the branch always taken |
//! | number | `2`, `0.5` | `3`, `1.5` |
//! | truth | `true` | `false` |
//! | range | `a..b` | `a..b - 1` |
//! | call | `.min(…)`, `.any(…)`, `.first()`, `.is_some()` | `.max(…)`, `.all(…)`, `.last()`, `.is_none()` |
//! | entry | `.iter()` | `.iter().skip(1)` |
//! | variant | `Outcome::Confirms` | another variant of the enumeration |
//! | statement | `list.push(x);` | nothing |
//! | body | what a function computes | `0`, `true`, `None`, `Ok(())`, an empty list |
//!
//! Code of tests, constants, patterns, types and macros has no faults.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Lit, ReturnType, Stmt, Type, UnOp};

/// A fault: the bytes of a file that a switch replaces.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its number in the build, from 1; 0 before it has one.
    pub number: u32,
    /// The module that it is in.
    pub module: String,
    /// The file, below `src`.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The kind, by its name in the table above.
    pub kind: &'static str,
    /// The bytes that are replaced; empty for a body, which is begun with something.
    pub range: Range<usize>,
    /// What replaces them; `ON` stands for the question whether the fault is on.
    pub switch: String,
    /// The fault for people.
    pub text: String,
}

/// The files of the crate.
pub struct Sources {
    /// Texts by their paths below `src`.
    pub files: BTreeMap<String, String>,
    /// The variants without fields of each enumeration.
    variants: BTreeMap<String, Vec<String>>,
}

impl Sources {
    /// Reads all files of a folder that are Rust and no tests.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        read_folder(folder, folder, &mut files)?;
        let mut variants = Variants::default();
        for (path, text) in &files {
            let file = syn::parse_file(text).with_context(|| format!("{path} is no Rust"))?;
            variants.visit_file(&file);
        }
        Ok(Self { files, variants: variants.0 })
    }

    /// All places of a module, without the paths that begin in one of the ways told.
    pub fn places(&self, module: &str, without: &[String]) -> Vec<Fault> {
        let inside = |path: &str| path == format!("{module}.rs") || path.starts_with(&format!("{module}/"));
        let mut places = Vec::new();
        for (path, text) in &self.files {
            if !inside(path) || without.iter().any(|begin| path.starts_with(begin)) {
                continue;
            }
            let Ok(file) = syn::parse_file(text) else { continue };
            let mut finder = Finder { module, path, text, variants: &self.variants, found: &mut places };
            finder.visit_file(&file);
        }
        places
    }
}

fn read_folder(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if name == "tests" || name == "laws" || name.ends_with("_tests") {
            continue;
        }
        if path.is_dir() {
            read_folder(root, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let short = path.strip_prefix(root)?.to_string_lossy().into_owned();
            files.insert(short, fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

#[derive(Default)]
struct Variants(BTreeMap<String, Vec<String>>);

impl<'ast> Visit<'ast> for Variants {
    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        let plain = item.variants.iter().filter(|variant| variant.fields.is_empty());
        self.0.insert(item.ident.to_string(), plain.map(|variant| variant.ident.to_string()).collect());
    }
}

struct Finder<'a> {
    module: &'a str,
    path: &'a str,
    text: &'a str,
    variants: &'a BTreeMap<String, Vec<String>>,
    found: &'a mut Vec<Fault>,
}

impl Finder<'_> {
    fn source(&self, node: &impl Spanned) -> &str {
        &self.text[node.span().byte_range()]
    }

    fn add(&mut self, kind: &'static str, range: Range<usize>, switch: String, text: String) {
        let line = self.text[..range.start].matches('\n').count() + 1;
        let (module, file) = (self.module.to_string(), self.path.to_string());
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.found.push(Fault { number: 0, module, file, line, kind, range, switch, text });
    }

    /// A fault in an expression.
    fn replace(&mut self, kind: &'static str, expression: &impl Spanned, faulty: String) {
        let right = self.source(expression).to_string();
        let switch = format!("(if ON {{ {faulty} }} else {{ {right} }})");
        let text = format!("`{right}` becomes `{faulty}`");
        self.add(kind, expression.span().byte_range(), switch, text);
    }

    fn binary(&mut self, expression: &syn::ExprBinary) {
        let (kind, faulty) = match expression.op {
            BinOp::Add(_) => ("arithmetic", "-"),
            BinOp::Sub(_) => ("arithmetic", "+"),
            BinOp::Mul(_) => ("arithmetic", "/"),
            BinOp::Div(_) | BinOp::Rem(_) => ("arithmetic", "*"),
            BinOp::AddAssign(_) => ("arithmetic", "-="),
            BinOp::SubAssign(_) => ("arithmetic", "+="),
            BinOp::MulAssign(_) => ("arithmetic", "/="),
            BinOp::And(_) => ("logic", "||"),
            BinOp::Or(_) => ("logic", "&&"),
            BinOp::Lt(_) => ("comparison", "<="),
            BinOp::Le(_) => ("comparison", "<"),
            BinOp::Gt(_) => ("comparison", ">="),
            BinOp::Ge(_) => ("comparison", ">"),
            BinOp::Eq(_) => ("comparison", "!="),
            BinOp::Ne(_) => ("comparison", "=="),
            _ => return,
        };
        if has_let(&expression.left) || has_let(&expression.right) {
            return;
        }
        let faulty = format!("{} {faulty} {}", self.source(&expression.left), self.source(&expression.right));
        self.replace(kind, expression, faulty);
    }

    fn call(&mut self, expression: &syn::ExprMethodCall) {
        let other = match expression.method.to_string().as_str() {
            "min" => "max",
            "max" => "min",
            "min_by" => "max_by",
            "max_by" => "min_by",
            "minimum" => "maximum",
            "maximum" => "minimum",
            "any" => "all",
            "all" => "any",
            "first" => "last",
            "last" => "first",
            "is_some" => "is_none",
            "is_none" => "is_some",
            "is_some_and" => "is_none_or",
            "is_none_or" => "is_some_and",
            "div_ceil" => "div_euclid",
            "iter" if expression.args.is_empty() => {
                let right = self.source(expression).to_string();
                let switch = format!("{right}.skip(usize::from(ON))");
                let text = format!("`{right}` skips its first entry");
                return self.add("entry", expression.span().byte_range(), switch, text);
            }
            _ => return,
        };
        let (start, end) = (expression.span().byte_range().start, expression.span().byte_range().end);
        let name = expression.method.span().byte_range();
        let faulty = format!("{}{other}{}", &self.text[start..name.start], &self.text[name.end..end]);
        self.replace("call", expression, faulty);
    }

    fn variant(&mut self, expression: &syn::ExprPath) {
        let segments = &expression.path.segments;
        let Some(at) = segments.len().checked_sub(2) else { return };
        let (name, variant) = (segments[at].ident.to_string(), segments[at + 1].ident.to_string());
        let Some(all) = self.variants.get(&name) else { return };
        let Some(index) = all.iter().position(|known| *known == variant) else { return };
        if all.len() > 1 {
            let other = &all[(index + 1) % all.len()];
            let head = self.source(expression).strip_suffix(&variant).unwrap_or_default().to_string();
            self.replace("variant", expression, format!("{head}{other}"));
        }
    }

    fn body(&mut self, name: &syn::Ident, output: &ReturnType, block: &syn::Block) {
        let faulty = match output {
            ReturnType::Default => "".to_string(),
            ReturnType::Type(_, of) => match default(of) {
                Some(value) => value,
                None => return,
            },
        };
        let start = block.brace_token.span.open().byte_range().end;
        let switch = format!(" if ON {{ return {faulty}; }} ");
        self.add("body", start..start, switch, format!("`{name}` returns `{faulty}` at once"));
    }
}

/// A value of a type that a lazy author returns.
fn default(of: &Type) -> Option<String> {
    let Type::Path(path) = of else { return None };
    let last = path.path.segments.last()?;
    let name = last.ident.to_string();
    Some(match name.as_str() {
        "bool" => "true".into(),
        "usize" | "u8" | "u16" | "u32" | "u64" | "u128" | "isize" | "i32" | "i64" | "i128" => "1".into(),
        "f32" | "f64" => "1.0".into(),
        "Vec" | "String" => format!("{name}::new()"),
        "Option" => "None".into(),
        "Result" | "Self" => match &last.arguments {
            syn::PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
                syn::GenericArgument::Type(Type::Tuple(tuple)) if tuple.elems.is_empty() => "Ok(())".into(),
                syn::GenericArgument::Type(inner) => format!("Ok({})", default(inner)?),
                _ => return None,
            },
            _ => return None,
        },
        _ => return None,
    })
}

/// Whether an expression binds names for what follows it.
fn has_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        Expr::Paren(inner) => has_let(&inner.expr),
        _ => false,
    }
}

/// Whether a block ends with leaving.
fn leaves(block: &syn::Block) -> bool {
    matches!(block.stmts.last(), Some(Stmt::Expr(Expr::Return(_) | Expr::Break(_) | Expr::Continue(_), _)))
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = match &attribute.meta {
            syn::Meta::List(list) => list.tokens.to_string(),
            meta => meta.path().segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default(),
        };
        text == "test" || (attribute.path().is_ident("cfg") && text.starts_with("test"))
    })
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Trait(item) => &item.attrs,
            _ => return,
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if item.sig.constness.is_none() {
            self.body(&item.sig.ident, &item.sig.output, &item.block);
            self.visit_block(&item.block);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if item.sig.constness.is_none() && !is_test(&item.attrs) {
            self.body(&item.sig.ident, &item.sig.output, &item.block);
            self.visit_block(&item.block);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let (Some(block), false) = (&item.default, is_test(&item.attrs)) {
            self.body(&item.sig.ident, &item.sig.output, block);
            self.visit_block(block);
        }
    }

    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_macro(&mut self, _: &'ast syn::Macro) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}

    fn visit_expr_repeat(&mut self, expression: &'ast syn::ExprRepeat) {
        self.visit_expr(&expression.expr);
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if let Stmt::Expr(expression @ (Expr::MethodCall(_) | Expr::Assign(_) | Expr::Binary(_)), Some(_)) =
            statement
        {
            let source = self.source(statement).to_string();
            let switch = format!("if !ON {{ {source} }}");
            self.add("statement", statement.span().byte_range(), switch, format!("`{source}` is left out"));
            return self.visit_expr(expression);
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr_if(&mut self, expression: &'ast syn::ExprIf) {
        if !has_let(&expression.cond) {
            let condition = self.source(&expression.cond).to_string();
            let range = expression.cond.span().byte_range();
            if leaves(&expression.then_branch) {
                let text = format!("`if {condition}` is never taken");
                self.add("guard", range, format!("!ON && ({condition})"), text);
            } else {
                let text = format!("`if {condition}` is always taken");
                self.add("branch", range, format!("ON || ({condition})"), text);
            }
        }
        visit::visit_expr_if(self, expression);
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        match expression {
            Expr::Binary(binary) => self.binary(binary),
            Expr::MethodCall(call) => self.call(call),
            Expr::Path(path) => self.variant(path),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => {
                self.replace("logic", unary, self.source(&unary.expr).to_string());
            }
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(number) => self.replace("number", literal, format!("{number} + 1")),
                Lit::Float(number) => self.replace("number", literal, format!("{number} + 1.0")),
                Lit::Bool(truth) => self.replace("truth", literal, (!truth.value).to_string()),
                _ => {}
            },
            Expr::Range(range) => {
                if let (syn::RangeLimits::HalfOpen(_), Some(end)) = (&range.limits, &range.end) {
                    let end_text = self.source(end).to_string();
                    let switch = format!("(({end_text}) - if ON {{ 1 }} else {{ 0 }})");
                    let text = format!("`{}` ends one earlier", self.source(range));
                    self.add("range", end.span().byte_range(), switch, text);
                }
            }
            _ => {}
        }
        visit::visit_expr(self, expression);
    }
}
