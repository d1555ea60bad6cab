"""Faults in `names_gpt.py`: stored local gradients, a transformer, Adam."""

from __future__ import annotations

from tests.diagnosis.fault import Fault

BASE = "names_gpt"
STEP = "p.data -= learning_rate * m_hat / (v_hat**0.5 + eps_adam)"
ATTN_SUM = '_wo"])\n        x = [a + b for a, b in zip(x, x_residual)]'
MLP_SUM = '_fc2"])\n        x = [a + b for a, b in zip(x, x_residual)]'

FAULTS = (
    Fault(
        "overwritten", BASE,
        (("child.grad += local_grad * v.grad", "child.grad = local_grad * v.grad"),),
        "child.grad = local_grad * v.grad",
    ),
    Fault(
        "upstream-dropped", BASE,
        (("child.grad += local_grad * v.grad", "child.grad += local_grad"),),
        "child.grad += local_grad",
    ),
    Fault(
        "wrong-local", BASE,
        (("(math.exp(self.data),))", "(self.data,))"),),
        "(self.data,))", why="exp: the input for the output",
    ),
    Fault(
        "wrong-local", BASE,
        (("(other * self.data ** (other - 1),)", "(other * self.data ** (other + 1),)"),),
        "self.data ** (other + 1)",
    ),
    Fault(
        "wrong-local", BASE,
        (("(1 / self.data,))", "(-1 / self.data,))"),),
        "(-1 / self.data,)", why="log: the sign",
    ),
    Fault(
        "wrong-local", BASE,
        (("(float(self.data > 0),)", "(1.0,)"),),
        "max(0, self.data), (self,), (1.0,)", why="relu: its mask",
    ),
    Fault(
        "operand-skipped", BASE,
        (("(other.data, self.data))", "(other.data, 0))"),),
        "(other.data, 0)",
    ),
    Fault(
        "visited-early", BASE,
        (("                visited.add(v)\n",
          "                visited.add(v)\n                topo.append(v)\n"),
         ("                    build_topo(child)\n                topo.append(v)\n",
          "                    build_topo(child)\n"),
         ("for v in reversed(topo):", "for v in topo:")),
        "topo.append(v)", also=("for v in topo:", "child.grad += local_grad * v.grad"),
        why="on the way down, not up",
    ),
    Fault(
        "never-visited", BASE,
        (("        for v in reversed(topo):", "        for v in topo[:-400:-1]:"),),
        "for v in topo[:-400:-1]", also=("child.grad += local_grad * v.grad",),
    ),
    Fault(
        "not-seeded", BASE,
        (("        self.grad = 1\n", "        self.grad = self.data\n"),),
        "self.grad = self.data", also=("child.grad += local_grad * v.grad",),
    ),
    Fault(
        "wrong-forward", BASE,
        (("return self + (-other)", "return (-self) + other"),),
        "return (-self) + other",
    ),
    Fault(
        "detached", BASE,
        (("attn_weights = softmax(attn_logits)",
          "attn_weights = [w.data for w in softmax(attn_logits)]"),),
        "attn_weights = [w.data for w", also=("x_attn.append(sum(w * vt[j]",),
        why="queries and keys lose every way to the loss",
    ),
    Fault("stale-grads", BASE, (("        p.grad = 0\n", ""),), STEP, also=("loss.backward()",)),
    Fault(
        "update-without-grad", BASE,
        (("        p.grad = 0\n", ""),
         ("    for i, p in enumerate(params):\n",
          "    for p in params:\n        p.grad = 0\n    for i, p in enumerate(params):\n")),
        STEP, also=("p.grad = 0", "loss.backward()"),
    ),
    Fault(
        "ascent", BASE,
        ((STEP, "p.data += learning_rate * m_hat / (v_hat**0.5 + eps_adam)"),),
        "p.data += learning_rate * m_hat / (v_hat**0.5 + eps_adam)",
    ),
    Fault(
        "not-updated", BASE,
        (('state_dict["lm_head"] = matrix(vocab_size, n_embd)\n', ""),
         ("for row in mat for p in row]\n",
          'for row in mat for p in row]\nstate_dict["lm_head"] = matrix(vocab_size, n_embd)\n')),
        'state_dict["lm_head"] = matrix(', also=("params = [p for mat", "[Value(random.gauss"),
        why="made after the list of parameters",
    ),
    Fault(
        "not-in-graph", BASE,
        (('v = linear(x, state_dict[f"layer{li}.attn_wv"])',
          'v = linear(x, state_dict[f"layer{li}.attn_wk"])'),),
        'state_dict[f"layer{i}.attn_wv"] =',
        also=('v = linear(x, state_dict[f"layer{li}.attn_wk"])', STEP, "[Value(random.gauss"),
    ),
    Fault(
        "adam-wrong", BASE,
        (("(v_hat**0.5 + eps_adam)", "(v_hat + eps_adam)"),),
        "m_hat / (v_hat + eps_adam)", why="no root",
    ),
    Fault(
        "adam-wrong", BASE,
        (("m_hat = m[i] / (1 - beta1 ** (step + 1))", "m_hat = m[i]"),
         ("v_hat = v[i] / (1 - beta2 ** (step + 1))", "v_hat = v[i]")),
        STEP, is_note=True, also=("m_hat = m[i]", "v_hat = v[i]"), why="no correction",
    ),
    Fault(
        "aliased-parameters", BASE,
        (("[[Value(random.gauss(0, std)) for _ in range(nin)] for _ in range(nout)]",
          "[[Value(random.gauss(0, std))] * nin for _ in range(nout)]"),),
        "[[Value(random.gauss(0, std))] * nin",
    ),
    Fault(
        "update-mixed", BASE,
        (("m_hat = m[i] / (1", "m_hat = m[i - 1] / (1"),
         ("v_hat = v[i] / (1", "v_hat = v[i - 1] / (1")),
        STEP, also=("m_hat = m[i - 1]", "v_hat = v[i - 1]"),
    ),
    Fault(
        "position-unused", BASE,
        (('state_dict["wpe"][pos_id]', 'state_dict["wpe"][0]'),),
        'state_dict["wpe"][0]',
    ),
    Fault(
        "target-not-shifted", BASE,
        (("tokens[pos_id], tokens[pos_id + 1]", "tokens[pos_id], tokens[pos_id]"),),
        "tokens[pos_id], tokens[pos_id]",
    ),
    Fault(
        "future-leak", BASE,
        (("    losses = []\n",
          ("    losses = []\n"
           '    ahead = [state_dict["wte"][t] for t in tokens[:n]]\n'
           "    mean = [sum(col) * (1 / n) for col in zip(*ahead)]\n")),
         ("gpt(token_id, pos_id, keys, values))", "gpt(token_id, pos_id, keys, values, mean))"),
         ("def gpt(token_id, pos_id, keys, values):",
          "def gpt(token_id, pos_id, keys, values, context):"),
         ("x = [t + p for t, p in zip(tok_emb, pos_emb)]",
          "x = [t + p + c for t, p, c in zip(tok_emb, pos_emb, context)]")),
        "mean = [sum(col)", also=("x = [t + p + c", "ahead = ["),
        why="the mean of all that is read, what comes later too",
    ),
    Fault(
        "softmax-twice", BASE,
        (("probs = softmax(gpt(token_id, pos_id, keys, values))",
          "probs = softmax(softmax(gpt(token_id, pos_id, keys, values)))"),),
        "probs = softmax(softmax(", also=("losses.append(",),
    ),
    Fault(
        "unscaled", BASE,
        ((" * (1 / head_dim**0.5) for kt in k_h", " for kt in k_h"),),
        "zip(q_h, kt)) for kt in k_h", is_note=True,
    ),
    Fault(
        "no-residual", BASE,
        ((ATTN_SUM, '_wo"])\n        x = [a + b for a, b in zip(x, x)]'),),
        "zip(x, x)", is_note=True, why="adds the branch to itself",
    ),
    Fault(
        "no-residual", BASE,
        ((MLP_SUM, '_fc2"])'),),
        'x = linear(x, state_dict[f"layer{li}.mlp_fc2"])', is_note=True,
    ),
    Fault(
        "output-unused", BASE,
        (("return sum(losses) * (1 / n)", "return losses[-1]"),),
        "return losses[-1]", is_note=True,
    ),
    Fault(
        "loss-upside-down", BASE,
        (("losses.append(-probs[target_id].log())", "losses.append(probs[target_id].log())"),),
        "losses.append(probs[target_id].log())",
    ),
    Fault(
        "not-normalised", BASE,
        (("total = sum(exps)", "total = sum(exps, exps[0])"),),
        "total = sum(exps, exps[0])", also=("return [e / total",),
        why="the first of them counts twice",
    ),
    Fault(
        "rate-too-small", BASE,
        (("learning_rate, beta1, beta2, eps_adam = 0.02,",
          "learning_rate, beta1, beta2, eps_adam = 2e-9,"),),
        STEP, also=("eps_adam = 2e-9",),
    ),
    Fault(
        "dead-units", BASE,
        (("        x = [xi.relu() for xi in x]",
          "        x = [(xi - 2 * (j % 2)).relu() for j, xi in enumerate(x)]"),),
        "(xi - 2 * (j % 2)).relu()", is_note=True,
    ),
)  # fmt: skip
