"""Layer 1: a small network, its gradients worked out by hand.

New here: parameters instead of counts. A token's row of `wte` goes through two matrices with a
relu between them and comes out as a logit for each next token. To learn is to move every
parameter a little against its gradient (SGD), so the derivative of the loss with respect to each
is needed: `gradients_of` below is the chain rule, written out on paper first. Before training it is
compared, for every parameter, with what nudging that parameter really does to the loss.

There is no graph to look at: the derivatives are in our heads. That is what layer 2 changes.

Expect: a mean of 2.4786 nats over the last 100 of 1,000 steps.

    python examples/train1.py
    python examples/train1.py --steps 200 --data words
"""

import argparse
import contextlib
import itertools
import math
import operator
import random
import statistics

from microgpt import InputError, Tokenizer, load_corpus

BLOCK_SIZE, N_EMBD, N_HIDDEN = 16, 16, 64
LEARNING_RATE, TEMPERATURE = 1.0, 0.5
NUDGE = 1e-5  # of a parameter, to see what it does to the loss

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("--steps", type=int, default=1000, help="documents to learn from (1000)")
parser.add_argument("--data", default="names", metavar="NAME|FILE", help="the corpus (names)")
parser.add_argument("--seed", type=int, default=42, help="of all that is drawn (42)")
arguments = parser.parse_args()
try:
    documents = list(load_corpus(arguments.data).documents)
except InputError as error:
    parser.error(str(error))

rng = random.Random(arguments.seed)
rng.shuffle(documents)
tokenizer = Tokenizer.of(documents)
vocab_size = tokenizer.vocab_size


def matrix(rows, cols):
    return [[rng.gauss(0, 0.08) for _ in range(cols)] for _ in range(rows)]


wte = matrix(vocab_size, N_EMBD)  # a row for each token
mlp_fc1 = matrix(N_HIDDEN, N_EMBD)
lm_head = matrix(vocab_size, N_HIDDEN)
parameters = {"wte": wte, "mlp_fc1": mlp_fc1, "lm_head": lm_head}
num_params = sum(len(row) for rows in parameters.values() for row in rows)
print(f"num docs: {len(documents)}\nvocab size: {vocab_size}\nnum params: {num_params}")


def dot(a, b):
    return sum(map(operator.mul, a, b))


def forward(token):
    """The next token's probabilities, and the hidden layer on the way to them."""
    hidden = [max(0.0, dot(row, wte[token])) for row in mlp_fc1]
    logits = [dot(row, hidden) for row in lm_head]
    exps = [math.exp(logit) for logit in logits]
    normalizer = sum(exps)
    return [e / normalizer for e in exps], hidden


def loss_of(pairs):
    return statistics.fmean(-math.log(forward(token)[0][target]) for token, target in pairs)


def gradients_of(pairs):
    """The loss, and its derivative with respect to every parameter."""
    grads = {name: [[0.0] * len(row) for row in rows] for name, rows in parameters.items()}
    losses = []
    for token, target in pairs:
        probs, hidden = forward(token)
        losses.append(-math.log(probs[target]))
        # softmax and -log together: what was given, less what should have been
        d_logits = [(p - (i == target)) / len(pairs) for i, p in enumerate(probs)]
        for i, d in enumerate(d_logits):
            for j, h in enumerate(hidden):
                grads["lm_head"][i][j] += d * h
        for j, h in enumerate(hidden):
            if h > 0:  # relu lets a gradient through where it let the value through
                d = dot(d_logits, (row[j] for row in lm_head))
                for k in range(N_EMBD):
                    grads["mlp_fc1"][j][k] += d * wte[token][k]
                    grads["wte"][token][k] += d * mlp_fc1[j][k]
    return statistics.fmean(losses), grads


def pairs_of(step):
    """The tokens and their targets in the document of a step."""
    tokens = tokenizer.encode(documents[(step - 1) % len(documents)])[: BLOCK_SIZE + 1]
    return list(itertools.pairwise(tokens))


print(f"nudging {num_params} parameters by {NUDGE} ...")
first = pairs_of(1)
_, analytic = gradients_of(first)
worst, where = 0.0, "none"
for name, rows in parameters.items():
    for i, row in enumerate(rows):
        for j, before in enumerate(row):
            row[j] = before + NUDGE
            above = loss_of(first)
            row[j] = before - NUDGE
            numerical = (above - loss_of(first)) / (2 * NUDGE)
            row[j] = before
            if (difference := abs(analytic[name][i][j] - numerical)) > worst:
                worst, where = difference, f"{name}[{i}][{j}], {analytic[name][i][j]:+.10f}"
print(f"numerical and analytic gradients differ by at most {worst:.1e} ({where})")

losses = []
with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C goes on to the samples
    for step in range(1, arguments.steps + 1):
        loss, gradients = gradients_of(pairs_of(step))
        rate = LEARNING_RATE * (1 - (step - 1) / arguments.steps)
        for name, rows in parameters.items():
            for row, row_gradients in zip(rows, gradients[name], strict=True):
                for j, gradient in enumerate(row_gradients):
                    row[j] -= rate * gradient
        losses.append(loss)
        mean = statistics.fmean(losses[-100:])
        print(f"step {step:4d} / {arguments.steps:4d} | loss {loss:.4f} | mean {mean:.4f}")

for number in range(1, 11):
    token, drawn = tokenizer.bos, []
    while len(drawn) < BLOCK_SIZE:
        weights = [p ** (1 / TEMPERATURE) for p in forward(token)[0]]
        token = rng.choices(range(vocab_size), weights=weights)[0]
        if token == tokenizer.bos:
            break
        drawn.append(token)
    print(f"sample {number:2d}: {tokenizer.decode(drawn)}")
