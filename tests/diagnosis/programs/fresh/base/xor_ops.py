"""XOR with operations as classes: forward and backward are static methods, Adam moves the weights."""
import heapq
import itertools
import math
import random

random.seed(8)
counter = itertools.count()

class Var:
    def __init__(self, val, op=None, inputs=(), memo=None):
        self.val = val
        self.dval = 0.0
        self.op = op
        self.inputs = inputs
        self.memo = memo
        self.serial = next(counter)

    def __add__(self, o): return apply(Plus, self, o)
    def __radd__(self, o): return apply(Plus, o, self)
    def __sub__(self, o): return apply(Minus, self, o)
    def __rsub__(self, o): return apply(Minus, o, self)
    def __mul__(self, o): return apply(Times, self, o)
    def __rmul__(self, o): return apply(Times, o, self)

def apply(op, *args):
    args = tuple(a if isinstance(a, Var) else Var(float(a)) for a in args)
    memo = {}
    val = op.forward(memo, *(a.val for a in args))
    return Var(val, op, args, memo)

class Plus:
    @staticmethod
    def forward(memo, a, b): return a + b
    @staticmethod
    def backward(memo, up): return up, up

class Minus:
    @staticmethod
    def forward(memo, a, b): return a - b
    @staticmethod
    def backward(memo, up): return up, -up

class Times:
    @staticmethod
    def forward(memo, a, b):
        memo["ab"] = a, b
        return a * b
    @staticmethod
    def backward(memo, up):
        a, b = memo["ab"]
        return up * b, up * a

class Sigmoid:
    @staticmethod
    def forward(memo, z):
        memo["s"] = s = 1.0 / (1.0 + math.exp(-z))
        return s
    @staticmethod
    def backward(memo, up):
        s = memo["s"]
        return (up * s * (1.0 - s),)

class Log:
    @staticmethod
    def forward(memo, a):
        memo["a"] = a
        return math.log(a)
    @staticmethod
    def backward(memo, up): return (up / memo["a"],)

def run_back(root):
    """Newest first: a consumer is always younger than what it consumes."""
    root.dval = 1.0
    waiting, queued = [(-root.serial, root)], {root.serial}
    while waiting:
        _, var = heapq.heappop(waiting)
        if var.op is None:
            continue
        for source, share in zip(var.inputs, var.op.backward(var.memo, var.dval)):
            source.dval += share
            if source.serial not in queued:
                queued.add(source.serial)
                heapq.heappush(waiting, (-source.serial, source))

class Adam:
    def __init__(self, weights, rate=0.04, b1=0.9, b2=0.99):
        self.weights, self.rate, self.b1, self.b2 = weights, rate, b1, b2
        self.first = [0.0] * len(weights)
        self.second = [0.0] * len(weights)
        self.t = 0

    def step(self):
        self.t += 1
        for k, w in enumerate(self.weights):
            self.first[k] = self.b1 * self.first[k] + (1 - self.b1) * w.dval
            self.second[k] = self.b2 * self.second[k] + (1 - self.b2) * w.dval ** 2
            m = self.first[k] / (1 - self.b1 ** self.t)
            v = self.second[k] / (1 - self.b2 ** self.t)
            w.val -= self.rate * m / (math.sqrt(v) + 1e-8)

hid_w = [[Var(random.gauss(0, 1)) for _ in range(2)] for _ in range(4)]
hid_b = [Var(0.0) for _ in range(4)]
top_w = [Var(random.gauss(0, 1)) for _ in range(4)]
top_b = Var(0.0)
weights = [w for row in hid_w for w in row] + hid_b + top_w + [top_b]
table = [((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0)]

def predict(x):
    hs = [apply(Sigmoid, r[0] * x[0] + r[1] * x[1] + b) for r, b in zip(hid_w, hid_b)]
    return apply(Sigmoid, sum((w * h for w, h in zip(top_w, hs)), top_b))

def cross_entropy():
    total = Var(0.0)
    for x, y in table:
        p = predict(x)
        total = total - (y * apply(Log, p) + (1 - y) * apply(Log, 1 - p))
    return total * 0.25

adam = Adam(weights)
for it in range(8):
    for w in weights:
        w.dval = 0.0
    cost = cross_entropy()
    run_back(cost)
    adam.step()
    print("it %d  cost %.6f" % (it, cost.val))
