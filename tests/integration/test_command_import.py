"""A public checkpoint becomes a component that the catalogue finds and `export` takes."""

from pathlib import Path

import pytest

from cli.main import main
from core.voice import read_catalogue
from synthesis.settings import SynthesisSettings


def run(*argv: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(argv))
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHAPSODE_DATA", str(tmp_path))
    monkeypatch.delenv("RHAPSODE_VOICES", raising=False)


def test_import_then_export(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shared / "parity/checkpoints"
    argv = [
        *("import", str(folder / "hifigan_g_00000001"), "--network", "hifigan"),
        *("--config", str(folder / "hifigan_config.json"), "--name", "lj-hifigan"),
        *("--licence", "MIT"),
    ]
    assert run(*argv) == 0
    assert 'hifigan = "lj-hifigan"' in capsys.readouterr().out
    known = read_catalogue(SynthesisSettings.from_environment().voice_folders).components
    assert known["lj-hifigan"].provenance.licence == "MIT"
    assert run("export", "lj-hifigan", "--runtime", "eager") == 0
    assert run(*argv) == 2  # the name is taken
    assert "already there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "options"),
    [
        (2, ["--network", "vits", "--name", "x"]),
        (2, ["--network", "hifigan", "--name", "../x"]),
        (5, ["--network", "hifigan", "--name", "x"]),
    ],
)
def test_a_wrong_import_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: int, options: list[str]
) -> None:
    (tmp_path / "weights.pt").write_bytes(b"not a checkpoint")
    assert run("import", str(tmp_path / "weights.pt"), "--licence", "-", *options) == code
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    assert not (tmp_path / "voices").exists()
