//! What a workspace may do to a setting: less, never more. Invariant: the result allows nothing that the user's value
//! did not allow.

use super::value::Value;

/// The user's value narrowed by the workspace's wish; `None` where the wish would widen it.
pub fn narrowed(before: &Value, wish: Value) -> Option<Value> {
    match (before, wish) {
        // Every switch of narrowing scope is on by default and can be switched off.
        (Value::Bool(_), Value::Bool(false)) => Some(Value::Bool(false)),
        (Value::Bool(true), Value::Bool(true)) => Some(Value::Bool(true)),
        // Numbers are upper limits; 0 means "as many as there are" and counts as the largest.
        (Value::Int(before), Value::Int(wish)) if wish > 0 && (*before == 0 || wish <= *before) => {
            Some(Value::Int(wish))
        }
        (Value::Size(before), Value::Size(wish)) if wish <= *before => Some(Value::Size(wish)),
        // Lists are lists of exclusions: a workspace adds to them.
        (Value::List(before), Value::List(wish)) => {
            let mut all = before.clone();
            all.extend(wish.into_iter().filter(|it| !before.contains(it)));
            Some(Value::List(all))
        }
        _ => None,
    }
}
