"""Ops are objects with `compute` and `gradient`; nodes keep `op` and `inputs`."""


class Op:
    def __call__(self, *args):
        return Value.make_from_op(self, args)


class EWiseAdd(Op):
    def compute(self, a, b):
        return a + b

    def gradient(self, out_grad, node):
        return out_grad, out_grad


class EWiseMul(Op):
    def compute(self, a, b):
        return a * b

    def gradient(self, out_grad, node):
        lhs, rhs = node.inputs
        return out_grad * rhs.cached_data, out_grad * lhs.cached_data


class Value:
    def __init__(self, data):
        self.op = None
        self.inputs = []
        self.cached_data = data
        self.grad = 0.0

    @classmethod
    def make_from_op(cls, op, inputs):
        value = cls(op.compute(*[i.cached_data for i in inputs]))
        value.op = op
        value.inputs = list(inputs)
        return value

    def __add__(self, other):
        return EWiseAdd()(self, other)

    def __mul__(self, other):
        return EWiseMul()(self, other)


def find_topo_sort(node_list):
    visited, order = set(), []

    def dfs(node):
        if id(node) in visited:
            return
        for each in node.inputs:
            dfs(each)
        visited.add(id(node))
        order.append(node)

    for node in node_list:
        dfs(node)
    return order


def compute_gradient_of_variables(output, out_grad):
    contributions = {id(output): [out_grad]}
    for node in reversed(find_topo_sort([output])):
        node.grad = sum(contributions[id(node)])
        if node.op is None:
            continue
        for each, share in zip(node.inputs, node.op.gradient(node.grad, node)):
            contributions.setdefault(id(each), []).append(share)


a, b, c = Value(2.0), Value(-3.0), Value(0.5)
d = a * b + c
loss = d * d + a * d
compute_gradient_of_variables(loss, 1.0)
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].cached_data).hex(), float(globals()[name].grad).hex())
