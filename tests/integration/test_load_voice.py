"""A voice over every runtime; artifacts that do not fit are refused."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
import pytest

from core.errors import (
    ArtifactError,
    CheckpointError,
    DeviceError,
    DigestMismatch,
    FieldError,
    SpecMismatch,
)
from core.mel import PhonemeBatch
from core.request import RuntimeName
from core.voice import Catalogue, Component, VoiceCard
from exports.exporters.export import artifact_folder, export_component
from exports.manifest import MANIFEST_FILE, read_manifest, write_manifest
from exports.voice import Voice, load_voice
from tests.parity.small import small_component
from tests.processor import computed_precision

RUNTIMES: tuple[RuntimeName, ...] = get_args(RuntimeName)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("components")
    parts = [small_component(folder, n) for n in ("fastspeech2", "hifigan")]
    card = VoiceCard(
        name="toy",
        title="Toy",
        description="Seeded weights",
        language="en-us",
        gender="neutral",
        acoustic={"fastspeech2": parts[0].name},
        vocoders={"hifigan": parts[1].name},
        licence="Apache-2.0",
        provenance="seeded",
    )
    return Catalogue({"toy": card}, {p.name: p for p in parts})


def phonemes(lengths: list[int], seed: int = 3) -> PhonemeBatch:
    random, width = np.random.default_rng(seed), max(lengths)
    valid = np.arange(width)[None] < np.array(lengths)[:, None]
    shape = (len(lengths), width)

    def controls() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return random.uniform(0.8, 1.25, shape).astype(np.float32)

    return PhonemeBatch(
        ids=random.integers(1, 30, shape) * valid,
        lengths=np.array(lengths),
        speakers=np.arange(len(lengths)) % 2,
        speed=controls(),
        pitch=controls(),
        energy=controls(),
        seeds=np.arange(len(lengths)),
    )


def one(batch: PhonemeBatch, item: int) -> PhonemeBatch:
    size, row = int(batch.lengths[item]), slice(item, item + 1)
    return PhonemeBatch(
        *(a[row, :size] if a.ndim == 2 else a[row] for a in map(batch.__getattribute__, FIELDS))
    )


FIELDS = ("ids", "lengths", "speakers", "speed", "pitch", "energy", "seeds")


def opened(catalogue: Catalogue, artifacts: Path, runtime: RuntimeName) -> Voice:
    return load_voice(
        catalogue.resolve("toy", "fastspeech2", "hifigan"),
        runtime=runtime,
        precision=computed_precision(runtime),
        artifacts=artifacts,
    )


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artifacts")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_batch_equals_singles(catalogue: Catalogue, artifacts: Path, runtime: RuntimeName) -> None:
    voice, batch = opened(catalogue, artifacts, runtime), phonemes([23, 7, 1, 16])
    outputs = voice.acoustic(batch)
    samples = voice.vocoder([output.mel for output in outputs], [0] * 4)
    for item, output in enumerate(outputs):
        assert not output.runaway
        assert len(output.durations) == batch.lengths[item]
        assert output.mel.shape == (voice.mel_spec.n_mels, output.durations.sum())
        (alone,) = voice.acoustic(one(batch, item))
        np.testing.assert_allclose(alone.mel, output.mel, rtol=0, atol=1e-5)
        np.testing.assert_allclose(
            voice.vocoder([alone.mel], [0])[0], samples[item], rtol=0, atol=1e-5
        )


@pytest.mark.parametrize("runtime", ["torchscript", "onnx"])
def test_runtimes_agree(catalogue: Catalogue, artifacts: Path, runtime: RuntimeName) -> None:
    batch = phonemes([12, 20])
    ours, eager = (opened(catalogue, artifacts, r) for r in (runtime, "eager"))
    left, right = ours.acoustic(batch), eager.acoustic(batch)
    for a, b in zip(left, right, strict=True):
        assert (a.durations == b.durations).all()
        (samples,), (expected,) = ours.vocoder([a.mel], [0]), eager.vocoder([b.mel], [0])
        np.testing.assert_allclose(samples, expected, rtol=0, atol=1e-5)


def test_an_item_without_frames_costs_nobody_else(catalogue: Catalogue, artifacts: Path) -> None:
    voice, batch = opened(catalogue, artifacts, "eager"), phonemes([9, 9])
    batch.speed[1] = 1e9
    mels = [output.mel for output in voice.acoustic(batch)]
    samples = voice.vocoder(mels, [0, 0])
    assert mels[1].shape == (80, 0)
    assert len(samples[1]) == 0
    assert len(samples[0]) == mels[0].shape[1] * 256


def test_digests_name_what_spoke(catalogue: Catalogue, artifacts: Path) -> None:
    first, again = (opened(catalogue, artifacts, "onnx").digests for _ in range(2))
    assert first == again
    assert set(first) == {"small-fastspeech2", "small-hifigan"}
    assert first != opened(catalogue, artifacts, "torchscript").digests


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("nobody", "fastspeech2", "hifigan"), "unknown_voice"),
        (("toy", "fastspeech9", "hifigan"), "unknown_acoustic"),
        (("toy", "fastspeech2", "hifigan9"), "unknown_vocoder"),
    ],
)
def test_unknown_names_are_refused(
    catalogue: Catalogue, names: tuple[str, str, str], code: str
) -> None:
    with pytest.raises(FieldError, match=r"nobody|9") as refused:
        catalogue.resolve(*names)
    assert refused.value.code == code


def hifigan(catalogue: Catalogue) -> Component:
    return catalogue.components["small-hifigan"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_changed_byte_is_refused(
    catalogue: Catalogue, tmp_path: Path, runtime: RuntimeName
) -> None:
    component = hifigan(catalogue)
    precision = computed_precision(runtime)
    manifest = export_component(component, runtime, precision, tmp_path)
    (name,) = manifest.files
    path = artifact_folder(tmp_path, component, runtime, precision) / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DigestMismatch, match=name):
        opened(catalogue, tmp_path, runtime)


def test_another_mel_is_refused_by_field(catalogue: Catalogue, tmp_path: Path) -> None:
    component = hifigan(catalogue)
    manifest = export_component(component, "onnx", "fp32", tmp_path)
    mel = msgspec.structs.replace(manifest.mel, f_max=11025.0, log_base="10")
    folder = artifact_folder(tmp_path, component, "onnx", "fp32")
    write_manifest(folder, msgspec.structs.replace(manifest, mel=mel))
    with pytest.raises(SpecMismatch) as caught:
        opened(catalogue, tmp_path, "onnx")
    assert set(caught.value.fields) == {"mel.f_max", "mel.log_base"}


def test_parts_of_different_mels_do_not_join(catalogue: Catalogue, tmp_path: Path) -> None:
    component = hifigan(catalogue)
    mel = msgspec.structs.replace(component.mel, f_max=11025.0)
    other = msgspec.structs.replace(component, mel=mel)
    mixed = Catalogue(catalogue.voices, {**catalogue.components, other.name: other})
    with pytest.raises(SpecMismatch) as caught:
        opened(mixed, tmp_path, "eager")
    assert set(caught.value.fields) == {"f_max"}


def test_artifact_of_other_weights_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    component = hifigan(catalogue)
    manifest = export_component(component, "eager", "fp32", tmp_path)
    folder = artifact_folder(tmp_path, component, "eager", "fp32")
    write_manifest(folder, msgspec.structs.replace(manifest, source_sha256="0" * 64))
    with pytest.raises(DigestMismatch, match="0000"):
        opened(catalogue, tmp_path, "eager")


def test_a_config_that_does_not_fit_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    component = hifigan(catalogue)
    wide = msgspec.structs.replace(component, config={**component.config, "upsample_channels": 64})
    with pytest.raises(CheckpointError, match="size mismatch"):
        export_component(wide, "onnx", "fp32", tmp_path)
    with pytest.raises(CheckpointError, match="unknown field"):
        export_component(
            msgspec.structs.replace(component, config={"width": 1}), "onnx", "fp32", tmp_path
        )
    assert not list(tmp_path.glob("**/*.onnx"))


@pytest.fixture(scope="module")
def sourced(tmp_path_factory: pytest.TempPathFactory) -> Component:
    return small_component(tmp_path_factory.mktemp("sourced"), "melgan")


@pytest.mark.parametrize(
    ("own", "source", "refusal"),
    [
        ({"upsample_rates": (-8, -4)}, {}, r">= 1 - at `\$.upsample_rates\[0\]`"),
        ({"upsample_rates": (10**9, 4)}, {}, r"<= 4096 - at `\$.upsample_rates\[0\]`"),
        ({"upsample_rates": ()}, {}, r"length >= 1 - at `\$.upsample_rates`"),
        ({"upsample_rates": (8, 8)}, {}, "a source of 80 bands and 256 samples"),
        ({"channels": 10**9}, {}, r"<= 16384 - at `\$.channels`"),
        ({"stft_hop": 3}, {}, r"multiple of 2 - at `\$.stft_hop`"),
        ({}, {"channels": 10**9}, r"<= 16384 - at `\$.source.channels`"),
        ({}, {"layers": 10**9}, r"<= 128 - at `\$.source.layers`"),
        ({}, {"n_fft": 2**24}, r"<= 4096 - at `\$.source.n_fft`"),
        ({}, {"stft_hop": 0}, r">= 1 - at `\$.source.stft_hop`"),
        ({}, {"stft_hop": 64}, "a quarter of n_fft 512"),
        ({}, {"sample_rate": 0}, r">= 1000 - at `\$.source.sample_rate`"),
        ({}, {"sample_rate": 8000}, "sample_rate: 22050 ≠ 8000"),
        # Within the ranges, and 260 GiB: the weights are not of these sizes.
        ({}, {"channels": 16384, "hidden": 16384, "layers": 128}, "of these sizes has 687"),
    ],
)
def test_absurd_sizes_are_refused_by_field_before_they_cost_anything(
    sourced: Component,
    own: dict[str, object],
    source: dict[str, object],
    refusal: str,
    tmp_path: Path,
) -> None:
    config = sourced.config | own
    config["source"] = sourced.config["source"] | source
    with pytest.raises((CheckpointError, SpecMismatch), match=refusal):
        export_component(msgspec.structs.replace(sourced, config=config), "eager", "fp32", tmp_path)


@pytest.mark.parametrize(
    ("config", "refusal"),
    [
        ({"upsample_kernels": (16, 16)}, "upsample_kernels must be as many as upsample_rates"),
        ({"resblock_dilations": ()}, "resblock_dilations must be as many as resblock_kernels"),
        (
            {"upsample_rates": (8, 4, 4), "upsample_kernels": (16, 8, 8)},
            "hop_length: 256 ≠ 128",
        ),
    ],
)
def test_sizes_that_contradict_each_other_or_the_mel_are_refused(
    catalogue: Catalogue, config: dict[str, object], refusal: str, tmp_path: Path
) -> None:
    component = hifigan(catalogue)
    changed = msgspec.structs.replace(component, config=component.config | config)
    with pytest.raises((CheckpointError, SpecMismatch), match=refusal):
        export_component(changed, "eager", "fp32", tmp_path)


def test_concurrent_exporters_leave_one_whole_artifact(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    component, digests, start = hifigan(catalogue), [], threading.Barrier(3)

    def export() -> None:
        start.wait()
        digests.append(export_component(component, "eager", "fp32", tmp_path).digest)

    threads = [threading.Thread(target=export) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(digests) == 3
    assert len(set(digests)) == 1
    (folder,) = (tmp_path / component.name).iterdir()
    assert read_manifest(folder).parity
    assert (folder / MANIFEST_FILE).exists()


def test_vocoder_refuses_mels_of_other_bands(catalogue: Catalogue, artifacts: Path) -> None:
    voice = opened(catalogue, artifacts, "eager")
    with pytest.raises(SpecMismatch, match="n_mels: 100 ≠ 80"):
        voice.vocoder([np.zeros((100, 4), np.float32)], [0])


def test_float16_is_refused_where_it_is_only_emulated(
    catalogue: Catalogue, artifacts: Path
) -> None:
    selection = catalogue.resolve("toy", precision="fp16")
    with pytest.raises(DeviceError, match="computes fp16 in float32") as refused:
        load_voice(selection, runtime="onnx", artifacts=artifacts)
    assert refused.value.code == "emulated_precision"


def test_int8_is_of_networks_that_it_suits(catalogue: Catalogue, artifacts: Path) -> None:
    with pytest.raises(ArtifactError, match="int8 does not suit this network"):
        load_voice(catalogue.resolve("toy", precision="int8"), runtime="onnx", artifacts=artifacts)


def test_tacotron2_speaks_in_int8_and_its_vocoder_in_float32(
    catalogue: Catalogue, artifacts: Path, tmp_path: Path
) -> None:
    model = small_component(tmp_path, "tacotron2")
    card = msgspec.structs.replace(catalogue.voices["toy"], acoustic={"tacotron2": model.name})
    voices = Catalogue({"toy": card}, {**catalogue.components, model.name: model})
    whole, small = (
        load_voice(voices.resolve("toy", precision=p), runtime="onnx", artifacts=artifacts)
        for p in ("fp32", "int8")
    )
    vocoder = voices.resolve("toy").vocoder_component.name
    assert whole.digests[vocoder] == small.digests[vocoder]
    assert whole.digests[model.name] != small.digests[model.name]
    batch = phonemes([9])
    for values in (batch.pitch, batch.energy):
        values.fill(1.0)
    assert small.acoustic(batch)[0].mel.shape[0] == whole.mel_spec.n_mels
