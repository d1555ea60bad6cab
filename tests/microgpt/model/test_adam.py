"""Adam: the schedule, the update, and settings that are refused."""

from __future__ import annotations

import math

import pytest

from microgpt import InputError, TrainingConfig, Value
from microgpt.model.adam import Adam


def test_rate_falls_linearly_from_lr_to_0() -> None:
    config = TrainingConfig(num_steps=4, lr=0.1)
    assert [config.lr_at(step) for step in range(1, 6)] == pytest.approx(
        [0.1, 0.075, 0.05, 0.025, 0.0], abs=1e-16
    )
    assert TrainingConfig().lr_at(2).hex() == (0.01 * (1 - 1 / 1000)).hex()


def test_update_in_the_order_of_floats() -> None:
    config = TrainingConfig(num_steps=10, lr=0.1, beta1=0.8, beta2=0.9, eps=1e-3)
    p = Value(1.0)
    optimizer = Adam(config, [0.0], [0.0])
    m = v = 0.0
    data = p.data
    for step, grad in enumerate([0.3, -0.7, 0.2], start=1):
        p.grad = grad
        lr = optimizer.update([p], step)
        m = 0.8 * m + (1 - 0.8) * grad
        v = 0.9 * v + (1 - 0.9) * grad**2
        data -= lr * (m / (1 - 0.8**step)) / ((v / (1 - 0.9**step)) ** 0.5 + 1e-3)
        assert lr == 0.1 * (1 - (step - 1) / 10)
        assert (p.data.hex(), p.grad) == (data.hex(), 0.0)
    assert (optimizer.m, optimizer.v) == ([m], [v])


def test_first_update_moves_by_about_lr_whatever_the_size_of_the_gradient() -> None:
    for grad in (1e-3, 1.0, -1e3):
        p = Value(0.0)
        p.grad = grad
        Adam(TrainingConfig(lr=0.01), [0.0], [0.0]).update([p], 1)
        assert p.data == pytest.approx(-math.copysign(0.01, grad), rel=1e-4)


def test_a_parameter_without_gradient_still_moves_on_its_moments() -> None:
    p, optimizer = Value(0.0), Adam(TrainingConfig(), [0.0], [0.0])
    p.grad = 1.0
    optimizer.update([p], 1)
    moved = p.data
    optimizer.update([p], 2)
    assert p.data < moved < 0


def test_moments_of_parameters_are_their_own() -> None:
    a, b = Value(0.0), Value(0.0)
    optimizer = Adam(TrainingConfig(), [0.0, 0.0], [0.0, 0.0])
    a.grad = 1.0
    optimizer.update([a, b], 1)
    assert (b.data, optimizer.m[1], optimizer.v[1]) == (0.0, 0.0, 0.0)
    assert a.data < 0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"num_steps": 0}, "num_steps is 0; it must be at least 1"),
        ({"num_steps": -5}, "num_steps is -5; it must be at least 1"),
        ({"lr": -0.1}, "lr is -0.1; it must be a finite number, 0 or more"),
        ({"lr": math.nan}, "lr is nan; it must be a finite number, 0 or more"),
        ({"lr": math.inf}, "lr is inf; it must be a finite number, 0 or more"),
        ({"eps": math.nan}, "eps is nan; it must be a finite number more than 0"),
        ({"eps": -1e-8}, "eps is -1e-08; it must be a finite number more than 0"),
        ({"eps": 0.0}, "eps is 0.0; it must be a finite number more than 0"),
        ({"beta1": 1.0}, "beta1 is 1.0; it must be at least 0 and less than 1"),
        ({"beta1": -0.1}, "beta1 is -0.1; it must be at least 0 and less than 1"),
        ({"beta2": 1.5}, "beta2 is 1.5; it must be at least 0 and less than 1"),
        ({"beta2": math.nan}, "beta2 is nan; it must be at least 0 and less than 1"),
    ],
)
def test_settings_outside_their_range(setting: dict[str, float], message: str) -> None:
    with pytest.raises(InputError) as caught:
        TrainingConfig(**setting)
    assert str(caught.value) == message


def test_the_ends_of_the_ranges_are_valid() -> None:
    config = TrainingConfig(num_steps=1, lr=0.0, beta1=0.0, beta2=0.0, eps=1e-300)
    assert config.lr_at(1) == 0.0
