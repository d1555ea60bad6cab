"""A function object as context of its result, `apply` and `save_for_backward`."""


class Function:
    def __init__(self, *parents):
        self.parents = parents
        self.saved = ()

    def save_for_backward(self, *values):
        self.saved += values

    @classmethod
    def apply(cls, *parents):
        ctx = cls(*parents)
        return Tensor(ctx.forward(*[p.data for p in parents]), ctx)


class Add(Function):
    def forward(self, x, y):
        return x + y

    def backward(self, grad_output):
        return grad_output, grad_output


class Mul(Function):
    def forward(self, x, y):
        self.save_for_backward(x, y)
        return x * y

    def backward(self, grad_output):
        x, y = self.saved
        return y * grad_output, x * grad_output


class Tensor:
    def __init__(self, data, ctx=None):
        self.data = data
        self.grad = None
        self._ctx = ctx

    def __add__(self, other):
        return Add.apply(self, other)

    def __mul__(self, other):
        return Mul.apply(self, other)

    def deepwalk(self):
        def walk(node, visited, nodes):
            visited.add(node)
            if node._ctx:
                for i in node._ctx.parents:
                    if i not in visited:
                        walk(i, visited, nodes)
                nodes.append(node)
            return nodes

        return walk(self, set(), [])

    def backward(self):
        self.grad = 1.0
        for t in reversed(self.deepwalk()):
            grads = t._ctx.backward(t.grad)
            for p, g in zip(t._ctx.parents, grads):
                p.grad = g if p.grad is None else p.grad + g


a, b, c = Tensor(2.0), Tensor(-3.0), Tensor(0.5)
d = a * b + c
loss = d * d + a * d
loss.backward()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].data).hex(), float(globals()[name].grad).hex())
