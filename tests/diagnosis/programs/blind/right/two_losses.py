import math, random
random.seed(400)

class Box:
    def __init__(self, val, ops=(), how=None):
        self.val = val; self.adj = 0.0; self.ops = ops; self.how = how
    def __add__(self, o): return Box(self.val + o.val, (self, o), "add")
    def __sub__(self, o): return Box(self.val - o.val, (self, o), "sub")
    def __mul__(self, o): return Box(self.val * o.val, (self, o), "mul")
    def tanh(self): return Box(math.tanh(self.val), (self,), "tanh")
    def softplus(self): return Box(math.log(1 + math.exp(self.val)), (self,), "softplus")

RULES = {
    "add": lambda n, a, b: (1, 1),
    "sub": lambda n, a, b: (1, -1),
    "mul": lambda n, a, b: (b.val, a.val),
    "tanh": lambda n, a: (1 - n.val ** 2,),
    "softplus": lambda n, a: (1 / (1 + math.exp(-a.val)),),
}

def sweep(root):
    order, mark = [], set()
    def walk(n):
        if n in mark: return
        mark.add(n)
        for o in n.ops: walk(o)
        order.append(n)
    walk(root)
    root.adj = 1.0
    for n in reversed(order):
        if n.how is None: continue
        for o, slope in zip(n.ops, RULES[n.how](n, *n.ops)):
            o.adj += slope * n.adj

# one trunk, two heads: is the point outside the ring, and how far from its middle
pts = [(random.uniform(-1.5, 1.5), random.uniform(-1.5, 1.5)) for _ in range(20)]
trunk = [[Box(random.gauss(0, 1)) for _ in range(3)] for _ in range(6)]
head_a, head_b = ([Box(random.gauss(0, .4)) for _ in range(7)] for _ in range(2))
params = [p for r in trunk for p in r] + head_a + head_b

def out(head, h):
    s = head[-1]
    for w, u in zip(head, h): s = s + w * u
    return s

log_a, log_b = [], []
for step in range(30):
    loss_a, loss_b = Box(0.0), Box(0.0)
    for x, y in pts:
        h = [(r[0] * Box(x) + r[1] * Box(y) + r[2]).tanh() for r in trunk]
        far = math.hypot(x, y)
        sign = Box(-1.0) if far > 1 else Box(1.0)
        loss_a = loss_a + (sign * out(head_a, h)).softplus()
        miss = out(head_b, h) - Box(far)
        loss_b = loss_b + miss * miss
    loss = (loss_a + Box(0.5) * loss_b) * Box(1 / len(pts))
    sweep(loss)
    for p in params:
        p.val -= 0.2 * p.adj
        p.adj = 0.0
    log_a.append(loss_a.val / len(pts)); log_b.append(loss_b.val / len(pts))
print("outside?", [round(v, 3) for v in log_a[::6]])
print("how far ", [round(v, 3) for v in log_b[::6]])
