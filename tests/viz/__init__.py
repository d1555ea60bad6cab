"""Tests of folding and drawing."""

import pytest

pytest.register_assert_rewrite("tests.viz.golden")  # so that it shows what differs
