// Speaks a sentence with each pair of networks.

import { speakToEnd } from "./api.js";
import { message } from "./messages.js";

const audio = new Audio();
const samples = new Map(); // request as JSON → its job

async function hear(button) {
  const request = {
    text: document.getElementById("sentence").value,
    voice: button.dataset.voice,
    acoustic: button.dataset.acoustic,
    vocoder: button.dataset.vocoder,
  };
  const key = JSON.stringify(request);
  button.disabled = true;
  try {
    if (!samples.has(key)) samples.set(key, await speakToEnd(request));
    const job = samples.get(key);
    button.closest("tr").querySelector("[data-role=rtf]").textContent = job.report.rtf.toPrecision(2);
    audio.src = job.audio;
    await audio.play();
  } catch (problem) {
    message(problem.message);
  } finally {
    button.disabled = false;
  }
}

export function attach(section) {
  section.addEventListener("click", (event) => {
    const button = event.target.closest("[data-vocoder]");
    if (button) hear(button);
  });
}

export function attachForm(form) {
  form.addEventListener("submit", (event) => event.preventDefault());
}
