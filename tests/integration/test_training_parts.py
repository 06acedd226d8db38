"""Around the recipes: two processes, predicted mels, the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.errors import ArtifactError
from tests.synthetic_corpus import main, run
from training.data.corpus import CorpusEntry, read_prepared
from training.data.dataset import SpeechDataset
from training.optimization import Learner
from training.recipe import TrainingPlan
from training.recipes.waveglow import WaveGlowRecipe
from training.trainer import TrainingProgress
from vocoders.waveglow.config import WaveGlowConfig

ROOT = Path(__file__).resolve().parents[2]
FLOW = WaveGlowConfig(n_flows=2, n_early_every=2, n_layers=1, n_channels=4, upsample_kernel=512)
TWO_PROCESSES = """
import sys
from pathlib import Path
from tests.synthetic_corpus import run
from tests.integration.test_training_parts import flow
from training import distributed

distributed.join("cpu")
run(flow(Path(sys.argv[1]), accumulate=1), Path(sys.argv[2]), 3)
distributed.leave()
"""


def flow(corpus: Path, *, accumulate: int) -> WaveGlowRecipe:
    """The smallest recipe."""
    plan = TrainingPlan(total_steps=10, batch=1, accumulate=accumulate)
    return WaveGlowRecipe(SpeechDataset(corpus), FLOW, plan)


def test_two_processes_learn_what_one_accumulates(synthetic_corpus: Path, tmp_path: Path) -> None:
    script = tmp_path / "two.py"
    script.write_text(TWO_PROCESSES)
    torchrun = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [
            *torchrun,
            "--nproc_per_node=2",
            str(script),
            str(synthetic_corpus),
            str(tmp_path / "two"),
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    two, one = flow(synthetic_corpus, accumulate=1), flow(synthetic_corpus, accumulate=2)
    progress = TrainingProgress(tmp_path / "two")
    progress.resume(two, "cpu", required=True)
    run(one, tmp_path / "one", 3)
    assert progress.steps == 3
    for key, value in one.state()["network"].items():
        torch.testing.assert_close(two.state()["network"][key], value, msg=key)


def test_accumulated_batches_are_one_large_batch() -> None:
    def learner(accumulate: int) -> Learner:
        torch.manual_seed(1)
        network = nn.Linear(2, 1)
        sgd = torch.optim.SGD(network.parameters(), 0.1)
        return Learner(network, sgd, clip=100.0, accumulate=accumulate)

    def error(network: nn.Module, x: Tensor) -> dict[str, Tensor]:
        return {"error": network(x).square().mean()}

    small, large = learner(2), learner(1)
    batches = {2: torch.tensor([[1.0, 2.0]]), 3: torch.tensor([[3.0, -1.0]])}
    losses = small.step(1, 0.1, lambda draw: error(small.network, batches[draw]))
    whole = large.step(1, 0.1, lambda _: error(large.network, torch.cat(list(batches.values()))))
    assert losses == pytest.approx(whole)
    torch.testing.assert_close(small.network.weight, large.network.weight)


def test_the_command_trains_predicts_and_publishes(
    synthetic_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = ["--corpus", str(synthetic_corpus)]
    acoustic, mels = tmp_path / "fastspeech2", tmp_path / "mels"
    cpu = ["--device", "cpu"]
    short = [*cpu, "--minutes", "60", "--steps", "1", "--validate-every", "1"]
    main(["fastspeech2", *corpus, *short, "--batch", "200", "--out", str(acoustic)])
    assert "held_out/mel" in capsys.readouterr().out
    main(["predict", str(mels), *corpus, *cpu, "--run", str(acoustic)])
    predicted = np.load(mels / "mel.npy")
    assert predicted.shape == np.load(synthetic_corpus / "mel.npy").shape
    assert np.isfinite(predicted).all()
    assert all(
        predicted[e.mel_start : e.mel_start + e.frames].any() for e in _entries(synthetic_corpus)
    )
    out = tmp_path / "components" / "tone"
    options = ["--checkpoint", str(acoustic / "checkpoint.pt"), "--hardware", "a test", *corpus]
    main(["publish", "fastspeech2", str(out), *options])
    assert {p.name for p in out.iterdir()} == {"component.toml", "weights.safetensors"}


def _entries(corpus: Path) -> list[CorpusEntry]:
    return read_prepared(corpus).entries


def test_mels_of_another_corpus_are_refused(synthetic_corpus: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "mel.npy", np.zeros((7, 80), np.float16))
    with pytest.raises(ArtifactError, match="frames needed"):
        SpeechDataset(synthetic_corpus, mels=tmp_path)


def test_fine_tuning_reads_the_predicted_mels(synthetic_corpus: Path, tmp_path: Path) -> None:
    real = np.load(synthetic_corpus / "mel.npy")
    np.save(tmp_path / "mel.npy", real + np.float16(1.0))
    speech, plan = (
        SpeechDataset(synthetic_corpus, mels=tmp_path),
        TrainingPlan(total_steps=1, batch=1),
    )
    mel, clip = WaveGlowRecipe(speech, FLOW, plan).segments.draw(1)
    own_mel, own_clip = flow(synthetic_corpus, accumulate=1).segments.draw(1)
    torch.testing.assert_close(mel, own_mel + 1.0, rtol=0.01, atol=0.01)
    torch.testing.assert_close(clip, own_clip)
