"""OpenAI's own client for Node, unchanged but for its address, against the real service."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import soundfile

from cli.stack import Stack
from tests.expected_audio import expected_length

PACKAGE = "openai@7.57.0"
TEXT = "The first sentence is short. The second one, which is longer, ends here!"
CLIENT = """
import { writeFileSync } from "node:fs";
import OpenAI from "openai";

const [base, input, out] = process.argv.slice(2);
const client = new OpenAI({ baseURL: base, apiKey: "sk-none-is-needed", maxRetries: 0 });
const speech = { model: "tts-1", voice: "alloy", input, response_format: "wav" };
const answer = await client.audio.speech.create(speech);
writeFileSync(out, Buffer.from(await answer.arrayBuffer()));
const models = (await client.models.list()).data.map((model) => model.id);
const refusal = await client.audio.speech.create({ ...speech, voice: "nobody" }).catch(
  ({ constructor, status, code, param }) => ({ error: constructor.name, status, code, param }),
);
console.log(JSON.stringify({ job: answer.headers.get("rhapsode-job"), models, refusal }));
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Node finds the client."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("node")
    words = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"npm cannot fetch {PACKAGE}: {done.stderr.strip().splitlines()[:1]}")
    (folder / "client.mjs").write_text(CLIENT, "utf-8")
    return folder


def test_the_official_node_client_speaks_lists_and_is_refused(
    service: Stack, package: Path, tmp_path: Path
) -> None:
    out = tmp_path / "speech.wav"
    words = ["node", "client.mjs", f"{service.url}/v1", TEXT, str(out)]
    environment = {**os.environ, "NO_PROXY": "*"}
    done = subprocess.run(words, cwd=package, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    samples, rate = soundfile.read(out)
    assert (len(samples), rate) == (expected_length(TEXT), 22050)
    assert len(found["job"]) == 32
    assert "tts-1" in found["models"]
    assert found["refusal"] == {
        "error": "BadRequestError",
        "status": 400,
        "code": "unknown_voice",
        "param": "voice",
    }
