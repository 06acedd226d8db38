"""Networks that several threads ask for."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.voice import Catalogue, VoiceCard
from synthesis.loading import Voices
from tests.fake_engine import CATALOGUE, FakeAcoustic, FakeVocoder, FakeVoice


def test_a_voice_in_memory_does_not_wait_for_the_load_of_another() -> None:
    loading, go_on = threading.Event(), threading.Event()

    def load(catalogue: Catalogue, voice: VoiceCard, *, vocoder: str, **_: object) -> FakeVoice:
        if vocoder == "melgan":
            loading.set()
            go_on.wait()
        return FakeVoice(FakeAcoustic(), FakeVocoder(), {vocoder: "1"})

    voices = Voices(CATALOGUE, Path("unused"), "cpu", load)
    known = voices.load("one", "fastspeech2", "hifigan", "onnx")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(voices.load, "one", "fastspeech2", "melgan", "onnx")
        loading.wait()
        assert voices.load("one", "fastspeech2", "hifigan", "onnx") is known
        go_on.set()
        assert slow.result().acoustic is known.acoustic
