# Fit y = a * exp(-b t) + c * sin(d t) to measured points.
# Nodes are plain dicts, gradients are kept in a dict beside them.
import math
import random

R = random.Random(3)


def node(value, *edges):
    return {"value": value, "edges": edges}


def add(p, q):
    return node(p["value"] + q["value"], (p, 1.0), (q, 1.0))


def sub(p, q):
    return node(p["value"] - q["value"], (p, 1.0), (q, -1.0))


def mul(p, q):
    return node(p["value"] * q["value"], (p, q["value"]), (q, p["value"]))


def neg_exp(p):
    e = math.exp(-p["value"])
    return node(e, (p, -e))


def sine(p):
    return node(math.sin(p["value"]), (p, math.cos(p["value"])))


def square(p):
    return node(p["value"] ** 2, (p, 2 * p["value"]))


def scale(p, k):
    return node(k * p["value"], (p, k))


def sort_nodes(root):
    order, seen = [], set()
    stack = [(root, iter(root["edges"]))]
    seen.add(id(root))
    while stack:
        n, it = stack[-1]
        for child, _ in it:
            if id(child) not in seen:
                seen.add(id(child))
                stack.append((child, iter(child["edges"])))
                break
        else:
            order.append(n)
            stack.pop()
    return order[::-1]


def gradients(root):
    grads = {id(root): 1.0}
    for n in sort_nodes(root):
        g = grads[id(n)]
        for child, slope in n["edges"]:
            grads[id(child)] = grads.get(id(child), 0.0) + slope * g
    return grads


truth = (2.0, 0.7, 0.5, 3.0)
points = []
for k in range(20):
    t = k / 5
    y = truth[0] * math.exp(-truth[1] * t) + truth[2] * math.sin(truth[3] * t)
    points.append((t, y + R.gauss(0, 0.02)))

theta = {"a": node(1.4), "b": node(0.4), "c": node(0.2), "d": node(2.6)}
rate = 0.06


def model(t):
    decay = mul(theta["a"], neg_exp(scale(theta["b"], t)))
    wave = mul(theta["c"], sine(scale(theta["d"], t)))
    return add(decay, wave)


def mean_error():
    total = node(0.0)
    for t, y in points:
        total = add(total, square(sub(model(t), node(y))))
    return scale(total, 1 / len(points))


for epoch in range(60):
    loss = mean_error()
    grads = gradients(loss)
    for name in theta:
        theta[name]["value"] -= rate * grads[id(theta[name])]
    if epoch % 10 == 0:
        print(epoch, round(loss["value"], 5), {k: round(v["value"], 3) for k, v in theta.items()})
print("end", round(mean_error()["value"], 5))
