"""Speech is compared with its text on the whole way of a request, and by ``rhapsode listen``.

The voice of these tests has two acoustic models: one makes tones, which are no speech, the other is
the one that ships. So right and wrong are known without anybody listening.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
import soundfile
import soxr
import tomli_w
from click.testing import CliRunner

from benchmarks.recognition.ngrams import kneser_ney
from cli.listen import listen
from cli.main import main
from cli.stack import Stack
from core.errors import InputError
from core.recognition import FINDING_CODES
from core.record import TERMINAL
from core.settings import SHIPPED_VOICES
from core.voice import VoiceCard
from recognition.decoding import count_errors, words_of
from recognition.labels import character_labels
from recognition.language_model import arpa_lines
from tests.conftest import tiny_environment
from tests.expected_audio import expected_length

TEXT = "The morning was bright and cold. Nobody in the village had seen the ship."
WORDS = 14
DEADLINE = 300.0
"""Seconds; never reached when all is well."""


@pytest.fixture(scope="module")
def voices(
    tiny_voices: Path, shipped_recognizer: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ...]:
    """Folders of the tiny voice, a recognizer, and the voice ``mixed`` of two acoustic models."""
    card = VoiceCard(
        name="mixed",
        title="Tones and speech",
        description="Two acoustic models, of which one cannot speak.",
        language="en-us",
        gender="female",
        acoustic={"tones": "tiny-fastspeech2", "speech": "fastspeech2-six"},
        vocoders={"vocos": "vocos-light"},
        licence="Apache-2.0",
        provenance="for tests",
    )
    folder = tmp_path_factory.mktemp("mixed")
    (folder / "mixed").mkdir()
    (folder / "mixed/voice.toml").write_text(tomli_w.dumps(msgspec.to_builtins(card)), "utf-8")
    (folder / "components").mkdir()
    for name in ("fastspeech2-six", "vocos-light"):
        (folder / "components" / name).symlink_to(SHIPPED_VOICES / "components" / name)
    return tiny_voices, shipped_recognizer, folder


@pytest.fixture(scope="module")
def checking(
    voices: tuple[Path, ...], tiny_artifacts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of a service that has a recognizer."""
    environment = tiny_environment(voices[0], tiny_artifacts)
    with (
        Stack(tmp_path_factory.mktemp("checking"), environment=environment, voices=voices) as stack,
        httpx.Client(base_url=stack.url, timeout=DEADLINE, trust_env=False) as http,
    ):
        yield http


def finished(http: httpx.Client, acoustic: str, check: str) -> dict[str, Any]:
    request = {"text": TEXT, "voice": "mixed", "acoustic": acoustic, "check": check, "seed": 5}
    job = http.post("/synthesize", json=request).raise_for_status().json()
    while job["state"] not in TERMINAL:
        job = http.get(f"/jobs/{job['id']}", headers={"Prefer": "wait=10"}).json()
    assert job["state"] == "succeeded", job
    return dict(job)


def test_what_sounds_as_meant_is_not_flagged(checking: httpx.Client) -> None:
    job = finished(checking, "speech", "report")
    report = job["report"]
    assert (report["checked_words"], report["flagged_words"]) == (WORDS, 0)
    assert report["places"] == report["warnings"] == []
    stages = sum(report["stage_seconds"].values())
    assert report["check_seconds"] > 0
    assert report["compute_seconds"] == pytest.approx(stages + report["check_seconds"])
    words = timed_words(checking, job)
    assert [word["finding"] for word in words if "finding" in word] == []
    assert len(words) == WORDS
    assert all(0.3 < word["confidence"] <= 1 for word in words)


