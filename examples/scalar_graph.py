"""The smallest graph worth drawing: c = a * b, L = c + a, gradients 4 and 2.

What to look for in the picture: `a` is used twice, so two edges leave it, and its gradient is the
sum of what they bring back: b + 1 through the two of them.

    python examples/scalar_graph.py --graph scalar.svg
"""

import argparse
from pathlib import Path

import viz
from microgpt import Value

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("--graph", type=Path, metavar="FILE", help="draw it: .svg, .png or .dot")
arguments = parser.parse_args()

a = Value(2.0, name="a")
b = Value(3.0, name="b")
c = a * b
c.name = "c"
L = c + a
L.name = "L"
L.backward()

for value in (a, b, c, L):
    print(f"{value.name}: data {value.data}, grad {value.grad}")
if arguments.graph:
    viz.write_picture(viz.draw(L), arguments.graph)
    print(f"wrote {arguments.graph}")
