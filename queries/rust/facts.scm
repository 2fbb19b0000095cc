; Facts of rust.
