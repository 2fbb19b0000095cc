; Facts of ecma.
