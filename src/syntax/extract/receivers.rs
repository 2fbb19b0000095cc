//! What stands before a used name, by its text, in all languages alike. Invariant: looks at a bounded piece of text. Must
//! not know what a receiver resolves to.

use super::text::{called_name, is_path, name_before};
use super::walk::Walk;
use crate::base::span::Span;
use crate::facts::{Receiver, Role};

impl Walk<'_, '_> {
    /// What stands before a name, by its text.
    pub(super) fn receiver(&mut self, span: Span) -> Receiver {
        let text = self.slice(span);
        if self.row.self_names.contains(&text) {
            return Receiver::SelfType;
        }
        if self
            .row
            .super_names
            .iter()
            .any(|name| text.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest == "()"))
        {
            return Receiver::Super;
        }
        if is_path(text) {
            return Receiver::Name(self.facts.names.intern(text));
        }
        if text.ends_with(')')
            && let Some(name) = called_name(text)
        {
            return Receiver::Call(self.facts.names.intern(name));
        }
        Receiver::Other
    }

    /// Role and receiver of a name among loose tokens, by the characters around it.
    pub(super) fn mention(&mut self, span: Span) -> (Role, Receiver) {
        let bytes = self.text.as_bytes();
        let before = &bytes[..span.start as usize];
        let after = bytes.get(span.end as usize..).unwrap_or(&[]);
        let mut receiver = Receiver::None;
        let mut role = Role::Mention;
        let step = if before.ends_with(b".") && !before.ends_with(b"..") {
            role = Role::Field;
            1
        } else if before.ends_with(b"::") {
            role = Role::Read;
            2
        } else {
            0
        };
        if step > 0 {
            let end = span.start as usize - step;
            receiver = match name_before(self.text, end) {
                Some(name) if self.row.self_names.contains(&name) => Receiver::SelfType,
                Some(name) => Receiver::Name(self.facts.names.intern(name)),
                None => Receiver::Other,
            };
        }
        match after.first() {
            Some(b'(') => role = Role::Call,
            Some(b'!') if after.get(1).is_some_and(|b| matches!(b, b'(' | b'[' | b'{')) => role = Role::Macro,
            Some(b':') if after.starts_with(b"::") => role = Role::Path,
            _ => {}
        }
        (role, receiver)
    }
}
