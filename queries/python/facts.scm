; Facts of python.