def test_a_report_names_the_places_to_listen_to(checking: httpx.Client) -> None:
    job = finished(checking, "tones", "report")
    report = job["report"]
    assert (report["checked_words"], report["samples"]) == (WORDS, expected_length(TEXT))
    assert report["flagged_words"] == len(report["places"]) > 0
    ends = [0.0]
    for place in report["places"]:
        start, end = place["span"]
        assert TEXT[start:end] == place["text"]
        assert place["code"] in FINDING_CODES
        assert ends[-1] <= place["start"] < place["end"] <= report["audio_seconds"]
        ends.append(place["end"])
    flagged = [(place["code"], place["span"]) for place in report["places"]]
    assert sorted((w["code"], w["span"]) for w in report["warnings"]) == sorted(flagged)
    words = timed_words(checking, job)
    marked = [(word["finding"], word["span"]) for word in words if "finding" in word]
    assert marked == flagged
    listed = checking.get(f"/jobs/{job['id']}/manifest").raise_for_status().json()
    assert listed["flagged"] == report["places"]


def test_a_retry_replaces_what_is_no_speech(checking: httpx.Client) -> None:
    job = finished(checking, "tones", "retry")
    report = job["report"]
    assert (report["checked_words"], report["flagged_words"]) == (WORDS, 0)
    notices = [w for w in report["warnings"] if w["code"] == "anomaly_retried"]
    assert len(notices) == report["utterances"] == 2
    assert all("by speech, the second attempt was kept" in w["message"] for w in notices)
    assert "fastspeech2-six" in report["artifacts"]
    plain = finished(checking, "speech", "off")["report"]
    assert report["samples"] == plain["samples"] != expected_length(TEXT)
    assert (plain["checked_words"], plain["check_seconds"]) == (0, 0)


