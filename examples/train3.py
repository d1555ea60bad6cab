"""Layer 3: attention. A position reads the positions before it.

New here: position embeddings (`wpe`: where a token stands), an attention head (a query is scored
against the key of every position so far; the softmax of the scores weighs their values), rmsnorm
(a vector is scaled to a mean square of 1), and residuals (attention and the network of layer 2
only add to what came in, so that a gradient has a way around them).

What to look for in the graph (--graph): the positions are joined. From each, edges run to the
attention of all later ones, and on the way back the loss of the third letter reaches the
parameters through the first.

Expect: a mean of 2.3023 nats over the last 100 of 1,000 steps.

    python examples/train3.py
    python examples/train3.py --steps 200 --graph train3.svg
"""

import argparse
import contextlib
import random
import statistics

import viz
from microgpt import (
    InputError,
    Tokenizer,
    load_corpus,
    parameter,
    paused_collector,
    recording,
    scope,
)
from microgpt.model.transformer import dot, linear, softmax  # as in layer 2

BLOCK_SIZE, N_EMBD = 16, 16
LEARNING_RATE, TEMPERATURE = 0.2, 0.5

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("--steps", type=int, default=1000, help="documents to learn from (1000)")
parser.add_argument("--data", default="names", metavar="NAME|FILE", help="the corpus (names)")
parser.add_argument("--seed", type=int, default=42, help="of all that is drawn (42)")
parser.add_argument("--graph", metavar="FILE", help="draw a document: .svg, .png or .dot")
arguments = parser.parse_args()
try:
    documents = list(load_corpus(arguments.data).documents)
    if arguments.graph:
        viz.check_output(arguments.graph)
except InputError as error:
    parser.error(str(error))

rng = random.Random(arguments.seed)
rng.shuffle(documents)
tokenizer = Tokenizer.of(documents)
vocab_size, bos = tokenizer.vocab_size, tokenizer.bos


def matrix(name, rows, cols):
    return [[parameter(rng.gauss(0, 0.08), name, i, j) for j in range(cols)] for i in range(rows)]


wte = matrix("wte", vocab_size, N_EMBD)  # what a token is
wpe = matrix("wpe", BLOCK_SIZE, N_EMBD)  # where it stands
lm_head = matrix("lm_head", vocab_size, N_EMBD)
wq, wk, wv, wo = (matrix(f"attn_{name}", N_EMBD, N_EMBD) for name in ("wq", "wk", "wv", "wo"))
fc1, fc2 = matrix("mlp_fc1", 4 * N_EMBD, N_EMBD), matrix("mlp_fc2", N_EMBD, 4 * N_EMBD)
matrices = (wte, wpe, lm_head, wq, wk, wv, wo, fc1, fc2)
parameters = [p for rows in matrices for row in rows for p in row]
print(f"num docs: {len(documents)}\nvocab size: {vocab_size}\nnum params: {len(parameters)}")


def add(a, b):
    return [ai + bi for ai, bi in zip(a, b, strict=True)]


def rmsnorm(x):
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def attention(x, keys, values):
    q = linear(x, wq)
    keys.append(linear(x, wk))
    values.append(linear(x, wv))
    weights = softmax([dot(q, k) / N_EMBD**0.5 for k in keys])
    mixed = [dot(weights, column) for column in zip(*values, strict=True)]
    return linear(mixed, wo)


def mlp(x):
    hidden = [h.relu() for h in linear(x, fc1)]
    return linear(hidden, fc2)


def forward(token, pos_id, keys, values):
    """The next token's logits; keys and values are those of the positions before."""
    x = rmsnorm(add(wte[token], wpe[pos_id]))
    x = add(attention(rmsnorm(x), keys, values), x)
    x = add(mlp(rmsnorm(x)), x)
    return linear(x, lm_head)


def backprop(document):
    """The document's loss; its gradients are left in the parameters."""
    tokens, losses, keys, values = tokenizer.encode(document), [], [], []
    for pos_id in range(min(BLOCK_SIZE, len(tokens) - 1)):
        token, target = tokens[pos_id : pos_id + 2]
        with scope(f"pos{pos_id}", f"{tokenizer.label(token)} → {tokenizer.label(target)}"):
            probs = softmax(forward(token, pos_id, keys, values))
            losses.append(-probs[target].log())
    loss = sum(losses) * (1 / len(losses))
    loss.name = "loss"
    for p in parameters:
        p.grad = 0.0
    loss.backward()
    return loss


losses = []
with contextlib.suppress(KeyboardInterrupt), paused_collector():  # Ctrl-C: on to the samples
    for step in range(1, arguments.steps + 1):
        loss = backprop(documents[(step - 1) % len(documents)])
        rate = LEARNING_RATE * (1 - (step - 1) / arguments.steps)
        for p in parameters:
            p.data -= rate * p.grad
        losses.append(loss.data)
        mean = statistics.fmean(losses[-100:])
        print(f"step {step:4d} / {arguments.steps:4d} | loss {loss.data:.4f} | mean {mean:.4f}")

for number in range(1, 11):
    tokens, keys, values = [bos], [], []
    for pos_id in range(BLOCK_SIZE):
        logits = forward(tokens[-1], pos_id, keys, values)
        probs = softmax([logit / TEMPERATURE for logit in logits])
        tokens += rng.choices(range(vocab_size), weights=[p.data for p in probs])
        if tokens[-1] == bos:
            break
    print(f"sample {number:2d}: {tokenizer.decode(tokens)}")

if arguments.graph:
    with recording():  # names each part of the graph by the function it comes from
        loss = backprop(documents[0])
    picture = viz.draw(loss, caption=f"“{documents[0]}” after {len(losses)} steps")
    viz.write_picture(picture, arguments.graph)
    print(f"wrote {arguments.graph}")
