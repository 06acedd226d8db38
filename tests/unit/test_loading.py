"""Networks that several threads ask for."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.voice import Selection
from synthesis.loading import VoiceCache
from tests.fake_engine import CATALOGUE, FakeAcoustic, FakeVocoder, FakeVoice


def test_a_voice_in_memory_does_not_wait_for_the_load_of_another() -> None:
    loading, finish = threading.Event(), threading.Event()

    def load(selection: Selection, **_: object) -> FakeVoice:
        if selection.vocoder == "melgan":
            loading.set()
            finish.wait()
        return FakeVoice(FakeAcoustic(), FakeVocoder(), {selection.vocoder: "1"})

    fast = CATALOGUE.resolve("one", "fastspeech2", "hifigan")
    voices = VoiceCache(Path("unused"), "cpu", load)
    known = voices.load(fast, "onnx")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(voices.load, CATALOGUE.resolve("one", "fastspeech2", "melgan"), "onnx")
        loading.wait()
        assert voices.load(fast, "onnx") is known
        finish.set()
        assert slow.result().acoustic is known.acoustic
