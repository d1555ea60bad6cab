"""Layer 2: autograd. The network of layer 1, and nobody works out a gradient any more.

New here: every number is a `Value`, which remembers what it was computed from and how it moves
with each operand. `loss.backward()` walks that graph from the loss to the parameters and leaves
layer 1's gradients in them, equal to the last digits.

What to look for in the graph (--graph): the positions do not see each other. Each has its own way
from `wte` to its loss, and they meet only in the mean at the end. In a position, the gradient of
the logits is p - 1 for the target and p for all others, over the number of positions; and where
`relu` gave 0 it ends.

Expect: a mean of 2.4786 nats over the last 100 of 1,000 steps.

    python examples/train2.py
    python examples/train2.py --steps 200 --graph train2.svg
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

BLOCK_SIZE, N_EMBD, N_HIDDEN = 16, 16, 64
LEARNING_RATE, TEMPERATURE = 1.0, 0.5

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


wte = matrix("wte", vocab_size, N_EMBD)  # a row for each token
mlp_fc1 = matrix("mlp_fc1", N_HIDDEN, N_EMBD)
lm_head = matrix("lm_head", vocab_size, N_HIDDEN)
parameters = [p for rows in (wte, mlp_fc1, lm_head) for row in rows for p in row]
print(f"num docs: {len(documents)}\nvocab size: {vocab_size}\nnum params: {len(parameters)}")


def linear(x, weights):
    return [sum(w * xi for w, xi in zip(row, x, strict=True)) for row in weights]


def softmax(logits):
    largest = max(logit.data for logit in logits)  # so that no exp overflows
    exps = [(logit - largest).exp() for logit in logits]
    normalizer = sum(exps)
    return [e / normalizer for e in exps]


def forward(token):
    """The next token's logits."""
    hidden = [h.relu() for h in linear(wte[token], mlp_fc1)]
    return linear(hidden, lm_head)


def backprop(document):
    """The document's loss; its gradients are left in the parameters."""
    tokens, losses = tokenizer.encode(document), []
    for pos_id in range(min(BLOCK_SIZE, len(tokens) - 1)):
        token, target = tokens[pos_id : pos_id + 2]
        with scope(f"pos{pos_id}", f"{tokenizer.label(token)} → {tokenizer.label(target)}"):
            losses.append(-softmax(forward(token))[target].log())
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
    tokens = [bos]
    while len(tokens) <= BLOCK_SIZE:
        probs = softmax([logit / TEMPERATURE for logit in forward(tokens[-1])])
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
