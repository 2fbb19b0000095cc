import Foundation
/// Doc
public class C: Base, P {
//           ^ definition.class
    private var a: Int = 3
//              ^ definition.property parent=C
    let b: String
//      ^ definition.property parent=C
    init(x: Int) { self.a = x }
//  ^^^^ definition.constructor parent=C
//                      ^ reference.write
    func run(_ q: Int, with s: String) -> String { let y = q; return helper(y) }
//       ^^^ definition.method parent=C
//                                                                   ^^^^^^ reference.call
//             ^ local.parameter
    subscript(i: Int) -> Int { return i }
//  ^^^^^^^^^ definition.method parent=C
}
struct S { var v: Int }
//     ^ definition.struct
//             ^ definition.property parent=S
enum E { case a, b(Int) }
//   ^ definition.enum
//            ^ definition.enum_member parent=E
//               ^ definition.enum_member parent=E
protocol P { func f(); var g: Int { get } }
//       ^ definition.interface
//                ^ definition.method parent=P
//                         ^ definition.property parent=P
extension S: P { func f() {} }
//        ^ definition.implementation
//                    ^ definition.method parent=S
typealias T = Int
//        ^ definition.type_alias
func top() {}
//   ^^^ definition.function
let global = 3
//  ^^^^^^ definition.variable
final class Owner {
//          ^^^^^ definition.class
    deinit { close() }
//  ^^^^^^ definition.method parent=Owner
    static func == (lhs: Owner, rhs: Owner) -> Bool { lhs === rhs }
//              ^^ definition.operator parent=Owner
    static func +++ (lhs: Owner, rhs: Owner) -> Owner { lhs }
//              ^^^ definition.operator parent=Owner
}
