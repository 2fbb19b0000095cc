package a.b
import x.y.Z

/** Doc */
class Foo(val a: Int, b: String) : Bar(), Baz {
//    ^^^ definition.class
//            ^ definition.property parent=Foo
//                                 ^^^ reference.call
    private val z: Int = 3
//              ^ definition.property parent=Foo

    companion object {
//            ^^^^^^ definition.object parent=Foo
        const val Q = 1
//                ^ definition.property parent=object
    }

    override fun run(x: Int): String {
//               ^^^ definition.method parent=Foo
//                   ^ local.parameter type=Int
        val y = x
//          ^ local.variable
        return y.toString()
//               ^^^^^^^^ reference.call receiver=y
    }
}

interface I {
//        ^ definition.interface
    fun f()
//      ^ definition.method parent=I
}

enum class E {
//         ^ definition.enum
    A,
//  ^ definition.enum_member parent=E
    B
//  ^ definition.enum_member parent=E
}

object O {
//     ^ definition.object
    fun g() = h()
//      ^ definition.method parent=O
}

fun String.ext(): Int = length
//         ^^^ definition.function
typealias T = List<Int>
//        ^ definition.type_alias
val top = 3
//  ^^^ definition.variable
