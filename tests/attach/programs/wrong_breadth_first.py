"""Goes breadth first from the loss, and so visits nodes before all their consumers."""

from collections import deque


class Wire:
    def __init__(self, level, froms=(), gains=()):
        self.level, self.froms, self.gains, self.noise = level, froms, gains, 0.0

    def __add__(self, other):
        return Wire(self.level + other.level, [self, other], [1.0, 1.0])

    def __mul__(self, other):
        return Wire(self.level * other.level, [self, other], [other.level, self.level])


def flood(end):
    end.noise = 1.0
    queue, seen = deque([end]), {end}
    while queue:
        wire = queue.popleft()
        for each, gain in zip(wire.froms, wire.gains):
            each.noise += gain * wire.noise
            if each not in seen:
                seen.add(each)
                queue.appendleft(each)


a, b, c = Wire(2.0), Wire(-3.0), Wire(0.5)
d = a * b + c
loss = d * d + a * d
flood(loss)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].level).hex(), float(globals()[name].noise).hex())
