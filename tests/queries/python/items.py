import os.path, json as j
#      ^^^^^^^ import.module path=os.path alias=none
#               ^^^^ import.module path=json alias=j
from .base import Thing, other as one
#                 ^^^^^ import.name path=.base name=Thing
#                        ^^^^^ import.name path=.base name=other alias=one
from a.b import *
#               ^ import.wildcard path=a.b

LIMIT: int = 3
# <- definition.variable type=int visibility=public
LIMIT = 4


@decorate
#^^^^^^^^ reference.attribute
class Shape(Base, metaclass=Meta):
#     ^^^^^ definition.class lines=24
#           ^^^^ type.extends of=Shape
#                 ^^^^^^^^^ reference.label
    """A shape."""
    sides = 4
#   ^^^^^ definition.field parent=Shape

    @staticmethod
    def make(size: int, *rest, kind="a") -> "Shape":
#       ^^^^ definition.method parent=Shape arity=3 flags=static type=Shape
#            ^^^^ local.parameter type=int
#                        ^^^^ local.parameter
#                              ^^^^ local.parameter
        """Makes one."""
        self = Shape(size, kind=kind)
#              ^^^^^ reference.call
#                          ^^^^ reference.label
#                               ^^^^ reference.read
        total = other = 0
#       ^^^^^ local.variable
        return self.area(total).real
#                   ^^^^ reference.call receiver=self_type
#                               ^^^^ reference.field receiver=area()


# About it.
def _helper(a, b=LIMIT):
#   ^^^^^^^ definition.function visibility=private doc=aboutit arity=2
#                ^^^^^ reference.read
    for left, right in a.items():
#       ^^^^ local.variable
#                        ^^^^^ reference.call receiver=a
        b[left] = right
    with open(a) as handle:
#                   ^^^^^^ local.variable
        return [x for x in handle]
#               ^ reference.read
#                     ^ local.variable


async def test_one():
#         ^^^^^^^^ definition.function flags=test
    pass


@decorate("a", "b")
def routed():
#   ^^^^^^ definition.function lines=4
    pass
