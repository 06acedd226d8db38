// Opens a book, chooses chapters, begins the making.

import { callJson } from "./api.js";
import { showJob } from "./job.js";
import { clearProblems, message, showProblem } from "./messages.js";
import { controlsOf, showSliders } from "./speak.js";

const FILES = {
  zip: { format: "mp3", package: "chapters" },
  acx: { preset: "acx" },
};

function readingOf(data) {
  return { include: data.getAll("include"), say_titles: data.has("say_titles") };
}

function upload(form, request) {
  const body = new FormData();
  body.append("file", form.elements.file.files[0]);
  body.append("request", JSON.stringify(request));
  return body;
}

async function open(form) {
  clearProblems(form);
  const place = document.getElementById("chapters");
  const making = document.getElementById("making");
  making.hidden = true;
  if (!form.elements.file.files.length) {
    place.replaceChildren();
    return;
  }
  place.textContent = "Reading …";
  const answer = await fetch("/studio/book/chapters", {
    method: "POST",
    headers: { "HX-Request": "true" },
    body: upload(form, readingOf(new FormData(form))),
  });
  if (!answer.ok) {
    place.replaceChildren();
    const problem = await answer.json().catch(() => ({}));
    showProblem(form, { message: problem.detail ?? `The service answered ${answer.status}.`, errors: problem.errors });
    return;
  }
  htmx.swap(place, await answer.text(), { swapStyle: "innerHTML" });
  making.hidden = false;
}

async function make(form) {
  clearProblems(form);
  const data = new FormData(form);
  const chapters = data.getAll("chapter").map(Number);
  if (!chapters.length) {
    message("Choose a chapter first.");
    return;
  }
  const file = FILES[data.get("make")] ?? { format: data.get("make") };
  const request = { ...controlsOf(data), ...readingOf(data), ...file, chapters };
  if (!file.preset) request.loudness_lufs = data.has("even") ? Number(data.get("even")) : null;
  const button = form.querySelector("button.primary");
  button.disabled = true;
  try {
    const job = await callJson("POST", "/audiobooks", { body: upload(form, request) });
    await showJob(job.id, "#job");
    document.getElementById("job").scrollIntoView({ block: "start" });
  } catch (problem) {
    showProblem(form, problem);
  } finally {
    button.disabled = false;
  }
}

export function attach(form) {
  showSliders(form);
  form.addEventListener("change", (event) => {
    if (["file", "include", "say_titles"].includes(event.target.name)) open(form);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    make(form);
  });
}

export function attachChapters(fieldset) {
  fieldset.addEventListener("click", (event) => {
    const wanted = event.target.dataset.check;
    if (!wanted) return;
    for (const box of fieldset.querySelectorAll("input")) box.checked = wanted === "all";
  });
}
