"""Names as in JavaScript: `children`, `backwardFn`, a queue by depth."""


class Num:
    def __init__(self, val, children=None, backwardFn=None):
        self.val = val
        self.gradient = 0.0
        self.children = children or []
        self.backwardFn = backwardFn

    def __add__(self, that):
        out = Num(self.val + that.val, [self, that])

        def backwardFn():
            self.gradient += out.gradient
            that.gradient += out.gradient

        out.backwardFn = backwardFn
        return out

    def __mul__(self, that):
        out = Num(self.val * that.val, [self, that])

        def backwardFn():
            self.gradient += that.val * out.gradient
            that.gradient += self.val * out.gradient

        out.backwardFn = backwardFn
        return out

    def backPropagate(self):
        topo, visited = [], []

        def buildTopo(node):
            if not any(node is each for each in visited):
                visited.append(node)
                for child in node.children:
                    buildTopo(child)
                topo.append(node)

        buildTopo(self)
        self.gradient = 1.0
        for node in topo[::-1]:
            if node.backwardFn:
                node.backwardFn()


a, b, c = Num(2.0), Num(-3.0), Num(0.5)
d = a * b + c
loss = d * d + a * d
loss.backPropagate()
for name in ("a", "b", "c", "d"):
    print(name, float(globals()[name].val).hex(), float(globals()[name].gradient).hex())
