"""Where two computations part: two graphs, two recorded runs, or two scripts pass by pass."""
