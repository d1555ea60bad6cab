"""A classifier of two moons on `Value`: the network that micrograd made known.

Two half circles of points reach into each other, and a network of 2 inputs, two hidden layers and
1 output learns which point belongs to which: its score should be above 1 for one moon and below
-1 for the other, and how much is missing is the loss. The score's sign is drawn as text.

What to look for in the graph (--graph), the loss of one point: a neuron whose relu gave 0 has a
gradient of its own, but the edges into it are thin and grey. Nothing flows on through it, so that
part of the network learns nothing from this point.

Expect: an accuracy of 97.5 % after 100 steps.

    python examples/micrograd_mlp.py
    python examples/micrograd_mlp.py --steps 30 --graph point.svg
"""

import argparse
import contextlib
import itertools
import math
import random

import viz
from microgpt import InputError, Value, parameter, paused_collector, recording, scope

SIZES = (2, 8, 8, 1)  # of the layers: a point, two hidden ones, a score
NUM_POINTS, NOISE = 80, 0.1
LEARNING_RATE, PENALTY = 1.0, 1e-4

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("--steps", type=int, default=100, help="steps, each on all points (100)")
parser.add_argument("--seed", type=int, default=42, help="of points and parameters (42)")
parser.add_argument("--graph", metavar="FILE", help="draw one point's loss: .svg, .png or .dot")
arguments = parser.parse_args()
try:
    if arguments.graph:
        viz.check_output(arguments.graph)
except InputError as error:
    parser.error(str(error))
rng = random.Random(arguments.seed)


def moons():
    """Points, and the moon that each lies on: 1 for the upper, -1 for the lower."""
    for i in range(NUM_POINTS):
        angle = math.pi * rng.random()
        upper = i % 2 == 0
        x, y = math.cos(angle), math.sin(angle)
        center = (x, y) if upper else (1 - x, 0.5 - y)
        yield tuple(rng.gauss(c, NOISE) for c in center), 1 if upper else -1


def neuron(name, row, num_inputs):
    spread = num_inputs**-0.5
    weights = [parameter(rng.gauss(0, spread), name, row, col) for col in range(num_inputs)]
    return weights, parameter(0.0, f"{name}_bias", row, 0)


points = list(moons())
layers = [
    [neuron(f"layer{i}", row, num_inputs) for row in range(num_outputs)]
    for i, (num_inputs, num_outputs) in enumerate(itertools.pairwise(SIZES))
]
parameters = [p for layer in layers for weights, bias in layer for p in (*weights, bias)]


def mlp(x):
    """The score of a point."""
    for i, layer in enumerate(layers):
        outputs = []
        for row, (weights, bias) in enumerate(layer):
            with scope(f"layer{i}.neuron{row}"):
                output = sum((w * xi for w, xi in zip(weights, x, strict=True)), bias)
                outputs.append(output if layer is layers[-1] else output.relu())
        x = outputs
    return x[0]


def point_loss(point, moon):
    """What is missing to a score of 1 on the right side."""
    with scope("point"):
        inputs = [Value(c, name=name) for c, name in zip(point, "xy", strict=True)]
    return (1 - moon * mlp(inputs)).relu()


def accuracy():
    right = sum((mlp(point).data > 0) == (moon > 0) for point, moon in points)
    return 100 * right / len(points)


with contextlib.suppress(KeyboardInterrupt), paused_collector():
    for step in range(1, arguments.steps + 1):
        loss = sum(point_loss(point, moon) for point, moon in points) / len(points)
        loss = loss + PENALTY * sum(p * p for p in parameters)  # large weights cost
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        rate = LEARNING_RATE * (1 - (step - 1) / arguments.steps)
        for p in parameters:
            p.data -= rate * p.grad
        print(f"step {step:3d} / {arguments.steps} | loss {loss.data:.4f}")
print(f"accuracy {accuracy():.1f} %")

# The decision boundary: the sign of the score at each place, and the points themselves.
WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, TOP = 60, 20, -1.5, 2.5, -1.0, 1.5
xs = [LEFT + (j + 0.5) / WIDTH * (RIGHT - LEFT) for j in range(WIDTH)]
ys = [TOP - (i + 0.5) / HEIGHT * (TOP - BOTTOM) for i in range(HEIGHT)]
picture = [["░" if mlp([x, y]).data > 0 else " " for x in xs] for y in ys]
for (x, y), moon in points:
    column = int((x - LEFT) / (RIGHT - LEFT) * WIDTH)
    line = int((TOP - y) / (TOP - BOTTOM) * HEIGHT)
    if 0 <= column < WIDTH and 0 <= line < HEIGHT:
        picture[line][column] = "o" if moon > 0 else "x"
print("\n".join("".join(row).rstrip() for row in picture))
print("░ score above 0 · o upper moon · x lower moon")

if arguments.graph:
    for p in parameters:
        p.grad = 0.0
    hardest = max(points, key=lambda point: point_loss(*point).data)
    with recording():
        loss = point_loss(*hardest)
    loss.name = "loss"
    loss.backward()
    viz.write_picture(
        viz.draw(loss, caption="the loss of the point that is hardest for it"), arguments.graph
    )
    print(f"wrote {arguments.graph}")
