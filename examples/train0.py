"""Layer 0: a table of counts. No network, no gradient, no graph.

New here: a document becomes tokens, between two BOS tokens; a model is whatever gives a
probability to the next token; its loss is how surprised it was, -log p, in nats. This model
looks at one token and counts what has followed it so far. That is all it will ever know.

Expect: a mean of 2.4523 nats over the last 100 of 1,000 steps.

    python examples/train0.py
    python examples/train0.py --steps 200 --data words
"""

import argparse
import contextlib
import itertools
import math
import random
import statistics

from microgpt import InputError, Tokenizer, load_corpus

BLOCK_SIZE = 16  # positions read of a document, here and in every layer, so that losses compare
TEMPERATURE = 0.5  # below 1, samples prefer what is likely

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

# How often each token (column) has followed each token (row), plus one: nothing is impossible.
counts = [[1] * vocab_size for _ in range(vocab_size)]
print(f"num docs: {len(documents)}\nvocab size: {vocab_size}\nnum counts: {vocab_size**2}")

losses = []
with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C goes on to the samples
    for step in range(1, arguments.steps + 1):
        tokens = tokenizer.encode(documents[(step - 1) % len(documents)])[: BLOCK_SIZE + 1]
        pairs = list(itertools.pairwise(tokens))
        probs = [counts[token][target] / sum(counts[token]) for token, target in pairs]
        losses.append(statistics.fmean(-math.log(p) for p in probs))
        for token, target in pairs:  # learning is counting
            counts[token][target] += 1
        mean = statistics.fmean(losses[-100:])
        print(f"step {step:4d} / {arguments.steps:4d} | loss {losses[-1]:.4f} | mean {mean:.4f}")

for number in range(1, 11):
    token, drawn = tokenizer.bos, []
    while len(drawn) < BLOCK_SIZE:
        weights = [count ** (1 / TEMPERATURE) for count in counts[token]]
        token = rng.choices(range(vocab_size), weights=weights)[0]
        if token == tokenizer.bos:
            break
        drawn.append(token)
    print(f"sample {number:2d}: {tokenizer.decode(drawn)}")
