"""The benchmark of GPUs, on the device that is here."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cuda.__main__ import main


@pytest.fixture
def own_voice(tiny_voices: Path, tiny_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHAPSODE_VOICES", str(tiny_voices))
    monkeypatch.setenv("RHAPSODE_SHIPPED_VOICES", "false")
    monkeypatch.setenv("RHAPSODE_ARTIFACTS", str(tiny_artifacts))


def rows(*words: str, capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    own = ["--rounds", "1", "--batches", "1,3", "--pairs", "tiny-hifigan", *words]
    assert main(own) == 0
    lines = capsys.readouterr().out.splitlines()
    table = [line.strip("|").split("|") for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in table[2:]]


def test_every_runtime_and_precision_is_a_row(
    own_voice: None, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--device", "cpu", "--runtimes", "onnx,eager", "--precisions", "fp32,fp16")
    found = rows(*words, capsys=capsys)
    assert [row[:3] for row in found] == [
        ["tiny-fastspeech2 × tiny-hifigan", runtime, precision]
        for runtime in ("onnx", "eager")
        for precision in ("fp32", "fp16")
    ]
    assert {row[3] for row in found} == {"no"}  # a CPU has no graphs to capture
    refused = [row for row in found if row[4].startswith("not timed: ")]
    assert {row[2] for row in refused} == {"fp16"}  # a CPU would emulate it
    for row in (row for row in found if row not in refused):
        speeds = [float(cell) for cell in row[4:]]
        assert len(speeds) == 4
        assert all(speed > 0 for speed in speeds)


def test_a_device_that_is_not_there_is_named(
    own_voice: None, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows("--device", "cuda:7", "--runtimes", "eager", "--precisions", "fp32", capsys=capsys)
    assert [row[3] for row in found] == ["no", "yes"]  # without and with CUDA graphs
    for row in found:
        assert row[4].startswith("not timed: ")
        assert "cuda:7" in row[4]


def test_exactness_is_a_table_of_its_own(
    own_voice: None, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--device", "cpu", "--rounds", "0", "--utterances", "3")
    found = {tuple(row[1:3]): row for row in rows(*words, capsys=capsys)}
    assert found["float32", "yes"][4:6] == ["0", "0"]  # equal shapes, so company changes nothing
    assert found["float32", "yes"][6:] == ["0 of 3", "0.0e+00", "inf"]
    assert int(found["float32", "no"][3]) > 0
    assert found["float16", "no"][3].startswith("not compared: ")


def test_no_pair_begins_when_the_time_is_up(
    own_voice: None, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = rows("--device", "cpu", "--seconds", "0", capsys=capsys)
    assert row[1] == "left out: 0 s are over"
