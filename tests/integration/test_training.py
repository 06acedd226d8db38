"""Every recipe on a corpus of seconds: it learns, resumes exactly, and publishes what speaks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch.utils.tensorboard import SummaryWriter

from acoustic.refiner.config import RefinerConfig
from acoustic.refiner.network import Refiner
from acoustic.tacotron2.config import Tacotron2Config
from cli.train import train as train_command
from core.errors import ArtifactError, CheckpointError, FieldError
from core.mel import PhonemeBatch
from core.settings import SHIPPED_VOICES
from core.voice import Catalogue, Component, VoiceCard, read_component
from exports.component_file import load_weights
from exports.registry import NETWORKS, build_network, spec_of
from exports.voice import load_voice
from recognition.conformer.config import ConformerConfig
from recognition.convolutional_bilstm.config import ConvolutionalBiLstmConfig
from tests.synthetic_corpus import pitch_of, run
from text.g2p.symbols import symbol_table
from training.data.corpus import PreparedCorpus, PreparedFacts, read_prepared
from training.data.dataset import SpeechDataset
from training.data.predict import PredictingRecipe, predict
from training.publish import publish, publish_refiner
from training.recipe import Recipe, TrainingPlan
from training.recipes.fastspeech2 import PEAK_RATE, WARM_STEPS
from training.recipes.refiner import band_centres
from training.recipes.registry import recipe_of, speaker_of
from training.trainer import TrainingProgress
from training.warm_start import NetworkRecipe, more_speakers, start_from
from vocoders.hifigan.config import HifiGanConfig
from vocoders.melgan.config import MelGanConfig
from vocoders.vocos.config import VocosConfig
from vocoders.waveglow.config import WaveGlowConfig
from vocoders.weight_norm import fold_weight_norm

ROOT = Path(__file__).resolve().parents[2]
ADVERSARY_FROM = 2
BATCH = {
    n: 300 for n in NETWORKS if spec_of(n).kind != "vocoder"
}  # mel frames; of vocoders one segment


def _tacotron2(prepared: PreparedCorpus) -> Tacotron2Config:
    small: Tacotron2Config = recipe_of("tacotron2").sizes["small"](
        PreparedFacts(prepared, "house-ipa")
    )
    return msgspec.structs.replace(
        small,
        embedding_dim=16,
        attention_rnn_dim=16,
        decoder_rnn_dim=16,
        prenet_dim=8,
        attention_dim=8,
        location_filters=4,
        postnet_channels=16,
        frames_cap_base=8,
        frames_per_symbol_cap=4,
    )


def tiny(network: str, prepared: PreparedCorpus) -> Any:
    """A network of a few channels."""
    if network == "fastspeech2":
        return msgspec.structs.replace(
            recipe_of("fastspeech2").sizes["cpu"](PreparedFacts(prepared, "house-ipa")),
            encoder_layers=1,
            decoder_layers=1,
            encoder_hidden=16,
            decoder_hidden=16,
            conv_filter=16,
            variance_filter=16,
            postnet_layers=2,
            postnet_channels=16,
        )
    if network == "tacotron2":
        return _tacotron2(prepared)
    if network == "hifigan":
        return HifiGanConfig(
            resblock="2",
            upsample_rates=(8, 8, 4),
            upsample_kernels=(16, 16, 8),
            upsample_channels=16,
            resblock_kernels=(3,),
            resblock_dilations=((1, 2),),
        )
    if network == "melgan":
        return MelGanConfig(form="seungwonpark", channels=32, residual_layers=1)
    if network == "waveglow":
        return WaveGlowConfig(
            n_flows=4, n_early_every=2, n_layers=2, n_channels=8, upsample_kernel=512
        )
    if network == "convolutional_bilstm":
        return ConvolutionalBiLstmConfig(n_symbols=78, channels=16, hidden=16)
    if network == "conformer":
        return ConformerConfig(n_symbols=78, channels=16, blocks=1, heads=2)
    if network == "vocos":
        return VocosConfig(channels=16, hidden=16, layers=1, pitch_channels=8, pitch_layers=1)
    first, *_ = recipe_of(network).sizes.values()
    return first(PreparedFacts(prepared, "house-ipa"))


def build(network: str, corpus: Path, **plan: Any) -> Recipe:
    """Its recipe."""
    prepared = read_prepared(corpus)
    speech = SpeechDataset(corpus, speaker=speaker_of(network, None, prepared))
    chosen = {
        "total_steps": 6,
        "batch": BATCH.get(network, 1),
        "adversary_from": ADVERSARY_FROM,
    } | plan
    return recipe_of(network).build(speech, tiny(network, prepared), TrainingPlan(**chosen))


def source_of(layers: int) -> VocosConfig:
    return VocosConfig(channels=8, hidden=8, layers=layers, pitch_channels=8, pitch_layers=1)


def behind_a_source(prepared: PreparedCorpus, layers: int) -> Any:
    """The tiny HiFi-GAN in the form of the light one."""
    return msgspec.structs.replace(
        tiny("hifigan", prepared),
        upsample_rates=(8, 8),
        upsample_kernels=(16, 16),
        stft_hop=4,
        source=source_of(layers),
    )


def published(network: str, corpus: Path, folder: Path, config: Any = None) -> Component:
    """A component of ``folder/checkpoint.pt``."""
    prepared = read_prepared(corpus)
    component = publish(
        network,
        config or tiny(network, prepared),
        folder / "checkpoint.pt",
        corpus,
        folder.parent / "components" / network,
        symbols="house-ipa",
        speaker=speaker_of(network, None, prepared),
        hardware="a test",
        source="synthetic_corpus",
        licence="Apache-2.0",
    )
    assert isinstance(component, Component)
    return component


def test_prepared_durations_fill_every_mel(synthetic_corpus: Path) -> None:
    prepared = read_prepared(synthetic_corpus)
    assert len(prepared.entries) == 8
    for entry in prepared.entries:
        assert sum(entry.durations) == entry.frames == entry.samples // prepared.mel.hop_length
        assert len(entry.durations) == len(entry.phonemes) == len(entry.pitch)
    pitch = [e.pitch[3] for e in prepared.entries]
    np.testing.assert_allclose(pitch, [pitch_of(e.id) for e in prepared.entries], rtol=0.02)


# Not HiFi-GAN: it begins near silence, which a tone's empty bands reward for hundreds of steps;
# its losses are those of MelGAN, through the same code.
@pytest.mark.parametrize("network", [n for n in NETWORKS if n != "hifigan"])
def test_a_recipe_learns(network: str, synthetic_corpus: Path, tmp_path: Path) -> None:
    plan = {"total_steps": 1000, "batch": max(2, BATCH.get(network, 1))}
    recipe = build(network, synthetic_corpus, adversary_from=10_000, **plan)
    writer = SummaryWriter(str(tmp_path))
    before = recipe.validate(0, writer)
    for number in range(8):
        recipe.step(400 + number)  # the rate is at its peak
    after = recipe.validate(1, writer)
    writer.close()
    falling = after.keys() - {"diagonality"}
    assert sum(after[k] for k in falling) < sum(before[k] for k in falling)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_resumed_run_is_the_same_run(
    network: str, synthetic_corpus: Path, tmp_path: Path
) -> None:
    whole, first, second = (build(network, synthetic_corpus) for _ in range(3))
    run(whole, tmp_path / "whole", 3)
    run(first, tmp_path / "halves", 2)
    run(second, tmp_path / "halves", 3)
    a, b = whole.state(), second.state()
    for part in ("network", "average", *(["discriminators"] if "discriminators" in a else [])):
        for key in a[part]:
            np.testing.assert_array_equal(a[part][key], b[part][key], err_msg=f"{part} {key}")


def test_a_hifigan_with_a_source_hears_the_phase_of_the_recordings(
    synthetic_corpus: Path, tmp_path: Path
) -> None:
    config = behind_a_source(read_prepared(synthetic_corpus), 1)
    plan = TrainingPlan(total_steps=6, batch=1, adversary_from=ADVERSARY_FROM)
    recipe = recipe_of("hifigan").build(SpeechDataset(synthetic_corpus), config, plan)
    losses = [recipe.step(number) for number in range(ADVERSARY_FROM + 1)]
    assert {"complex", "pitch"} <= losses[0].keys() < losses[-1].keys()
    writer = SummaryWriter(str(tmp_path))
    assert np.isfinite([*losses[-1].values(), *recipe.validate(0, writer).values()]).all()
    writer.close()


def test_a_checkpoint_that_knows_only_its_epoch_goes_on(synthetic_corpus: Path) -> None:
    state = build("fastspeech2", synthetic_corpus).state()
    del state["taken"]
    recipe = build("fastspeech2", synthetic_corpus)
    recipe.load_state(state)
    recipe.step(1)
    assert (recipe.state()["epoch"], recipe.state()["taken"]) == (1, 1)


def test_a_checkpoint_of_another_size_is_refused(synthetic_corpus: Path, tmp_path: Path) -> None:
    run(build("hifigan", synthetic_corpus), tmp_path, 1)
    with pytest.raises(CheckpointError, match="checkpoint"):
        run(build("melgan", synthetic_corpus), tmp_path, 2)


@pytest.fixture(scope="module")
def catalogue(synthetic_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Every network, two steps old, published, in one voice."""
    folder = tmp_path_factory.mktemp("published")
    parts = {}
    for network in NETWORKS:
        run(build(network, synthetic_corpus), folder / network, 2)
        parts[network] = published(network, synthetic_corpus, folder / network)
    card = VoiceCard(
        name="tone",
        title="Hum",
        description="Hums",
        language="en-us",
        gender="neutral",
        acoustic={n: n for n in NETWORKS if spec_of(n).kind == "acoustic"},
        vocoders={n: n for n in NETWORKS if spec_of(n).kind == "vocoder"},
        licence="Apache-2.0",
        provenance="synthetic_corpus",
    )
    return Catalogue({"tone": card}, {p.name: p for p in parts.values()})


