// A job on a page: followed while it is open; played, repeated and fetched when it has ended.

import { callJson, lexiconEntries, putLexicon, speakToEnd } from "./api.js";
import { clearProblems, message, showProblem } from "./messages.js";
import { Player } from "./player.js";

const toPlay = new Set(); // jobs that somebody waits to hear

// Puts a job's view into a place of the page.
export function showJob(id, target, swap = "innerHTML") {
  return htmx.ajax("GET", `/studio/jobs/${id}`, { target, swap });
}

// Speaks a request and shows its job; resolves when it is accepted.
export async function speak(request, target, swap) {
  const job = await callJson("POST", "/synthesize", { json: request });
  toPlay.add(job.id);
  await showJob(job.id, target, swap);
  return job;
}

export function attach(article) {
  if (["queued", "running"].includes(article.dataset.state)) {
    follow(article);
    return;
  }
  for (const part of article.querySelectorAll(".bar [data-share]")) {
    part.style.flexGrow = part.dataset.share;
  }
  if (!article.querySelector(".player")) return;
  const player = new Player(article);
  if (toPlay.delete(article.dataset.job)) player.play();
  if (article.dataset.again) offerAgain(article, JSON.parse(article.dataset.again));
}

function follow(article) {
  const id = article.dataset.job;
  const bar = article.querySelector("progress");
  const status = article.querySelector("[data-role=status]");
  const events = new EventSource(`/jobs/${id}/events`);
  let asked = 0;

  async function tellRest() {
    if (Date.now() - asked < 2000) return; // a look at most every two seconds
    asked = Date.now();
    const job = await callJson("GET", `/jobs/${id}`).catch(() => null);
    if (!job) return;
    const parts = `${job.progress.parts_done} of ${job.progress.parts_total} parts`;
    if (job.state === "queued") status.textContent = `${job.queue_position ?? 0} before it`;
    else if (job.eta_seconds == null) status.textContent = parts;
    else status.textContent = `${parts}, about ${Math.ceil(job.eta_seconds)} s to go`;
  }

  function onEvent(event) {
    if (!article.isConnected) {
      events.close();
      return;
    }
    const { progress, state } = JSON.parse(event.data);
    bar.value = progress.share;
    article.querySelector(".state").textContent = state;
    if (event.type === "finished") {
      events.close();
      showJob(id, article, "outerHTML");
    } else tellRest();
  }

  for (const name of ["created", "planned", "started", "part_done", "part_failed", "undone", "retried", "finished"]) {
    events.addEventListener(name, onEvent);
  }
  events.addEventListener("error", () => {
    // After 204 or a refusal the browser gives up; a broken connection it opens anew by itself.
    if (events.readyState === EventSource.CLOSED && article.isConnected) showJob(id, article, "outerHTML");
  });
}

function offerAgain(article, request) {
  for (const button of article.querySelectorAll("[data-format]")) {
    button.addEventListener("click", () => fetchAs(button, { ...request, format: button.dataset.format }));
  }
  const details = article.querySelector(".otherwise");
  const form = details.querySelector("form");
  const choose = (word) => {
    details.open = true;
    form.elements.word.value = word;
    form.elements.sound.focus();
  };
  for (const button of article.querySelectorAll("[data-otherwise]")) {
    button.addEventListener("click", () => choose(button.dataset.otherwise));
  }
  for (const word of article.querySelectorAll(".word")) {
    word.addEventListener("dblclick", () => choose(word.textContent));
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sayOtherwise(article, form, request);
  });
}

async function sayOtherwise(article, form, request) {
  clearProblems(form);
  const { word, sound, by, lexicon } = Object.fromEntries(new FormData(form));
  try {
    const entries = await lexiconEntries(lexicon);
    entries[word.trim()] = { [by]: sound.trim() };
    await putLexicon(lexicon, entries);
    const lexicons = [lexicon, ...(request.lexicons ?? []).filter((name) => name !== lexicon)];
    await speak({ ...request, lexicons }, article, "outerHTML");
  } catch (problem) {
    showProblem(form, problem);
  }
}

// The same in another format: what was spoken is kept, so this only encodes.
async function fetchAs(button, request) {
  button.disabled = true;
  try {
    const job = await speakToEnd(request);
    const link = document.createElement("a");
    link.href = job.audio;
    link.download = `${job.id}.${request.format}`;
    link.click();
  } catch (problem) {
    message(problem.message);
  } finally {
    button.disabled = false;
  }
}

