"""The options' ranges and defaults are those of microgpt's own configurations."""

from __future__ import annotations

import argparse
from dataclasses import asdict, fields

import pytest

from microgpt import InputError, ModelConfig, TrainingConfig
from microgpt.model.sampling import check_temperature
from microgpt.train.hyperparameters import HYPERPARAMETERS, PRESETS, Preset
from tui.cli.options.model_options import (
    add_corpus_and_model_options,
    add_temperature_option,
    corpus_from,
    model_config_from,
    training_config_from,
)
from tui.cli.options.parser import CommandParser

OPTIONS = {
    "--n-embd": (ModelConfig, "n_embd"),
    "--n-head": (ModelConfig, "n_head"),
    "--n-layer": (ModelConfig, "n_layer"),
    "--block-size": (ModelConfig, "block_size"),
    "--steps": (TrainingConfig, "num_steps"),
    "--seed": (TrainingConfig, "seed"),
    "--lr": (TrainingConfig, "lr"),
    "--beta1": (TrainingConfig, "beta1"),
    "--beta2": (TrainingConfig, "beta2"),
}
WHOLE = ("-1", "0", "1", "2", "1000000000000000000000")
NUMBERS = (
    *("nan", "inf", "-inf", "-1e-300", "-0.0", "0", "1e-320", "0.5"),
    *("0.9999999999999999", "1", "1.0000000000000002", "3e7", "1e400"),
)


def parsed(*arguments: str) -> argparse.Namespace:
    parser = CommandParser(prog="microgpt")
    add_corpus_and_model_options(parser)
    add_temperature_option(parser)
    return parser.parse_args(arguments)


def accepts(*arguments: str) -> bool:
    try:
        parsed(*arguments)
    except SystemExit:
        return False
    return True


def test_without_options_everything_is_microgpts_default() -> None:
    arguments = parsed()
    assert model_config_from(arguments) == ModelConfig()
    assert training_config_from(arguments) == TrainingConfig()
    assert corpus_from(arguments).name == "names"
    assert arguments.temperature == 0.5


@pytest.mark.parametrize("flag", OPTIONS)
def test_an_option_sets_its_field(flag: str) -> None:
    config_class, field = OPTIONS[flag]
    value = 8 if isinstance(getattr(config_class(), field), int) else 0.125
    arguments = parsed(flag, str(value))
    config = (model_config_from if config_class is ModelConfig else training_config_from)(arguments)
    assert config == config_class(**{field: value})


def test_every_hyperparameter_but_eps_has_an_option() -> None:
    hyperparameters = {f.name for c in (ModelConfig, TrainingConfig) for f in fields(c)}
    options = {field for _, field in OPTIONS.values()}
    assert hyperparameters - {"eps", "validation"} == options  # what is held out, train alone asks


@pytest.mark.parametrize(("name", "preset"), PRESETS.items())
def test_a_preset_sets_what_is_not_given_beside_it(name: str, preset: Preset) -> None:
    for given in ((), ("--lr", "0.5", "--n-layer", "3")):
        for arguments in (("--preset", name, *given), (*given, "--preset", name)):
            options = parsed(*arguments)
            expected = {row.field: preset.value(row) for row in HYPERPARAMETERS}
            if given:
                expected |= {"lr": 0.5, "n_layer": 3}
            found = asdict(model_config_from(options)) | asdict(training_config_from(options))
            assert {field: found[field] for field in expected} == expected
    assert not accepts("--preset", "huge")


@pytest.mark.parametrize("flag", OPTIONS)
def test_an_option_accepts_what_its_field_accepts(flag: str) -> None:
    config_class, field = OPTIONS[flag]
    is_whole = isinstance(getattr(config_class(), field), int)
    neutral = {"n_head": 1} if config_class is ModelConfig and field != "n_head" else {}
    for text in WHOLE if is_whole else NUMBERS:
        number = int(text) if is_whole else float(text)
        if field == "n_head":
            neutral = {"n_embd": number}
        try:
            config_class(**neutral | {field: number})
        except InputError:
            valid = False
        else:
            valid = True
        assert accepts(flag, text) is valid, text
        assert accepts(f"{flag}={text}") is valid, text


@pytest.mark.parametrize("text", NUMBERS)
def test_temperature_accepts_what_sampling_accepts(text: str) -> None:
    try:
        check_temperature(float(text))
    except InputError:
        assert not accepts("--temperature", text)
    else:
        assert accepts("--temperature", text)


@pytest.mark.parametrize("seed", ["0", "-7", "123456789012345678901234567890"])
def test_any_whole_number_is_a_seed(seed: str) -> None:
    assert training_config_from(parsed("--seed", seed)).seed == int(seed)
