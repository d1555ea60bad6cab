"""One trunk with two tasks, a number to guess and a side to choose; the pass is a loop of ops."""

import math
import random

random.seed(2024)


class Node:
    def __init__(self, value, parents=(), rule=None):
        self.value = value
        self.parents = parents
        self.rule = rule
        self.adj = 0.0

    def __add__(self, other):
        return Node(self.value + other.value, (self, other), "plus")

    def __sub__(self, other):
        return Node(self.value - other.value, (self, other), "minus")

    def __mul__(self, other):
        return Node(self.value * other.value, (self, other), "times")

    def square(self):
        return Node(self.value * self.value, (self,), "square")

    def sin(self):
        return Node(math.sin(self.value), (self,), "sin")

    def logistic(self):
        return Node(1.0 / (1.0 + math.exp(-self.value)), (self,), "logistic")

    def ln(self):
        return Node(math.log(self.value), (self,), "ln")


RULES = {
    "plus": lambda node, a, b: (node.adj, node.adj),
    "minus": lambda node, a, b: (node.adj, -node.adj),
    "times": lambda node, a, b: (b.value * node.adj, a.value * node.adj),
    "square": lambda node, a: (2.0 * a.value * node.adj,),
    "sin": lambda node, a: (math.cos(a.value) * node.adj,),
    "logistic": lambda node, a: (node.value * (1.0 - node.value) * node.adj,),
    "ln": lambda node, a: (node.adj / a.value,),
}


def sweep(top):
    order, marked = [], set()

    def mark(node):
        if node in marked:
            return
        marked.add(node)
        for parent in node.parents:
            mark(parent)
        order.append(node)

    mark(top)
    top.adj = 1.0
    for node in reversed(order):
        if node.rule is not None:
            for parent, share in zip(node.parents, RULES[node.rule](node, *node.parents)):
                parent.adj += share


def drawn(n):
    return [Node(random.uniform(-1.2, 1.2)) for _ in range(n)]


trunk = [drawn(2) for _ in range(3)]
trunk_bias = drawn(3)
guess_head, side_head = drawn(3), drawn(3)
everything = [w for row in trunk for w in row] + trunk_bias + guess_head + side_head
cases = [
    ((0.4, 1.0), 0.8, 1),
    ((-0.7, 0.3), -0.5, 0),
    ((0.9, -0.5), 0.1, 1),
    ((-0.2, -0.8), -0.9, 0),
]


def sum_of(nodes):
    result = nodes[0]
    for node in nodes[1:]:
        result = result + node
    return result


def shared(point):
    features = []
    for row, bias in zip(trunk, trunk_bias):
        features.append((sum_of([w * Node(p) for w, p in zip(row, point)]) + bias).sin())
    return features


def losses():
    guesses, sides = [], []
    for point, number, side in cases:
        features = shared(point)
        guess = sum_of([w * f for w, f in zip(guess_head, features)])
        guesses.append((guess - Node(number)).square())
        chance = sum_of([w * f for w, f in zip(side_head, features)]).logistic()
        likely = chance if side else Node(1.0) - chance
        sides.append(Node(0.0) - likely.ln())
    scale = Node(1.0 / len(cases))
    return sum_of(guesses) * scale, sum_of(sides) * scale


for lap in range(7):
    guess_loss, side_loss = losses()
    both = guess_loss + side_loss
    for node in everything:
        node.adj = 0.0
    sweep(both)
    for node in everything:
        node.value -= 0.25 * node.adj
    print(f"lap {lap}: {guess_loss.value:.5f} {side_loss.value:.5f} {both.value:.5f}")
