"""The command in this process: audio, reports, exit codes, one line per error."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import soundfile

from cli.main import COMMANDS, main
from core.units import pause_samples
from core.voice import read_catalogue
from exports.tiny_voice import expected_samples, write_tiny_voice
from text.frontend import open_frontend

TEXT = "Hello there. It was a bright day, and the clocks struck one!\n\nNobody minded."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    write_tiny_voice(home / "own")
    return home


@pytest.fixture(autouse=True)
def environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHAPSODE_DATA", str(home))
    monkeypatch.setenv("RHAPSODE_VOICES", str(home / "own"))
    monkeypatch.setenv("RHAPSODE_SHIPPED_VOICES", "false")


def run(*argv: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(argv))
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_every_sample_is_accounted_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.wav"
    assert run("say", TEXT, "-o", str(out), "--speed", "2", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    samples, rate = soundfile.read(out, dtype="float32")
    analysis = open_frontend("house-ipa").analyze(TEXT, ssml=False)
    expected = [np.zeros(pause_samples(analysis.lead_seconds, 2.0, rate), np.float32)]
    for utterance in analysis.utterances:
        expected.append(expected_samples(list(utterance.phoneme_ids), speed=2.0))
        pause = pause_samples(utterance.pause_after_seconds, 2.0, rate)
        expected.append(np.zeros(pause, np.float32))
    wave = np.concatenate(expected)
    assert (rate, len(samples)) == (22050, len(wave)) == (report["sample_rate"], report["samples"])
    assert report["utterances"] == len(analysis.utterances) > 1
    assert report["rtf"] == pytest.approx(report["compute_seconds"] / report["audio_seconds"])
    # tones as expected, but for the fades of 3 ms and the tone's own accuracy
    assert np.median(np.abs(samples - wave)) < 0.01
    silent = wave == 0
    assert not samples[silent & (np.roll(silent, 1)) & (np.roll(silent, -1))].any()


def test_same_seed_same_file_and_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        assert run("say", TEXT, "-o", str(tmp_path / f"{name}.flac"), "--seed", "3") == 0
    assert (tmp_path / "a.flac").read_bytes() == (tmp_path / "b.flac").read_bytes()
    command = [sys.executable, "-m", "cli.main", "say", "-", "-o", str(tmp_path / "c.flac")]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([*command, "--seed", "3"], input=TEXT.encode(), cwd=root, check=True)
    assert done.returncode == 0
    assert (tmp_path / "a.flac").read_bytes() == (tmp_path / "c.flac").read_bytes()


@pytest.mark.parametrize(
    ("name", "options", "rate"),
    [
        ("a.opus", [], 24000),
        ("a.ogg", [], 22050),
        ("a.mp3", ["--sample-rate", "44100"], 44100),
        ("a.bin", ["--format", "flac", "--sample-rate", "8000"], 8000),
    ],
)
def test_formats_and_rates(tmp_path: Path, name: str, options: list[str], rate: int) -> None:
    assert run("say", "Good morning.", "-o", str(tmp_path / name), *options) == 0
    assert soundfile.info(tmp_path / name).samplerate == rate


def test_ssml_with_two_voices(tmp_path: Path) -> None:
    ssml = "<speak>One. <voice name='tiny-high'>Two.</voice> <break time='2s'/>Three.</speak>"
    out = tmp_path / "a.wav"
    assert run("say", ssml, "--ssml", "-o", str(out)) == 0
    assert soundfile.info(out).duration > 2.5


def test_plain_text_with_two_voices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = []
    for options in ([], ["--voice-of", "ANN=tiny-high"], ["--quote-voice", "tiny-high"]):
        out = tmp_path / "a.wav"
        text = "ANN: One.\n\n“Two,” said Bob."
        assert run("say", text, "-o", str(out), *options) == 0
        samples.append(soundfile.read(out)[0].tobytes())
    assert len(set(samples)) == 3
    assert run("say", "Hi.", "-o", str(out), "--voice-of", "ANN") == 2
    assert "NAME=VOICE" in capsys.readouterr().err


def test_lexicons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lexicon, out = tmp_path / "own.json", tmp_path / "a.wav"
    lexicon.write_text('{"Hi": {"alias": "a very good morning to all of you"}, "Ho": "hoʊ"}')
    assert run("say", "Hi.", "-o", str(out), "--lexicon", str(lexicon), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    (used,) = (w["message"] for w in report["warnings"] if w["code"] == "lexicon_used")
    assert "1 of 2 entries used" in used
    assert report["audio_seconds"] > 1


@pytest.mark.parametrize(
    ("code", "argv"),
    [
        (2, ["say", "", "-o", "{}/x.wav"]),
        (2, ["say", "🙂", "-o", "{}/x.wav"]),
        (2, ["say", "Hi.", "-o", "{}/x.xyz"]),
        (2, ["say", "Hi.", "-o", "{}/x.wav", "--speed", "0"]),
        (2, ["say", "Hi.", "-o", "{}/x.wav", "--voice", "nobody"]),
        (2, ["say", "Hi.", "-o", "{}/x.wav", "--vocoder", "none"]),
        (2, ["say", "Hi.", "-o", "{}/x.opus", "--sample-rate", "22050"]),
        (2, ["say", "Hi.", "-o", "{}/x.mp3", "--format", "wav"]),
        (2, ["say", "Hi.", "-o", "{}/x.wav", "--quote-voice", "nobody"]),
        (2, ["say", "<speak>broken", "--ssml", "-o", "{}/x.wav"]),
        (2, ["say", "Hi.", "-o", "{}/no/such/folder/x.wav"]),
        (2, ["export", "nothing"]),
        (2, ["bench", "nothing"]),
    ],
)
def test_errors_are_one_line_and_leave_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: int, argv: list[str]
) -> None:
    assert run(*(a.format(tmp_path) for a in argv)) == code
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    assert not list(tmp_path.rglob("*.*"))


def test_a_damaged_voice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tiny_voice(tmp_path / "bad")
    weights = tmp_path / "bad/components/tiny-hifigan/weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    monkeypatch.setenv("RHAPSODE_VOICES", str(tmp_path / "bad"))
    monkeypatch.setenv("RHAPSODE_DATA", str(tmp_path / "data"))
    assert run("say", "Hi.", "-o", str(tmp_path / "x.wav")) == 5
    assert "artifact_digest" in capsys.readouterr().err


def test_a_wrong_setting_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RHAPSODE_THREADS", "many")
    assert run("voices") == 2
    assert "RHAPSODE_THREADS" in capsys.readouterr().err


def test_voices(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("voices", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [v["name"] for v in listed] == list(read_catalogue([home / "own"]).voices)
    assert run("voices") == 0
    assert "tiny-high" in capsys.readouterr().out


def test_quality_fits_a_terminal_of_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("RHAPSODE_SHIPPED_VOICES", "true")
    assert run("voices") == 0
    out = capsys.readouterr().out
    assert "…" not in out
    assert {"percent", "ovrl", "p808", "mos"} <= set(out.split())


def test_export_prints_parity(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("export", "tiny-hifigan", "--runtime", "onnx") == 0
    out = capsys.readouterr().out
    assert "vocode.samples" in out
    assert "1 artifacts" in out


def test_help_is_quick_because_it_loads_no_network() -> None:
    script = (
        "import sys\n"
        "from cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'onnxruntime', 'numpy', 'litestar', 'celery', 'pycrfsuite', 'cli.say'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert "LOADED []" in done.stdout
    assert all(name in done.stdout for name in COMMANDS)
    assert "Exit codes" in done.stdout
    listed = " ".join(done.stdout.replace("│", " ").split())
    for place in COMMANDS.values():
        module, _, name = place.partition(":")
        assert getattr(import_module(module), name).get_short_help_str(300) in listed


def test_what_is_exported_is_synthesized_without_torch(tmp_path: Path) -> None:
    """Importing torch takes longer than speaking a sentence."""
    script = (
        "import sys\n"
        "from exports.registry import specs\n"
        "from cli.main import main\n"
        "specs()\n"
        "try: main(['say', 'Hi.', '-o', sys.argv[1]])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('LOADED', sorted({'torch', 'onnxruntime'} & set(sys.modules)))\n"
    )
    out = str(tmp_path / "a.wav")
    assert run("say", "Hi.", "-o", out) == 0  # exports the networks
    command = [sys.executable, "-c", script, out]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert "LOADED ['onnxruntime']" in done.stdout


@pytest.mark.parametrize("format", ["wav", "mp3"])
def test_standard_output_gets_the_samples_of_the_file(
    tmp_path: Path, format: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """What is written while it is made has a head that does not know its length."""
    out = tmp_path / f"a.{format}"
    assert run("say", TEXT, "-o", str(out)) == 0
    capsysbinary.readouterr()
    assert run("say", TEXT, "-o", "-", "--format", format) == 0
    piped, errors = capsysbinary.readouterr()
    assert len(piped) > 10_000
    if format == "wav":
        assert piped[44:] == out.read_bytes()[44:]
    else:
        assert out.read_bytes().endswith(piped)
    assert b"rtf" in errors


def test_it_plays_while_it_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player = tmp_path / "bin" / "ffplay"
    player.parent.mkdir()
    player.write_text(f"#!/bin/sh\ncat > {tmp_path}/played.wav\n", "utf-8")
    player.chmod(0o755)
    monkeypatch.setenv("PATH", str(player.parent), prepend=":")
    assert run("say", TEXT, "--play") == 0
    assert run("say", TEXT, "-o", str(tmp_path / "a.wav")) == 0
    assert (tmp_path / "played.wav").read_bytes()[44:] == (tmp_path / "a.wav").read_bytes()[44:]


def test_without_a_player_or_with_two_places_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run("say", TEXT, "--play") == 3
    assert run("say", TEXT, "--play", "-o", "a.wav") == 2
    assert run("say", TEXT) == 2
    assert run("say", TEXT, "-o", "-", "--format", "m4b") == 2
    assert "no_player" in capsys.readouterr().err


def test_a_reader_that_goes_away_ends_it() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", "say", TEXT, "-o", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(120) in (0, 3), errors
        assert b"Traceback" not in errors
