"""Runs on disk: recording one while it trains, and going to any of its steps afterwards."""

from microgpt.runs.guarded import size_on_disk
from microgpt.runs.recorder import RunRecorder
from microgpt.runs.run import RecordedStep, Run
from microgpt.runs.run_file import copy_run, is_being_written
from microgpt.runs.run_info import RunInfo
from microgpt.runs.salvaging import Salvaged, salvage
from microgpt.runs.verifying import verify

__all__ = [
    "RecordedStep",
    "Run",
    "RunInfo",
    "RunRecorder",
    "Salvaged",
    "copy_run",
    "is_being_written",
    "salvage",
    "size_on_disk",
    "verify",
]
