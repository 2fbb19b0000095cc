package a.b
import x.y.{Z, W => V}
/** Doc */
class Foo[T](val a: Int, b: String) extends Bar with Baz {
//    ^^^ definition.class
//               ^ definition.field parent=Foo
  private val z: Int = 3
//            ^ definition.field parent=Foo
  def run(x: Int): String = { val y = x; y.toString }
//    ^^^ definition.method parent=Foo
//                                         ^^^^^^^^ reference.field receiver=y
//        ^ local.parameter type=Int
  type Q = Int
//     ^ definition.type_alias parent=Foo
}
object O { def g = h() }
//     ^ definition.object
//             ^ definition.method parent=O
trait Tr { def f(): Unit }
//    ^^ definition.trait
//             ^ definition.method parent=Tr
case class P(x: Int)
//         ^ definition.class
enum Color { case Red, Green }
//   ^^^^^ definition.enum
//                ^^^ definition.enum_member parent=Color
//                     ^^^^^ definition.enum_member parent=Color
def top(x: Int) = x
//  ^^^ definition.function
