import type { A } from './a'
//            ^ import.name path=./a

/** A shape. */
export interface Shape<T extends A> extends Base {
//               ^^^^^ definition.interface visibility=public doc=ashape
//                     ^ local.type_parameter
//                                          ^^^^ type.extends of=Shape
  name: string
//^^^^ definition.property parent=Shape type=string
  area(scale: number): Promise<T>
//^^^^ definition.method parent=Shape arity=1 type=Promise
}

export abstract class Circle extends Base implements Shape<A> {
//                    ^^^^^^ definition.class
//                                                   ^^^^^ type.implements of=Circle
  private radius: number = 1
//        ^^^^^^ definition.property visibility=private type=number
  constructor(readonly scale: number, public out: ns.Writer) {}
//^^^^^^^^^^^ definition.constructor arity=2
//                                           ^^^ definition.property visibility=public
//                                                   ^^^^^^ reference.type receiver=ns
  abstract draw(): void
//         ^^^^ definition.method
}

type Alias = Map<string, A>
//   ^^^^^ definition.type_alias
//           ^^^ type.alias of=Alias
enum Color { Red, Green = 'g' }
//   ^^^^^ definition.enum
//           ^^^ definition.enum_member parent=Color
//                ^^^^^ definition.enum_member parent=Color
namespace inner {
//        ^^^^^ definition.namespace
  export const depth = 3
//             ^^^^^ definition.constant parent=inner
}
declare function log(message: string): void
//               ^^^ definition.function flags=declaration
