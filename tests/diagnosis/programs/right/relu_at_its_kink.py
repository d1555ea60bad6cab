"""A relu that is exactly at 0, where it says that its slope is a half."""


class Point:
    def __init__(self, height, operands=(), op="leaf"):
        self.height = height
        self.operands = operands
        self.op = op
        self.lift_ = 0.0

    def __add__(self, other):
        return Point(self.height + other.height, (self, other), "add")

    def __sub__(self, other):
        return Point(self.height - other.height, (self, other), "sub")

    def __mul__(self, other):
        return Point(self.height * other.height, (self, other), "mul")

    def ramp(self):
        return Point(max(self.height, 0.0), (self,), "ramp")


def backprop(top):
    order, seen = [], set()

    def sort(node):
        if node not in seen:
            seen.add(node)
            for each in node.operands:
                sort(each)
            order.append(node)

    sort(top)
    top.lift_ = 1.0
    for node in reversed(order):
        if node.op == "add":
            node.operands[0].lift_ += node.lift_
            node.operands[1].lift_ += node.lift_
        elif node.op == "sub":
            node.operands[0].lift_ += node.lift_
            node.operands[1].lift_ -= node.lift_
        elif node.op == "mul":
            node.operands[0].lift_ += node.operands[1].height * node.lift_
            node.operands[1].lift_ += node.operands[0].height * node.lift_
        elif node.op == "ramp":
            slope = 0.5 if node.operands[0].height == 0 else float(node.height > 0)
            node.operands[0].lift_ += slope * node.lift_


a, b = Point(1.0), Point(-0.5)
points = [(0.5, 0.2), (1.0, 0.9), (2.0, 1.4), (0.25, 0.0)]
for step in range(4):
    loss = Point(0.0)
    for x, y in points:
        h = a * Point(x) + b
        h = h.ramp()
        miss = h - Point(y)
        loss = loss + miss * miss
    a.lift_ = b.lift_ = 0.0
    backprop(loss)
    a.height -= 0.05 * a.lift_
    b.height -= 0.05 * b.lift_
    print(step, f"{loss.height:.6f}")
