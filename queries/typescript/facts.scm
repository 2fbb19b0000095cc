; Facts of typescript.
