const std = @import("std");
//    ^^^ definition.constant
/// Doc
pub const Foo = struct {
//        ^^^ definition.struct
    a: u32,
//  ^ definition.field parent=Foo
    pub fn init(x: u32) Foo { const y = x; return .{ .a = y }; }
//         ^^^^ definition.method parent=Foo
};
const E = enum { a, b };
//    ^ definition.enum
//               ^ definition.enum_member parent=E
//                  ^ definition.enum_member parent=E
pub fn main() !void { var z = Foo.init(3); _ = z; }
//     ^^^^ definition.function
//                                ^^^^ reference.call receiver=Foo
//                        ^ local.variable
test "thing" { }
//    ^^^^^ definition.test
const limit: usize = 3;
//    ^^^^^ definition.constant
const Failure = error{ Closed, Late };
//    ^^^^^^^ definition.enum
//                     ^^^^^^ definition.enum_member parent=Failure
//                             ^^^^ definition.enum_member parent=Failure
fn failing() error{Never}!void {}
// ^^^^^^^ definition.function
