using System;
using X = A.B;
namespace N.M {
//          ^ definition.namespace
  /// <summary>Doc</summary>
  public class C : Base, IFoo {
//             ^ definition.class parent=M
//                 ^^^^ type.extends of=C
    private int a, b;
//              ^ definition.field parent=C
//                 ^ definition.field parent=C
    const int K = 3;
//            ^ definition.constant parent=C
    public string Name { get; set; }
//                ^^^^ definition.property parent=C
    public event EventHandler Changed;
//                            ^^^^^^^ definition.event parent=C
    public C(int x) { }
//         ^ definition.constructor parent=C
    public int Run<T>(string s, int t = 3) { var q = s.Length; return Helper(q); }
//             ^^^ definition.method parent=C
//                                                                    ^^^^^^ reference.call
//                                                     ^^^^^^ reference.field receiver=s
//                           ^ local.parameter type=string
    public static C operator +(C l, C r) => l;
//                           ^ definition.operator parent=C
  }
  interface IFoo { void F(); }
//          ^^^^ definition.interface parent=M
//                      ^ definition.method parent=IFoo
  enum E { A, B }
//     ^ definition.enum parent=M
//         ^ definition.enum_member parent=E
//            ^ definition.enum_member parent=E
  struct S { }
//       ^ definition.struct parent=M
  record R(int X);
//       ^ definition.class parent=M
  delegate void D(int x);
//              ^ definition.type_alias parent=M
}
