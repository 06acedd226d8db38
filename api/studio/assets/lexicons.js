// Edits a lexicon: rows of words, saved as a whole.

import { call, putLexicon, speakToEnd } from "./api.js";
import { clearProblems, showProblem } from "./messages.js";

const audio = new Audio();

function entryOf(row) {
  const field = (name) => row.querySelector(`[name=${name}]`).value.trim();
  return { word: field("word"), by: field("by"), sound: field("sound") };
}

function escaped(text) {
  const holder = document.createElement("i");
  holder.textContent = text;
  return holder.innerHTML.replaceAll('"', "&quot;");
}

// An entry that is not saved is heard by markup, which wins over any lexicon.
function markup({ word, by, sound }) {
  if (!sound) return `<speak>${escaped(word)}</speak>`;
  if (by === "alias") return `<speak><sub alias="${escaped(sound)}">${escaped(word)}</sub></speak>`;
  return `<speak><phoneme alphabet="ipa" ph="${escaped(sound)}">${escaped(word)}</phoneme></speak>`;
}

export function attach(form) {
  const body = form.querySelector("tbody");
  const status = form.querySelector("[data-role=saved]");
  const name = form.dataset.name;

  function add() {
    const row = form.querySelector("template").content.cloneNode(true);
    body.append(row);
    body.lastElementChild.querySelector("input").focus();
  }

  async function attempt(action, button) {
    clearProblems(form);
    if (button) button.disabled = true;
    try {
      await action();
    } catch (problem) {
      showProblem(form, problem);
    } finally {
      if (button) button.disabled = false;
    }
  }

  async function hear(row) {
    const job = await speakToEnd({ ssml: markup(entryOf(row)), voice: form.elements.voice.value });
    audio.src = job.audio;
    await audio.play();
  }

  async function save() {
    const entries = {};
    for (const row of body.rows) {
      const { word, by, sound } = entryOf(row);
      if (word) entries[word] = { [by]: sound };
    }
    const facts = await putLexicon(name, entries);
    status.textContent = `Saved: ${facts.entries} entries.`;
  }

  form.addEventListener("input", () => (status.textContent = ""));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(save, form.querySelector("button.primary"));
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-role]");
    const row = button?.closest("tr");
    const roles = {
      add,
      hear: () => attempt(() => hear(row), button),
      remove: () => {
        row.remove();
        form.querySelector("[data-role=add]").focus();
      },
      delete: () =>
        attempt(async () => {
          if (!confirm(`Delete the lexicon ${name}?`)) return;
          await call("DELETE", `/lexicons/${name}`);
          location.assign("/studio/lexicons");
        }, button),
    };
    roles[button?.dataset.role]?.();
  });
  form.querySelector("[data-role=file]").addEventListener("change", (event) => {
    attempt(async () => {
      const file = event.target.files[0];
      await call("PUT", `/lexicons/${name}`, {
        body: await file.arrayBuffer(),
        headers: { "content-type": "application/octet-stream" },
      });
      location.reload();
    });
  });
  if (!body.rows.length) add();
}

export function attachNew(form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.assign(`/studio/lexicons/${encodeURIComponent(form.elements.name.value)}`);
  });
}
