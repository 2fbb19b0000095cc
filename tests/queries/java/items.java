package a.b.c;
import java.util.*;
import java.util.List;
//               ^^^^ import.name path=java.util
/** A shape. */
public class Shape<T> extends Base implements Drawable, Other {
//           ^^^^^ definition.class
//                            ^^^^ type.extends of=Shape
//                                            ^^^^^^^^ type.implements of=Shape
    private static final int MAX = 3, MIN = 2;
//                           ^^^ definition.field parent=Shape
//                                    ^^^ definition.field parent=Shape
    public Shape(int size) { this.size = size; }
//         ^^^^^ definition.constructor parent=Shape
//                                ^^^^ reference.write receiver=self_type
    /** Area. */
    @Override public double area(List<String> xs, int... rest) {
//                          ^^^^ definition.method parent=Shape
        for (String x : xs) { System.out.println(x.length()); }
//                                       ^^^^^^^ reference.call receiver=System.out
//                  ^ local.variable type=String
        int a = 3; a++;
        return helper(a) + new Foo().bar();
//             ^^^^^^ reference.call
//                             ^^^ reference.call
//                                   ^^^ reference.call receiver=Foo()
    }
    enum Kind { A, B(2) { void f() {} }; }
//       ^^^^ definition.enum parent=Shape
//              ^ definition.enum_member parent=Kind
//                 ^ definition.enum_member parent=Kind
//                             ^ definition.method parent=B
    interface In { void g(); }
//            ^^ definition.interface parent=Shape
//                      ^ definition.method parent=In
    record P(int x, int y) { }
//         ^ definition.class parent=Shape
}
