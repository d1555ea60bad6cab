"""Another corpus, the same model: the vocabulary changes with it, and so does what a loss means.

A model that knows nothing gives every token the same probability, so its loss is the logarithm
of the vocabulary's size. Compare each corpus with its own start, not with the others.

    python examples/own_corpus.py
    python examples/own_corpus.py --steps 300 ./mine.txt
"""

import argparse
import math
import statistics

from microgpt import InputError, Training, TrainingConfig, built_in_corpora, load_corpus

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument(
    "corpora", nargs="*", metavar="NAME|FILE", help="to compare: all that are built in by default"
)
parser.add_argument("--steps", type=int, default=100, help="training steps on each (100)")
parser.add_argument("--seed", type=int, default=42, help="of all that is drawn (42)")
arguments = parser.parse_args()
try:
    config = TrainingConfig(num_steps=arguments.steps, seed=arguments.seed)
    runs = [
        Training(load_corpus(corpus), config=config)
        for corpus in arguments.corpora or built_in_corpora()
    ]
except InputError as error:
    parser.error(str(error))

for run in runs:
    chars = "".join(map(run.tokenizer.label, range(run.tokenizer.vocab_size - 1)))
    print(f"{run.corpus.name}: {len(run.documents)} documents, {len(run.state.data)} parameters")
    print(f"  vocabulary  {run.tokenizer.vocab_size}: {chars} and BOS")
    print(f"  knowing nothing  {math.log(run.tokenizer.vocab_size):.4f} nats")
    losses = [result.loss for result in run.results()]
    recent = losses[-50:]
    print(f"  first step       {losses[0]:.4f}")
    print(f"  last {len(recent)} of {len(losses)}   {statistics.fmean(recent):.4f}")
    print(f"  samples     {', '.join(run.sample() for _ in range(5))}")
