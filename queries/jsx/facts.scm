; Facts of jsx.
