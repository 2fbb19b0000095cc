import def, { one, two as zwei } from './mod.js'
//     ^^^ import.name path=./mod.js name=default alias=def
//            ^^^ import.name path=./mod.js name=one
//                 ^^^ import.name name=two alias=zwei
import * as all from 'all'
//          ^^^ import.module path=all alias=all
export { one as uno } from './mod.js'
//       ^^^ import.name alias=uno reexport=true
const fs = require('fs')
//    ^^ definition.constant
//    ^^ import.module path=fs alias=fs

/** Adds. */
export function add(a, { b, c: d = one }, ...rest) {
//              ^^^ definition.function visibility=public arity=3 doc=adds
//                  ^ local.parameter
//                       ^ local.parameter
//                          ^ reference.label
//                             ^ local.parameter
//                                 ^^^ reference.read
//                                           ^^^^ local.parameter
  let sum = a + b
//    ^^^ local.variable
  return fs.readFile(sum).then((x) => x)
//          ^^^^^^^^ reference.call receiver=fs
//                        ^^^^ reference.call receiver=readFile()
//                              ^ local.parameter
}

class Point extends Base {
//    ^^^^^ definition.class
//                  ^^^^ type.extends of=Point
  x = 1
//^ definition.field parent=Point
  static of(x) { return new Point(x) }
//       ^^ definition.method parent=Point flags=static arity=1
//                          ^^^^^ reference.call
  constructor() { this.x = 2 }
//^^^^^^^^^^^ definition.constructor parent=Point
//                     ^ reference.write receiver=self_type
}

const arrow = async (x) => x
//    ^^^^^ definition.function arity=1
export const LIMIT = 10
//           ^^^^^ definition.constant visibility=public
const table = {
//    ^^^^^ definition.constant
  run: function () {},
//^^^ definition.method parent=table
}
