<?php
namespace A\B;
use C\D; use E\F as G;
/** Doc */
abstract class K extends Base implements I, J {
//             ^ definition.class
  const X = 1, Y = 2;
//      ^ definition.constant parent=K
//             ^ definition.constant parent=K
  private static ?int $count = 0;
//                     ^^^^^ definition.property parent=K visibility=private flags=static
  public function __construct(private string $name) {}
//                ^^^^^^^^^^^ definition.constructor parent=K
//                                            ^^^^ definition.property parent=__construct
  public function run(int $a, ...$rest): string { $b = $a; return $this->helper($b); }
//                ^^^ definition.method parent=K
//                                                                       ^^^^^^ reference.call receiver=self_type
}
interface I { function f(); }
//        ^ definition.interface
//                     ^ definition.method parent=I
trait T { }
//    ^ definition.trait
enum E: string { case A = 'a'; }
//   ^ definition.enum
//                    ^ definition.enum_member parent=E
function top($x) { return new K($x); }
//       ^^^ definition.function
//                            ^ reference.call
//            ^ local.parameter
