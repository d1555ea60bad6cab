"""Faults in `np_gpt.py`: arrays, attention with a mask, Adam."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "np_gpt"
STEP = "        p.data -= lr * m_hat / (np.sqrt(v_hat) + 1e-8)"
ZERO = "    for p in params:\n        p.grad[...] = 0\n"

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("self.grad += inverse * (out.grad", "self.grad = inverse * (out.grad"),),
        "self.grad = inverse * (out.grad", why="the stream goes past the norm, too",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("(gate + 1.702 * out.data * (1 - gate)) * out.grad",
          "gate + 1.702 * out.data * (1 - gate)"),),
        "self.grad += gate + 1.702",
    ),
    Fault(
        "wrong-local", BASE,
        (("self.grad += out.data * (out.grad - dot)", "self.grad += out.data * out.grad"),),
        "self.grad += out.data * out.grad",
        why="a softmax whose outputs know nothing of each other",
    ),
    Fault(
        "wrong-local", BASE,
        (("(out.grad - flat - out.data * along)", "(out.grad - flat)"),),
        "(out.grad - flat)", why="a norm with a scale that does not move",
    ),
    Fault(
        "wrong-local", BASE,
        (("(gate + 1.702 * out.data * (1 - gate))", "(gate + out.data * (1 - gate))"),),
        "(gate + out.data * (1 - gate))",
    ),
    Fault(
        "wrong-local", BASE,
        (("self.grad += out.grad / self.data", "self.grad += out.grad / out.data"),),
        "self.grad += out.grad / out.data",
    ),
    Fault(
        "operand-skipped", BASE,
        ((("            self.grad += T.reduce(out.grad @ other.data.swapaxes(-1, -2), "
           "self.data.shape)\n"),
          ""),),
        "other.grad += T.reduce(self.data.swapaxes",
    ),
    Fault(
        "operand-skipped", BASE,
        (("            other.grad += T.reduce(out.grad, other.data.shape)\n", ""),),
        "self.grad += T.reduce(out.grad, self.data.shape)",
    ),
    Fault(
        "visited-early", BASE,
        ((("                seen.add(t)\n"
           "                for each in t._prev:\n"
           "                    visit(each)\n"
           "                order.append(t)\n"),
          ("                seen.add(t)\n"
           "                order.insert(0, t)\n"
           "                for each in t._prev:\n"
           "                    visit(each)\n")),),
        "order.insert(0, t)", also=("t._backward()", "for t in reversed(order)"),
    ),
    Fault(
        "visited-twice", BASE,
        (("                order.append(t)\n", "            order.append(t)\n"),),
        "            order.append(t)", also=("t._backward()", "for t in reversed(order)"),
    ),
    Fault(
        "never-visited", BASE,
        (("                for each in t._prev:\n", "                for each in t._prev[:1]:\n"),),
        "for each in t._prev[:1]:", also=("t._backward()",),
        why="the second operand is never walked to",
    ),
    Fault(
        "not-seeded", BASE,
        (("        self.grad = np.ones_like(self.data)\n",
          "        self.grad = self.data.copy()\n"),),
        "self.grad = self.data.copy()",
    ),
    Fault(
        "wrong-forward", BASE,
        (("out = T(np.log(self.data), (self,))", "out = T(np.log2(self.data), (self,))"),),
        "np.log2(self.data)",
    ),
    Fault(
        "aliased", BASE,
        (("        self.grad = np.zeros_like(self.data)\n",
          "        self.grad = BUFFERS.setdefault(self.data.shape, np.zeros_like(self.data))\n"),
         ("gen = np.random.default_rng(3)\n", "gen = np.random.default_rng(3)\nBUFFERS = {}\n")),
        "self.grad = BUFFERS.setdefault(", why="one gradient for all of a shape",
    ),
    Fault(
        "detached", BASE,
        (("weights = (scores + mask).softmax()", "weights = T((scores + mask).softmax().data)"),),
        "weights = T((scores", why="queries and keys lose their only way",
    ),
    Fault(
        "detached", BASE,
        (("q, k, v = n @ wq, n @ wk, n @ wv", "q, k, v = n @ wq, n @ wk, T(n.data) @ wv"),),
        "T(n.data) @ wv", is_note=True, why="embeddings keep another way",
    ),
    Fault(
        "changed-after-use", BASE,
        (("    loss.backward()\n",
          ("    for p in params:\n"
           "        np.clip(p.data, -0.5, 0.5, out=p.data)\n"
           "    loss.backward()\n")),),
        "np.clip(p.data, -0.5, 0.5, out=p.data)",
    ),
    Fault(
        "stale-grads", BASE,
        ((ZERO, ""),),
        STEP, also=("    loss.backward()", "m += (1 - beta1)", "v += (1 - beta2)"),
    ),
    Fault(
        "update-without-grad", BASE,
        ((ZERO + "    loss.backward()\n", "    loss.backward()\n" + ZERO),),
        STEP,
        also=("    loss.backward()", "p.grad[...] = 0", "m += (1 - beta1)", "v += (1 - beta2)"),
    ),
    Fault(
        "ascent", BASE,
        ((STEP, "        p.data += lr * m_hat / (np.sqrt(v_hat) + 1e-8)"),),
        "p.data += lr * m_hat",
    ),
    Fault(
        "not-updated", BASE,
        (("params = [wte, wpe, wq, wk, wv, wo, fc1, fc2, head]",
          "params = [wte, wpe, wq, wk, wv, wo, head]"),),
        "fc1, fc2 = T(", also=("params = [wte, wpe, wq, wk, wv, wo, head]",),
    ),
    Fault(
        "not-in-graph", BASE,
        (("n @ wq, n @ wk, n @ wv", "n @ wq, n @ wq, n @ wv"),),
        "wq, wk, wv, wo = (T(", also=("n @ wq, n @ wq, n @ wv", STEP),
    ),
    Fault(
        "adam-wrong", BASE,
        (("(np.sqrt(v_hat) + 1e-8)", "(v_hat + 1e-8)"),),
        "m_hat / (v_hat + 1e-8)",
    ),
    Fault(
        "adam-wrong", BASE,
        (("m_hat, v_hat = m / (1 - beta1 ** (step + 1)), v / (1 - beta2 ** (step + 1))",
          "m_hat, v_hat = m, v"),),
        STEP, is_note=True, also=("m_hat, v_hat = m, v",),
    ),
    Fault(
        "rate-too-small", BASE,
        (("lr, beta1, beta2 = 0.02,", "lr, beta1, beta2 = 1e-9,"),),
        STEP, also=("lr, beta1, beta2 = 1e-9,",),
    ),
    Fault(
        "future-leak", BASE,
        (("np.triu(np.full((S, S), -np.inf), k=1)", "np.triu(np.full((S, S), -np.inf), k=2)"),),
        "k=2)",
    ),
    Fault(
        "future-leak", BASE,
        (("np.full((S, S), -np.inf)", "np.full((S, S), -8.0)"),),
        "np.full((S, S), -8.0)", also=("weights = (scores + mask)",),
    ),
    Fault(
        "future-leak", BASE,
        (("    n = x.norm()\n", "    n = (x + x[:, ::-1]).norm()\n"),),
        "n = (x + x[:, ::-1]).norm()", why="the text backwards is added",
    ),
    Fault(
        "target-not-shifted", BASE,
        (("texts[:, :-1], texts[:, 1:]", "texts[:, :-1], texts[:, :-1]"),),
        "texts[:, :-1], texts[:, :-1]",
    ),
    Fault(
        "position-unused", BASE,
        (("wpe[np.arange(S)]", "wpe[np.zeros(S, dtype=int)]"),),
        "wpe[np.zeros(S, dtype=int)]",
    ),
    Fault(
        "not-normalised", BASE,
        (("probs = (x.norm() @ head).softmax()", "probs = (x.norm() @ head).softmax(axis=-2)"),),
        "softmax(axis=-2)", why="over positions, not letters",
    ),
    Fault(
        "not-normalised", BASE,
        (("weights = (scores + mask).softmax()", "weights = (scores + mask).softmax(axis=-2)"),),
        "softmax(axis=-2)", is_note=True, why="weights of attention over who asks",
    ),
    Fault(
        "softmax-twice", BASE,
        (("probs = (x.norm() @ head).softmax()", "probs = (x.norm() @ head).softmax().softmax()"),),
        ".softmax().softmax()",
    ),
    Fault(
        "unscaled", BASE,
        (("scores = (q @ k.turned()) * (1 / np.sqrt(C))", "scores = q @ k.turned()"),),
        "scores = q @ k.turned()", is_note=True,
    ),
    Fault(
        "no-residual", BASE,
        (("    x = x + (x.norm() @ fc1)", "    x = (x.norm() @ fc1)"),),
        "    x = (x.norm() @ fc1)", is_note=True,
    ),
    Fault(
        "output-unused", BASE,
        (("probs[np.arange(2)[:, None], np.arange(S), targets]",
          "probs[np.arange(2), -1, targets[:, -1]]"),),
        "probs[np.arange(2), -1", is_note=True,
    ),
    Fault(
        "loss-upside-down", BASE,
        (("chosen.log().sum() * (-1 / targets.size)", "chosen.log().sum() * (1 / targets.size)"),),
        "* (1 / targets.size)",
    ),
    Fault(
        "computed-unused", BASE,
        (("    chosen = probs", "    entropy = (x @ head).softmax().log()\n    chosen = probs"),),
        "entropy = (x @ head)", is_note=True,
    ),
    Fault(
        "not-finite", BASE,
        (("np.full((S, S), -np.inf), k=1)", "np.full((S, S), -np.inf), k=0)"),),
        "k=0)", also=("weights = (scores + mask)", "e = np.exp(self.data - "),
        why="the first position sees nothing",
    ),
    Fault(
        "vanishing", BASE,
        (("wte, wpe = T(gen.normal(size=(V, C)))", "wte, wpe = T(gen.normal(size=(V, C)) * 1e4)"),),
        "* 1e4)", is_note=True,
    ),
)  # fmt: skip
