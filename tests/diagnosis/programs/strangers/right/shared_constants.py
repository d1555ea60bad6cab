# Constants are nodes that are made once and used at every step.
import math, random
random.seed(11)

class No:
    def __init__(self, valor, pais=()):
        self.valor, self.grad, self.pais = valor, 0.0, pais

def soma(a, b): return No(a.valor + b.valor, ((a, 1.0), (b, 1.0)))
def menos(a, b): return No(a.valor - b.valor, ((a, 1.0), (b, -1.0)))
def vezes(a, b): return No(a.valor * b.valor, ((a, b.valor), (b, a.valor)))
def divide(a, b): return No(a.valor / b.valor, ((a, 1 / b.valor), (b, -a.valor / b.valor ** 2)))
def raiz(a):
    r = math.sqrt(a.valor)
    return No(r, ((a, 0.5 / r),))

def retro(fim):
    ordem, vistos = [], set()
    def v(n):
        if id(n) in vistos: return
        vistos.add(id(n))
        for p, _ in n.pais: v(p)
        ordem.append(n)
    v(fim)
    fim.grad = 1.0
    for n in reversed(ordem):
        for p, d in n.pais: p.grad += d * n.grad

UM, EPS = No(1.0), No(1e-6)
# three stations and their distances to a transmitter: where is it?
estacoes = [(0.0, 0.0), (4.0, 0.0), (0.0, 3.0), (5.0, 4.0)]
medidas = [math.hypot(2.5 - x, 1.2 - y) + random.gauss(0, .02) for x, y in estacoes]
px, py = No(1.0), No(3.0)
quantos = No(float(len(medidas)))
for passo in range(40):
    perda = No(0.0)
    for (x, y), m in zip(estacoes, medidas):
        dx, dy = menos(px, No(x)), menos(py, No(y))
        dist = raiz(soma(soma(vezes(dx, dx), vezes(dy, dy)), EPS))
        razao = menos(divide(dist, No(m)), UM)
        perda = soma(perda, vezes(razao, razao))
    perda = divide(perda, quantos)
    px.grad = py.grad = 0.0
    retro(perda)
    px.valor -= 1.0 * px.grad
    py.valor -= 1.0 * py.grad
    if passo % 8 == 0: print(passo, round(perda.valor, 6), round(px.valor, 3), round(py.valor, 3))
