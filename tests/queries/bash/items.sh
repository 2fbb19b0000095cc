#!/bin/bash
X=1
# <- definition.variable
readonly Y=2
#        ^ definition.variable
foo() { local a=1; bar "$a" "$X"; }
# <- definition.function
#                  ^^^ reference.call
function baz { foo; }
#        ^^^ definition.function
source ./lib.sh
if true; then Z=3; fi
#             ^ definition.variable
