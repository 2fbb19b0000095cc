//! Patterns of types and names.

async fn handler(State(state): State<u8>, extract::Path((a, b)): Path<(u8, u8)>, [c, _]: [u8; 2]) {
//       ^^^^^^^ definition.function arity=3
//               ^^^^^ reference.call
//                     ^^^^^ local.parameter
//                             ^^^^^ reference.type
//                                        ^^^^^^^ reference.path
//                                                 ^^^^ reference.read
//                                                       ^ local.parameter
//                                                          ^ local.parameter
//                                                                                ^ local.parameter
    let Some::<u8>(x) = state else { return };
//      ^^^^ reference.call
//                 ^ local.variable
    match state {
        LOW..=HIGH => {}
//      ^^^ reference.read
//            ^^^^ reference.read
        Point { x, y: high } => {}
//      ^^^^^ reference.type
//              ^ local.variable
//                    ^^^^ local.variable
        rest => {}
//      ^^^^ local.variable
    }
    let handler = |Wrapper(inner)| inner;
//                 ^^^^^^^ reference.call
//                         ^^^^^ local.parameter
}
