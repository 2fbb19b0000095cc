namespace shapes {
//        ^^^^^^ definition.namespace
template <typename T> class Point : public Base<T>, other::Thing {
//                 ^ local.type_parameter
//                          ^^^^^ definition.class parent=shapes
//                                         ^^^^ type.extends of=Point
//                                                         ^^^^^ type.extends of=Point
    Point(T x);
//  ^^^^^ definition.constructor parent=Point flags=declaration
    auto area(int scale = LIMIT) const -> double { return scale * this->x_; }
//       ^^^^ definition.method parent=Point arity=1
//                ^^^^^ local.parameter
//                        ^^^^^ reference.read
//                                                                      ^^ reference.field receiver=self_type
    bool operator==(const Point& rhs) const;
//       ^^^^^^^^^^ definition.method
    T x_;
//    ^^ definition.field type=T
};
using Alias = std::vector<int>;
//    ^^^^^ definition.type_alias
//                 ^^^^^^ type.alias of=Alias
}
int shapes::Point<int>::size(int n) { return std::max(n, 1); }
//                      ^^^^ definition.function container=Point arity=1 type=int
//                                                ^^^ reference.call receiver=std
TEST(shape, area) { run(); }
//   ^^^^^^^^^^^ definition.test flags=test
class Access {
//    ^^^^^^ definition.class
    friend int peek(Access& from);
    friend int reach(Access& from) { return from.depth; }
//             ^^^^^ definition.method parent=Access flags=none
    friend class Other;
    int depth;
//      ^^^^^ definition.field
};
int run(int seed) {
//  ^^^ definition.function
    using Number = long;
//        ^^^^^^ local.type_alias
    Access made(seed);
//         ^^^^ local.variable type=Access
    std::thread other(run);
    TRY_IT { } CATCH_IT(...) {}
    return made.depth;
}