@pytest.mark.parametrize(
    ("acoustic", "vocoder"),
    [
        ("fastspeech2", "hifigan"),
        ("tacotron2", "melgan"),
        ("fastspeech2", "waveglow"),
        ("fastspeech2", "vocos"),
    ],
)
def test_published_components_speak(
    acoustic: str, vocoder: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    voice = load_voice(
        catalogue.resolve("tone", acoustic, vocoder),
        runtime="eager",
        artifacts=tmp_path,
    )
    ids = np.array([symbol_table("house-ipa").ids(["ə", " ", "t", "ˈɛ"])])
    ones = np.ones(ids.shape, np.float32)
    number = np.zeros(1, np.int64)
    (output,) = voice.acoustic(PhonemeBatch(ids, number + 4, number, ones, ones, ones, number))
    assert np.isfinite(output.mel).all()
    # So young an acoustic model may give its symbols no frames.
    mel = np.full((80, 8), voice.mel_spec.silence, np.float32)
    (samples,) = voice.vocoder([mel], [0])
    assert samples.shape == (8 * 256,)
    assert np.isfinite(samples).all()


def test_provenance_tells_who_was_learnt(catalogue: Catalogue) -> None:
    parts = catalogue.components
    assert parts["fastspeech2"].speakers == 2
    assert "female, male" in parts["fastspeech2"].provenance.trained_on
    assert parts["tacotron2"].speakers == 1
    assert "male" in parts["tacotron2"].provenance.trained_on
    assert parts["waveglow"].provenance.steps == 2


def test_a_corpus_without_held_out_utterances_is_refused(synthetic_corpus: Path) -> None:
    with pytest.raises(ArtifactError, match="no speaker 'child'"):
        SpeechDataset(synthetic_corpus, speaker="child")


@pytest.mark.parametrize("network", NETWORKS)
def test_a_training_goes_on_from_what_was_published(
    network: str, synthetic_corpus: Path, tmp_path: Path
) -> None:
    run(build(network, synthetic_corpus), tmp_path / "first", 2)
    published(network, synthetic_corpus, tmp_path / "first")
    component = read_component(tmp_path / "components" / network)
    recipe = cast(NetworkRecipe, build(network, synthetic_corpus))
    start_from(component, recipe, tmp_path / "second")
    begun = load_weights(component)
    kept = fold_weight_norm(recipe.learner.average.weights)
    for name, weight in begun.items():
        torch.testing.assert_close(kept[name], weight, rtol=1e-5, atol=1e-6)
    progress = TrainingProgress(tmp_path / "second")
    progress.resume(recipe, "cpu", required=True)
    assert progress.steps == 2
    start_from(component, recipe, tmp_path / "second")  # the checkpoint is left alone
    run(recipe, tmp_path / "second", 3)
    progress.resume(recipe, "cpu", required=True)
    assert progress.steps == 3


def test_a_schedule_begins_anew_where_a_component_has_stopped(
    synthetic_corpus: Path, tmp_path: Path
) -> None:
    run(build("fastspeech2", synthetic_corpus), tmp_path / "first", 5)
    published("fastspeech2", synthetic_corpus, tmp_path / "first")
    words = ["fastspeech2", "--corpus", str(synthetic_corpus), "--device", "cpu", "--renew", "0.5"]
    words += ["--steps", "7", "--out", str(tmp_path / "second")]
    refused = CliRunner().invoke(train_command, words)
    assert isinstance(refused.exception, FieldError)
    assert refused.exception.field == "renew"
    words += ["--component", str(tmp_path / "components" / "fastspeech2")]
    result = CliRunner().invoke(train_command, words)
    assert result.exit_code == 0, result.exception
    saved = torch.load(tmp_path / "second" / "checkpoint.pt", weights_only=True)
    # Step 7 is the second of its warm-up, and the peak is half of the recipe's.
    (group,) = saved["recipe"]["optimizer"]["param_groups"]
    assert saved["steps"] == 7
    assert group["lr"] == pytest.approx(0.5 * PEAK_RATE * 2 / WARM_STEPS)


def test_a_training_goes_on_with_more_speakers(synthetic_corpus: Path, tmp_path: Path) -> None:
    run(build("fastspeech2", synthetic_corpus), tmp_path / "first", 1)
    component = published("fastspeech2", synthetic_corpus, tmp_path / "first")
    prepared = read_prepared(synthetic_corpus)
    config = more_speakers(tiny("fastspeech2", prepared), 5)
    assert config.n_speakers == 5
    plan = TrainingPlan(total_steps=6, batch=300)
    recipe = recipe_of("fastspeech2").build(SpeechDataset(synthetic_corpus), config, plan)
    start_from(component, cast(NetworkRecipe, recipe), tmp_path / "second")
    table = cast(NetworkRecipe, recipe).learner.average.weights["speaker_emb.weight"]
    known = load_weights(component)["speaker_emb.weight"]
    torch.testing.assert_close(table[:2], known)
    torch.testing.assert_close(table[2:], known.mean(0).expand(3, -1))
    run(recipe, tmp_path / "second", 2)


def test_a_run_that_went_on_is_published_in_the_form_of_what_it_went_on_from(
    synthetic_corpus: Path, tmp_path: Path
) -> None:
    run(build("fastspeech2", synthetic_corpus), tmp_path / "first", 1)
    component = published("fastspeech2", synthetic_corpus, tmp_path / "first")
    recipe = build("fastspeech2", synthetic_corpus)
    start_from(component, cast(NetworkRecipe, recipe), tmp_path / "second")
    run(recipe, tmp_path / "second", 2)
    words = ["publish", "fastspeech2", str(tmp_path / "further"), "--hardware", "a test"]
    words += ["--checkpoint", str(tmp_path / "second" / "checkpoint.pt")]
    words += ["--component", str(tmp_path / "components" / "fastspeech2")]
    words += ["--corpus", str(synthetic_corpus)]
    result = CliRunner().invoke(train_command, words)
    assert result.exit_code == 0, result.exception
    further = read_component(tmp_path / "further")
    assert further.config == read_component(tmp_path / "components" / "fastspeech2").config
    assert further.provenance.steps == 2


def test_fewer_speakers_are_refused(synthetic_corpus: Path, tmp_path: Path) -> None:
    run(build("fastspeech2", synthetic_corpus), tmp_path / "first", 1)
    component = published("fastspeech2", synthetic_corpus, tmp_path / "first")
    config = msgspec.structs.replace(
        tiny("fastspeech2", read_prepared(synthetic_corpus)), n_speakers=1
    )
    plan = TrainingPlan(total_steps=6, batch=300)
    recipe = recipe_of("fastspeech2").build(SpeechDataset(synthetic_corpus), config, plan)
    with pytest.raises(CheckpointError, match="another network or size"):
        start_from(component, cast(NetworkRecipe, recipe), tmp_path / "second")
    with pytest.raises(CheckpointError, match="one speaker cannot go on with 2"):
        more_speakers(config, 2)


def test_a_component_that_reads_other_symbols_is_refused(synthetic_corpus: Path) -> None:
    words = ["--symbols", "arpabet", "--corpus", str(synthetic_corpus), "--device", "cpu"]
    component = str(SHIPPED_VOICES / "components" / "fastspeech2-six")
    result = CliRunner().invoke(train_command, ["fastspeech2", *words, "--component", component])
    assert isinstance(result.exception, FieldError)
    assert result.exception.allowed == "house-ipa"


AHEAD = """
import sys
from pathlib import Path
from tests.integration.test_training import build
from tests.synthetic_corpus import run

network, corpus, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
for last in (2, 4):
    run(build(network, corpus, loading=2), folder, last)
"""


@pytest.mark.parametrize("network", ["fastspeech2", "vocos", "convolutional_bilstm"])
def test_batches_made_ahead_are_the_same(
    network: str, synthetic_corpus: Path, tmp_path: Path
) -> None:
    """Two processes make them, and a run that was stopped goes on where it was.

    In a process of its own, since processes that make batches are forked.
    """
    run(build(network, synthetic_corpus), tmp_path / "here", 4)
    subprocess.run(
        [sys.executable, "-c", AHEAD, network, str(synthetic_corpus), str(tmp_path / "ahead")],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    here, ahead = (
        torch.load(tmp_path / name / "checkpoint.pt", weights_only=True)["recipe"]
        for name in ("here", "ahead")
    )
    for name, weight in here["network"].items():
        torch.testing.assert_close(ahead["network"][name], weight, rtol=0, atol=0)
    assert {k: here.get(k) for k in ("epoch", "taken")} == {
        k: ahead.get(k) for k in ("epoch", "taken")
    }


def test_a_training_goes_on_from_its_own_size_alone(synthetic_corpus: Path, tmp_path: Path) -> None:
    run(build("melgan", synthetic_corpus), tmp_path / "first", 1)
    component = published("melgan", synthetic_corpus, tmp_path / "first")
    other = cast(NetworkRecipe, build("hifigan", synthetic_corpus))
    with pytest.raises(CheckpointError, match="melgan is of another network or size"):
        start_from(component, other, tmp_path / "second")


def test_a_training_begins_with_the_discriminators_of_another(
    synthetic_corpus: Path, tmp_path: Path
) -> None:
    vocos = build("vocos", synthetic_corpus)
    run(vocos, tmp_path / "vocos", 3)
    run(build("hifigan", synthetic_corpus), tmp_path / "first", 1)
    component = published("hifigan", synthetic_corpus, tmp_path / "first")
    recipe = cast(NetworkRecipe, build("hifigan", synthetic_corpus))
    start_from(
        component,
        recipe,
        tmp_path / "second",
        discriminators=tmp_path / "vocos" / "checkpoint.pt",
    )
    ours, theirs = recipe.state()["discriminators"], vocos.state()["discriminators"]
    for key, weight in theirs.items():
        np.testing.assert_array_equal(ours[key], weight, err_msg=key)


def test_a_source_begins_as_the_first_and_the_last_blocks_of_a_vocos(
    synthetic_corpus: Path, tmp_path: Path
) -> None:
    speech = SpeechDataset(synthetic_corpus)
    plan = TrainingPlan(total_steps=1, batch=1, adversary_from=1)
    vocos = recipe_of("vocos").build(speech, source_of(3), plan)
    run(vocos, tmp_path / "vocos", 1)
    component = published("vocos", synthetic_corpus, tmp_path / "vocos", source_of(3))

    def generator(layers: int) -> NetworkRecipe:
        config = behind_a_source(speech.prepared, layers)
        return cast(NetworkRecipe, recipe_of("hifigan").build(speech, config, plan))

    recipe = generator(2)
    start_from(component, recipe, tmp_path / "run")
    ours = recipe.learner.network.state_dict()
    for key, weight in load_weights(component).items():
        if not key.startswith("blocks.1."):
            twin = f"source.{key.replace('blocks.2.', 'blocks.1.')}"
            np.testing.assert_array_equal(ours[twin], weight, err_msg=key)
    with pytest.raises(CheckpointError, match="other layers"):
        start_from(component, generator(4), tmp_path / "other")


def test_tacotron2_predicts_along_durations_and_takes_a_refiner(
    synthetic_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = cast(PredictingRecipe, build("tacotron2", synthetic_corpus))
    run(cast(Recipe, recipe), tmp_path / "run", 1)
    predict(recipe, tmp_path / "predicted", print, states=True)
    mels = np.load(tmp_path / "predicted" / "mel.npy")
    recorded = np.load(synthetic_corpus / "mel.npy")
    states, width = np.load(tmp_path / "predicted" / "states.npy"), recipe.states_width
    assert states.shape == (len(mels), width)
    ours = {e.id for e in [*recipe.speech.train_set, *recipe.speech.held_out]}
    for entry in read_prepared(synthetic_corpus).entries:
        frames = slice(entry.mel_start, entry.mel_start + entry.frames)
        assert np.array_equal(mels[frames], recorded[frames]) == (entry.id not in ours)
        # Contexts of the attention: none where nothing was predicted, a step's for its frames.
        assert states[frames].any() == (entry.id in ours)
        assert np.array_equal(states[frames.start], states[frames.start + 1])

    config = RefinerConfig(layers=1, channels=8, hidden=8, harmonics=4, pitch_channels=4)
    refiner = Refiner(config, 80, width)
    torch.nn.init.normal_(refiner.leave.weight)
    centres = torch.from_numpy(band_centres(recipe.speech.prepared.mel)[:4] / 1000.0)
    refiner.load_state_dict({"harmonics.centres": centres}, strict=False)
    state = {"steps": 1, "seconds": 1.0, "recipe": {"average": refiner.state_dict()}}
    torch.save(state, tmp_path / "refiner.pt")
    base = published("tacotron2", synthetic_corpus, tmp_path / "run")
    component = publish_refiner(
        config,
        tmp_path / "refiner.pt",
        base,
        tmp_path / "components" / "sharp",
        strength=1.0,
        hardware="a test",
    )
    network: Any = build_network("tacotron2", component.config, load_weights(component))
    mel, lengths = torch.randn(1, 80, 6), torch.tensor([6])
    noise, contexts = torch.randn(2, 1, 6, config.noise), torch.randn(2, 1, 6, width)
    plain = network.refine(mel, lengths, noise[0], contexts[0])
    assert (plain - network.refine(mel, lengths, noise[1], contexts[0])).abs().mean() > 1e-3
    assert (plain - network.refine(mel, lengths, noise[0], contexts[1])).abs().mean() > 1e-3

    # It goes on from there, told of more harmonics: at first it does as before, and waits.
    wider = msgspec.structs.replace(config, harmonics=6)
    plan = TrainingPlan(total_steps=6, batch=1, predictions=tmp_path / "predicted", goes_on=True)

    def going_on(config: RefinerConfig) -> NetworkRecipe:
        speech = SpeechDataset(synthetic_corpus)
        return cast(NetworkRecipe, recipe_of("refiner").build(speech, config, plan))

    monkeypatch.setattr("training.recipes.refiner.SEGMENT_FRAMES", 16)
    further = going_on(wider)
    start_from(component, further, tmp_path / "further")
    progress = TrainingProgress(tmp_path / "further")
    progress.resume(further, "cpu", required=True)
    assert progress.steps == 0
    drawn, mask = torch.randn(1, 6, 80), torch.ones(1, 6, dtype=torch.bool)
    before, after = (
        each.eval()(drawn, contexts[0], noise[0], mask)
        for each in (network.refiner, further.learner.network)
    )
    torch.testing.assert_close(after, before, rtol=1e-5, atol=1e-5)
    begun = {name: w.clone() for name, w in further.learner.network.state_dict().items()}
    run(further, tmp_path / "further", 1)
    saved = torch.load(tmp_path / "further" / "checkpoint.pt", weights_only=True)["recipe"]
    for name, weight in begun.items():
        torch.testing.assert_close(saved["network"][name], weight, rtol=0, atol=0)
    assert saved["discriminator_optimizer"]["state"]
    with pytest.raises(CheckpointError, match="no refiner of this size"):
        start_from(
            component, going_on(msgspec.structs.replace(config, harmonics=3)), tmp_path / "x"
        )
    with pytest.raises(CheckpointError, match="no refiner of this size"):
        start_from(base, further, tmp_path / "y")
