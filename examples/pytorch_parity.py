"""The same weights in PyTorch float64: the same loss, and the same gradient of every parameter.

Two programs that share no code, one on scalars and one on tensors, agree to the last digits.
That they are not equal to the last bit is as it should be: a tensor product may add its terms in
any order, and here the order is fixed.

    pip install torch
    python examples/pytorch_parity.py
    python examples/pytorch_parity.py --train 50 --data cities paris
"""

import argparse
import sys

from microgpt import InputError, ModelConfig, ModelSnapshot, Training, load_corpus
from microgpt.model.parameters import RMSNORM_EPS

TOLERANCE = 1e-12  # relative to the largest gradient of the matrix

try:
    import torch
    from torch.nn import functional
except ImportError:
    torch = None


def rmsnorm(x):
    return x * (x.square().mean(-1, keepdim=True) + RMSNORM_EPS) ** -0.5


def tensors_of(parameters):
    """The same numbers as float64 tensors, by name."""
    return {
        name: torch.tensor(
            [[leaf.data for leaf in row] for row in rows], dtype=torch.float64, requires_grad=True
        )
        for name, rows in parameters.matrices.items()
    }


def mean_loss(weights, tokens, config):
    """The model on tensors: the mean loss of one document, as a tensor."""
    n = len(tokens) - 1

    def heads_of(x):  # Shape: [n_head][position][head_dim]
        return x.view(n, config.n_head, config.head_dim).transpose(0, 1)

    x = rmsnorm(weights["wte"][list(tokens[:-1])] + weights["wpe"][:n])
    future = torch.ones(n, n, dtype=torch.bool).triu(1)
    for layer in (f"layer{i}" for i in range(config.n_layer)):
        h = rmsnorm(x)
        q, k, v = (heads_of(h @ weights[f"{layer}.attn_{name}"].T) for name in ("wq", "wk", "wv"))
        scores = (q @ k.transpose(1, 2) / config.head_dim**0.5).masked_fill(future, -torch.inf)
        mixed = (scores.softmax(-1) @ v).transpose(0, 1).reshape(n, -1)
        x = x + mixed @ weights[f"{layer}.attn_wo"].T
        hidden = (rmsnorm(x) @ weights[f"{layer}.mlp_fc1"].T).relu()
        x = x + hidden @ weights[f"{layer}.mlp_fc2"].T
    return functional.cross_entropy(x @ weights["lm_head"].T, torch.tensor(tokens[1:]))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("document", nargs="?", default="emma", help="what to compute (emma)")
    parser.add_argument("--train", type=int, default=0, metavar="N", help="steps before (0)")
    parser.add_argument("--n-layer", type=int, default=1, help="transformer layers (1)")
    parser.add_argument("--data", default="names", metavar="NAME|FILE", help="the corpus (names)")
    arguments = parser.parse_args()
    if torch is None:
        print("skipped: PyTorch is not installed (pip install torch)")
        return
    try:
        run = Training(load_corpus(arguments.data), ModelConfig(n_layer=arguments.n_layer))
        ModelSnapshot.of(run).check_document(arguments.document)
        for _ in run.results(arguments.train) if arguments.train else ():
            pass
    except InputError as error:
        parser.error(str(error))

    model = ModelSnapshot.of(run)
    parameters = model.parameters()
    scalar_loss = model.computed(arguments.document, parameters).loss.data
    weights = tensors_of(parameters)
    tensor_loss = mean_loss(weights, model.tokenizer.encode(arguments.document), model.config)
    tensor_loss.backward()

    worst = abs(scalar_loss - tensor_loss.item()) / scalar_loss
    print(f"PyTorch {torch.__version__}, {arguments.document!r}, {run.step} steps trained")
    print(f"loss: {scalar_loss!r} on scalars, {tensor_loss.item()!r} on tensors")
    print(f"relative differences: loss {worst:.1e}")
    for name, rows in parameters.matrices.items():
        scalar = torch.tensor([[leaf.grad for leaf in row] for row in rows], dtype=torch.float64)
        difference = float((scalar - weights[name].grad).abs().max() / scalar.abs().max())
        worst = max(worst, difference)
        print(f"  gradients of {name:16s} {difference:.1e}   ({scalar.numel()} parameters)")
    if worst > TOLERANCE:
        sys.exit(f"more than {TOLERANCE}: not the same computation")
    print(f"all within {TOLERANCE}")


if __name__ == "__main__":
    main()
