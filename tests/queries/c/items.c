#include <stdio.h>
//       ^^^^^^^^^ import.file path=stdio.h
#define LIMIT 3
//      ^^^^^ definition.macro
#define SQUARE(x) ((x) * (x))
//      ^^^^^^ definition.macro arity=1

/* A point. */
struct point {
//     ^^^^^ definition.struct doc=apoint
    int x, *y;
//      ^ definition.field parent=point type=int
//          ^ definition.field parent=point
    void (*call)(int);
//         ^^^^ definition.field
};
typedef struct point point_t;
//                   ^^^^^^^ definition.type_alias
enum color { RED };
//   ^^^^^ definition.enum
//           ^^^ definition.enum_member parent=color
static int counter = 0;
//         ^^^^^^^ definition.variable type=int
int area(struct point *p, int n);
//  ^^^^ definition.function flags=declaration arity=2 type=int

static char **area_of(struct point *p, int n)
//            ^^^^^^^ definition.function arity=2 type=char
//                                  ^ local.parameter type=point
{
    int local = p->x + LIMIT;
//      ^^^^^ local.variable
//                 ^ reference.field receiver=p
    local = area(p, n);
//  ^^^^^ reference.write
//          ^^^^ reference.call
}
struct aligned_pair {
//     ^^^^^^^^^^^^ definition.struct
    int left;
//      ^^^^ definition.field parent=aligned_pair
} __aligned(16);
