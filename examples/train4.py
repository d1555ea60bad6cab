"""Layer 4: several heads and a layer loop. The whole GPT, still trained by SGD.

New here: attention is split into heads, each with its own part of query, key and value, so that
a position can look for several things at once; and attention and network are a layer of a loop,
with names of their own among the parameters (`layer0.attn_wq`). Make N_LAYER 2: it is deeper.

What to look for in the graph (--graph): this one looks into the attention of the last position.
Its four heads stand side by side; compare how much gradient comes back through each.

Expect: a mean of 2.3013 nats over the last 100 of 1,000 steps.

    python examples/train4.py
    python examples/train4.py --steps 200 --graph train4.svg
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
from microgpt.model.transformer import dot, linear, rmsnorm, softmax  # as in the layers before

BLOCK_SIZE, N_EMBD, N_HEAD, N_LAYER = 16, 16, 4, 1
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


E = N_EMBD
shapes = {"wte": (vocab_size, E), "wpe": (BLOCK_SIZE, E), "lm_head": (vocab_size, E)}
for i in range(N_LAYER):
    shapes |= {f"layer{i}.attn_{name}": (E, E) for name in ("wq", "wk", "wv", "wo")}
    shapes |= {f"layer{i}.mlp_fc1": (4 * E, E), f"layer{i}.mlp_fc2": (E, 4 * E)}
model = {name: matrix(name, *shape) for name, shape in shapes.items()}
parameters = [p for rows in model.values() for row in rows for p in row]
print(f"num docs: {len(documents)}\nvocab size: {vocab_size}\nnum params: {len(parameters)}")


def add(a, b):
    return [ai + bi for ai, bi in zip(a, b, strict=True)]


def attention(x, layer, keys, values):
    q = linear(x, model[f"{layer}.attn_wq"])
    keys.append(linear(x, model[f"{layer}.attn_wk"]))
    values.append(linear(x, model[f"{layer}.attn_wv"]))
    mixed, size = [], E // N_HEAD
    for head in range(N_HEAD):
        part = slice(head * size, (head + 1) * size)
        with scope(f"head{head}"):
            weights = softmax([dot(q[part], k[part]) / size**0.5 for k in keys])
            columns = zip(*(v[part] for v in values), strict=True)
            mixed += [dot(weights, column) for column in columns]
    return linear(mixed, model[f"{layer}.attn_wo"])


def mlp(x, layer):
    hidden = [h.relu() for h in linear(x, model[f"{layer}.mlp_fc1"])]
    return linear(hidden, model[f"{layer}.mlp_fc2"])


def forward(token, pos_id, cache):
    """The next token's logits; the cache gets this position's keys and values in each layer."""
    x = rmsnorm(add(model["wte"][token], model["wpe"][pos_id]))
    for i in range(N_LAYER):
        keys, values = cache.setdefault(i, ([], []))
        with scope(f"layer{i}"):
            x = add(attention(rmsnorm(x), f"layer{i}", keys, values), x)
            x = add(mlp(rmsnorm(x), f"layer{i}"), x)
    return linear(x, model["lm_head"])


def backprop(document):
    """The document's loss; its gradients are left in the parameters."""
    tokens, losses, cache = tokenizer.encode(document), [], {}
    for pos_id in range(min(BLOCK_SIZE, len(tokens) - 1)):
        token, target = tokens[pos_id : pos_id + 2]
        with scope(f"pos{pos_id}", f"{tokenizer.label(token)} → {tokenizer.label(target)}"):
            probs = softmax(forward(token, pos_id, cache))
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
    tokens, cache = [bos], {}
    for pos_id in range(BLOCK_SIZE):
        probs = softmax([logit / TEMPERATURE for logit in forward(tokens[-1], pos_id, cache)])
        tokens += rng.choices(range(vocab_size), weights=[p.data for p in probs])
        if tokens[-1] == bos:
            break
    print(f"sample {number:2d}: {tokenizer.decode(tokens)}")

if arguments.graph:
    with recording():  # names each part of the graph by the function it comes from
        loss = backprop(documents[0])
    caption = f"“{documents[0]}” after {len(losses)} steps"
    last = f"pos{min(BLOCK_SIZE - 1, len(documents[0]))}/forward/layer0/attention"
    picture = viz.draw(loss, scope=last, caption=caption)
    viz.write_picture(picture, arguments.graph)
    print(f"wrote {arguments.graph}")
