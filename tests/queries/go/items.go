package shapes

import str "strings"
//         ^^^^^^^^^ import.module path=strings alias=str
import . "math"
//     ^ import.wildcard path=math

// Point is one.
type Point[T any] struct{ X, y int; Base }
//   ^^^^^ definition.struct visibility=public doc=pointisone
//         ^ local.type_parameter
//                        ^ definition.field parent=Point type=int visibility=public
//                           ^ definition.field parent=Point visibility=restricted
//                                  ^^^^ definition.field parent=Point
type Shape interface{ Area(scale int) float64 }
//   ^^^^^ definition.interface
//                    ^^^^ definition.method parent=Shape arity=1 type=float64
type Id int
//   ^^ definition.class
//      ^^^ type.alias of=Id
const Limit, other = 1, 2
//    ^^^^^ definition.constant
//           ^^^^^ definition.constant
const (
    First = 1
//  ^^^^^ definition.constant parent=none lines=1
    Last = 2
//  ^^^^ definition.constant parent=none lines=1
)
type (
    Some struct{ inner int }
//  ^^^^ definition.struct parent=none lines=1
//               ^^^^^ definition.field parent=Some
    More struct{ outer int }
//  ^^^^ definition.struct parent=none lines=1
//               ^^^^^ definition.field parent=More
)
var count *Id
//  ^^^^^ definition.variable type=Id

// Area is there.
func (p *Point[T]) Area(scale int, rest ...string) (float64, error) { return p.area(str.Fields(scale)) }
//    ^ local.parameter type=Point
//                 ^^^^ definition.method container=Point arity=2 doc=areaisthere
//                      ^^^^^ local.parameter type=int
//                                                                             ^^^^ reference.call receiver=p
//                                                                                      ^^^^^^ reference.call receiver=str
func TestPoint(t *testing.T) { a, err := f(); b, err := g(); use(Point{X: a}, b, err) }
//   ^^^^^^^^^ definition.function flags=test
//                        ^ reference.type receiver=testing
//                             ^ local.variable
//                                ^^^ local.variable
//                                               ^^^ reference.write
//                                                                     ^ reference.label
