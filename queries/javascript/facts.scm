; Facts of javascript.