def timed_words(http: httpx.Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    timings = http.get(f"/jobs/{job['id']}/timings").raise_for_status().json()
    return [word for line in timings["sentences"] for word in line["words"]]


@pytest.fixture(scope="module")
def recording(checking: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the voice makes of ``TEXT``."""
    job = finished(checking, "speech", "off")
    path = tmp_path_factory.mktemp("recording") / "speech.wav"
    path.write_bytes(checking.get(job["audio"]).raise_for_status().content)
    return path


@pytest.fixture
def environment(
    voices: tuple[Path, ...], tiny_artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process knows the recognizer that ships."""
    for name, value in tiny_environment(voices[0], tiny_artifacts).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RHAPSODE_VOICES", os.pathsep.join(map(str, voices)))


def listened(*words: str | Path) -> list[dict[str, Any]]:
    """The rows that ``rhapsode listen`` prints."""
    command = ["--json", *map(str, words)]
    result = CliRunner().invoke(listen, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def assert_in_order(rows: list[dict[str, Any]], recording: Path) -> None:
    times = [time for row in rows for time in (row["start"], row["end"])]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= soundfile.info(recording).duration + 0.05


@pytest.mark.usefixtures("environment")
def test_a_recording_is_transcribed_with_times(recording: Path) -> None:
    rows = listened(recording)
    assert_in_order(rows, recording)
    wanted = words_of(character_labels(TEXT))
    errors = count_errors(wanted, [row["text"] for row in rows])
    assert errors.rate < 0.15  # by its characters alone every second word would be wrong


@pytest.mark.usefixtures("environment")
def test_a_stream_is_transcribed_as_it_comes(recording: Path) -> None:
    rows = listened(recording, "--stream")
    assert_in_order(rows, recording)
    wanted = character_labels(TEXT)
    errors = count_errors(wanted, character_labels(" ".join(row["text"] for row in rows)))
    assert errors.rate < 0.4
    command = [sys.executable, "-c", "from cli.main import main; main()", "listen", "-", "--json"]
    # A pipe cannot be sought in, and may not know how long it will be.
    sound = bytearray(recording.read_bytes())
    for at in (4, sound.index(b"data") + 4):
        sound[at : at + 4] = b"\xff\xff\xff\xff"
    done = subprocess.run(
        [*command, "--stream"],
        input=bytes(sound),
        capture_output=True,
        timeout=DEADLINE,
        check=True,
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == rows


@pytest.mark.usefixtures("environment")
def test_a_recording_that_breaks_off_is_transcribed_up_to_there(
    recording: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.wav"
    data = recording.read_bytes()
    cut.write_bytes(data[: len(data) // 2 + 1])
    for options in ((), ("--stream",)):
        rows, whole = listened(cut, *options), listened(recording, *options)
        assert 0 < len(rows) < len(whole)
        assert rows[0] == whole[0]


@pytest.mark.usefixtures("environment")
def test_a_language_model_of_ones_own_decides(recording: Path, tmp_path: Path) -> None:
    wanted = words_of(character_labels(TEXT))
    sentences = ["nobody had seen the village", "the ship was cold and bright in the morning"]
    model = kneser_ney([wanted, *(line.split() for line in sentences)], 2)
    arpa = tmp_path / "words.arpa"
    arpa.write_text("\n".join(arpa_lines(model)), "utf-8")
    rows = listened(recording, "--language-model", arpa)
    assert_in_order(rows, recording)
    plain = [row["text"] for row in listened(recording)]
    errors = [count_errors(wanted, one).rate for one in ([r["text"] for r in rows], plain)]
    assert errors[0] < 0.25
    assert errors[0] <= errors[1]
    arpa.write_text("no model", "utf-8")
    with pytest.raises(InputError, match="no language model"):
        listened(recording, "--language-model", arpa)


@pytest.mark.usefixtures("environment")
def test_a_recording_is_compared_with_its_text(recording: Path, tmp_path: Path) -> None:
    rows = listened(recording, "--text", TEXT)
    assert " ".join(row["text"] for row in rows) == TEXT.replace(".", "")
    assert [row["finding"] for row in rows] == [None] * WORDS
    assert_in_order(rows, recording)
    samples, rate = soundfile.read(recording)
    slow = tmp_path / "stereo.flac"
    soundfile.write(slow, soxr.resample(np.stack([samples, samples], 1), rate, 48000), 48000)
    again = listened(slow, "--text", TEXT)
    assert [row["finding"] for row in again] == [None] * WORDS
    for one, other in zip(rows, again, strict=True):
        assert other["start"] == pytest.approx(one["start"], abs=0.03)


@pytest.mark.usefixtures("environment")
def test_a_wrong_line_is_found_by_its_words(recording: Path) -> None:
    wrong = TEXT.replace("bright", "terrible").replace(" had seen", "")
    found = {row["text"]: row["finding"] for row in listened(recording, "--text", wrong)}
    assert found["terrible"] is not None
    assert found["the"] is found["Nobody"] is found["in"] is None
    assert "misheard" in (found["village"], found["the"])
    missing = {
        row["text"]: row["finding"] for row in listened(recording, "--text", TEXT + " Elephants.")
    }
    assert missing["Elephants"] == "dropped_word"


@pytest.mark.usefixtures("environment")
def test_what_cannot_be_listened_to_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, empty, long = (tmp_path / name for name in ("text.wav", "empty.wav", "long.wav"))
    text.write_text("no audio")
    soundfile.write(empty, np.zeros(0), 22050)
    soundfile.write(long, np.zeros(61 * 22050), 22050)
    broken = tmp_path / "broken.wav"
    soundfile.write(broken, np.full(2205, np.nan, np.float32), 22050, subtype="FLOAT")
    loud, slow = tmp_path / "loud.wav", tmp_path / "slow.wav"
    soundfile.write(loud, np.full(2205, 1e30, np.float32), 22050, subtype="FLOAT")
    soundfile.write(slow, np.zeros(2205), 1)
    for words, reason in (
        ([text], "text.wav is no audio"),
        ([empty], "empty.wav is empty"),
        ([broken], "broken.wav has samples that are no numbers"),
        ([broken, "--stream"], "broken.wav has samples that are no numbers"),
        ([loud], "loud.wav has samples that are no numbers"),
        ([slow], "slow.wav has 1 samples a second"),
        ([empty, "--stream"], "empty.wav is empty"),
        ([long, "--text", "Hello."], "lasts 60 s at most"),
        ([empty, "--text", "Hello.", "--stream"], "a stream is transcribed by ear"),
        (["-", "--text", "-"], "standard input is the recording"),
        ([empty, "--recognizer", "nobody"], "no recognizer nobody"),
        ([empty, "--text", "Hello.", "--language-model", text], "needs no language model"),
    ):
        with pytest.raises(SystemExit) as caught:
            main(["listen", *map(str, words)])
        assert caught.value.code == 2, reason
        assert reason in capsys.readouterr().err
