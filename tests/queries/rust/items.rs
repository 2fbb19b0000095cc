//! Items, members, attributes, visibility.

use std::collections::{HashMap, hash_map::Entry as Slot};
//                     ^^^^^^^ import.name path=std::collections name=HashMap alias=none reexport=false
//                                        ^^^^^ import.name path=std::collections::hash_map name=Entry alias=Slot
pub use crate::base::*;
//                   ^ import.wildcard path=crate::base reexport=true
use self::inner::{self, Thing};
//                ^^^^ import.module path=self::inner
//                      ^^^^^ import.name path=self::inner

/// Adds one.
#[inline]
pub(crate) fn add(to: u32, _: u8) -> Result<u32> {
//            ^^^ definition.function arity=2 visibility=restricted doc=addsone type=Result lines=17
//                ^^ local.parameter type=u32
//                                   ^^^^^^ type.returns of=add
    let (left, right) = (to, helper(to));
//       ^^^^ local.variable flags=ordered
//             ^^^^^ local.variable
//                       ^^ reference.read
//                           ^^^^^^ reference.call receiver=none
    if let Some(found) = left.checked_add(right) {
//         ^^^^ reference.call
//              ^^^^^ local.variable
//                            ^^^^^^^^^^^ reference.call receiver=left
        return Ok(found);
    }
}

struct Point<T> {
//     ^^^^^ definition.struct visibility=private
//           ^ local.type_parameter

    /// Across.
    pub x: T,
//      ^ definition.field parent=Point visibility=public doc=across type=T
}

impl<T: Clone> Shape for Point<T> {
//                       ^^^^^ definition.implementation
//             ^^^^^ type.implements of=Point
    fn area(&self, scale: f32) -> f32 { self.x.len() * crate::math::round(scale) }
//     ^^^^ definition.method parent=Point container=Point arity=1
//                                           ^ reference.field receiver=self_type
//                                             ^^^ reference.call receiver=self.x
//                                                                  ^^^^^ reference.call receiver=crate::math
}

pub trait Shape: Draw {
//        ^^^^^ definition.trait visibility=public
//               ^^^^ type.extends of=Shape
    type Unit;
//       ^^^^ definition.type_alias parent=Shape
    const SIDES: usize;
//        ^^^^^ definition.constant
    fn area(&self) -> f32;
//     ^^^^ definition.method parent=Shape type=f32
}

enum Color {
//   ^^^^^ definition.enum
    Red,
//  ^^^ definition.enum_member parent=Color
    Rgb { r: u8 },
//  ^^^ definition.enum_member parent=Color
//        ^ definition.field parent=Rgb
}

static COUNT: AtomicU64 = AtomicU64::new(0);
//     ^^^^^ definition.variable type=AtomicU64
//                        ^^^^^^^^^ reference.path
//                                   ^^^ reference.call receiver=AtomicU64
type Map = HashMap<u8, Point<u8>>;
//   ^^^ definition.type_alias
//         ^^^^^^^ type.alias of=Map

#[cfg(test)]
mod tests {
//  ^^^^^ definition.module flags=test
    #[test]
    fn adds() { assert_eq!(add(1, 2), Point { x: 1 }.x); }
//     ^^^^ definition.function flags=test
//                         ^^^ reference.call
//                                    ^^^^^ reference.mention
}

cfg_rt! {
    /// Starts.
    pub fn spawn(job: Job) {}
//         ^^^^^ definition.function flags=macro arity=1 visibility=public doc=starts
}

macro_rules! square {
//           ^^^^^^ definition.macro
    ($x:expr) => { $x * $x };
}
