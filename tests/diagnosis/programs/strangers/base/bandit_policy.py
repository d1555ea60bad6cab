"""Contextual bandit: REINFORCE with a learnt baseline. Two small networks, two learning rates."""
import math
import random

RNG = random.Random(4321)


class Term:
    """An expression. `partials` maps operands to derivatives (equal operands are merged)."""

    def __init__(self, value, partials=None):
        self.value = value
        self.partials = partials or {}
        self.gradient = 0.0

    def __add__(self, other):
        if not isinstance(other, Term):
            return Term(self.value + other, {self: 1.0})
        if other is self:
            return Term(2 * self.value, {self: 2.0})
        return Term(self.value + other.value, {self: 1.0, other: 1.0})

    def __mul__(self, other):
        if not isinstance(other, Term):
            return Term(self.value * other, {self: other})
        if other is self:
            return Term(self.value ** 2, {self: 2 * self.value})
        return Term(self.value * other.value, {self: other.value, other: self.value})

    def tanh(self):
        t = math.tanh(self.value)
        return Term(t, {self: 1 - t * t})

    def exp(self):
        e = math.exp(self.value)
        return Term(e, {self: e})

    def log(self):
        return Term(math.log(self.value), {self: 1 / self.value})

    def propagate(self):
        """Fills in .gradient of everything below."""
        rank = {}

        def depth(term):
            if term not in rank:
                rank[term] = 1 + max((depth(t) for t in term.partials), default=0)
            return rank[term]

        depth(self)
        self.gradient = 1.0
        for term in sorted(rank, key=rank.get, reverse=True):
            for operand, partial in term.partials.items():
                operand.gradient += partial * term.gradient


class Small:
    def __init__(self, inputs, hidden, outputs):
        self.hidden = [[Term(RNG.gauss(0, 0.6)) for _ in range(inputs + 1)] for _ in range(hidden)]
        self.output = [[Term(RNG.gauss(0, 0.3)) for _ in range(hidden + 1)] for _ in range(outputs)]

    def __call__(self, xs):
        hs = []
        for row in self.hidden:
            s = row[-1]
            for w, x in zip(row, xs):
                s = s + w * x
            hs.append(s.tanh())
        ys = []
        for row in self.output:
            s = row[-1]
            for w, h in zip(row, hs):
                s = s + w * h
            ys.append(s)
        return ys

    def parameters(self):
        return [w for row in self.hidden + self.output for w in row]


def log_softmax(zs):
    high = max(z.value for z in zs)
    total = None
    for z in zs:
        e = (z + -high).exp()
        total = e if total is None else total + e
    lse = total.log() + high
    return [z + lse * -1.0 for z in zs]


ARMS = 3


def play(context, arm):
    best = 0 if context[0] > 0.2 else (1 if context[1] > 0 else 2)
    return (1.0 if arm == best else 0.0) + RNG.gauss(0, 0.1)


policy, critic = Small(2, 5, ARMS), Small(2, 4, 1)
groups = [(policy.parameters(), 0.5), (critic.parameters(), 0.2)]
earned = []
for round_ in range(60):
    losses = []
    reward_sum = 0.0
    for _ in range(12):
        context = [RNG.uniform(-1, 1), RNG.uniform(-1, 1)]
        logp = log_softmax(policy(context))
        arm = RNG.choices(range(ARMS), weights=[math.exp(l.value) for l in logp])[0]
        reward = play(context, arm)
        reward_sum += reward
        expected = critic(context)[0]
        advantage = reward - expected.value          # a plain number: the policy must not teach the critic
        miss = expected + -reward
        losses.append(logp[arm] * (-advantage / 12) + miss * miss * (0.5 / 12))
    loss = losses[0]
    for l in losses[1:]:
        loss = loss + l
    loss.propagate()
    for members, rate in groups:
        for w in members:
            w.value -= rate * w.gradient
            w.gradient = 0.0
    earned.append(reward_sum / 12)
print("first ten", round(sum(earned[:10]) / 10, 3), "last ten", round(sum(earned[-10:]) / 10, 3))
