"""Settings come from variables, typed, and a wrong one is named."""

from pathlib import Path

import pytest

from core.errors import FieldError
from core.settings import SHIPPED_VOICES
from workers.settings import WorkerSettings


def test_defaults_need_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/share")
    settings = WorkerSettings.from_environment({})
    assert settings.artifacts_folder == Path("/share/rhapsode/artifacts")
    assert settings.voice_folders == (SHIPPED_VOICES, Path("/share/rhapsode/voices"))
    assert settings.device == "cpu"


def test_a_folder_that_is_given_stands_in_place_of_its_variable() -> None:
    environment = {"RHAPSODE_DATA": "/d"}
    assert WorkerSettings.from_environment(environment, data=Path("/e")).data == Path("/e")


def test_variables_are_typed() -> None:
    settings = WorkerSettings.from_environment(
        {
            "RHAPSODE_DATA": "/d",
            "RHAPSODE_VOICES": "/a:/b",
            "RHAPSODE_THREADS": "2",
            "RHAPSODE_DEVICE": "cuda:1",
            "RHAPSODE_ARTIFACTS": "",
        }
    )
    assert settings.artifacts_folder == Path("/d/artifacts")
    assert settings.voice_folders == (
        SHIPPED_VOICES,
        Path("/d/voices"),
        Path("/a"),
        Path("/b"),
    )
    assert (settings.threads, settings.device) == (2, "cuda:1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RHAPSODE_THREADS", "two"),
        ("RHAPSODE_THREADS", "-1"),
        ("RHAPSODE_DEVICE", "tpu"),
        ("RHAPSODE_SYMBOLS_AT_ONCE", "0"),
    ],
)
def test_a_wrong_value_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(FieldError, match=name) as caught:
        WorkerSettings.from_environment({name: value})
    assert caught.value.field == name
