// A job on a page: followed while it is open; played, repeated and fetched when it has ended.

import { callJson, lexiconEntries, putLexicon, speakToEnd } from "./api.js";
import { clearProblems, message, showProblem } from "./messages.js";
import { Player, clock } from "./player.js";

const STREAMED_CHARACTERS = 3000;
// Longer texts are heard part by part: a browser that holds back a long stream might drop it, and
// a job that is made for its listener ends with him.

const toPlay = new Set(); // jobs that somebody waits to hear
const live = new Map(); // job → the element that plays it while it is made
const players = new WeakMap(); // article → its player

// Puts a job's view into a place of the page.
export function showJob(id, target, swap = "innerHTML") {
  return htmx.ajax("GET", `/studio/jobs/${id}`, { target, swap });
}

// Speaks a request and shows its job; resolves when it is accepted.
export async function speak(request, target, swap) {
  const characters = (request.text ?? request.ssml).length;
  const json = { ...request, stream: characters <= STREAMED_CHARACTERS };
  const job = await callJson("POST", "/synthesize", { json });
  toPlay.add(job.id);
  playLive(job.id, `/jobs/${job.id}/audio?stream=true`);
  await showJob(job.id, target, swap);
  return job;
}

// Plays a job while it is made. A browser that wants a click first plays the file later.
function playLive(id, address) {
  const audio = new Audio(address);
  live.set(id, audio);
  audio.addEventListener("playing", () => toPlay.delete(id), { once: true });
  audio.play().catch(() => live.delete(id));
  return audio;
}

// Another text stands in the article: the player's words are those.
export function attachText(text) {
  players.get(text.closest("article.job"))?.readWords();
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
  const id = article.dataset.job;
  const player = new Player(article, live.get(id));
  live.delete(id);
  players.set(article, player);
  if (toPlay.delete(id) && player.audio.paused) player.play();
  if (article.dataset.again) offerAgain(article, JSON.parse(article.dataset.again));
}

function follow(article) {
  const id = article.dataset.job;
  const bar = article.querySelector("progress");
  const status = article.querySelector("[data-role=status]");
  const events = new EventSource(`/jobs/${id}/events`);
  let asked = 0;
  const hear = article.querySelector("[data-live]");
  hear?.addEventListener("click", () => {
    const audio = live.get(id) ?? playLive(id, hear.dataset.live);
    if (hear.getAttribute("aria-pressed") === "true") audio.pause();
    else audio.play().catch(() => {});
  });
  const showLive = (audio) => {
    hear.setAttribute("aria-pressed", String(!audio.paused));
    hear.textContent = audio.paused ? "Hear it while it is made" : "Pause";
  };
  if (hear) {
    article.addEventListener("click", () => live.get(id) && showLive(live.get(id)));
    live.get(id)?.addEventListener("playing", (event) => showLive(event.target));
  }

  async function tellRest() {
    if (Date.now() - asked < 2000) return; // a look at most every two seconds
    asked = Date.now();
    const job = await callJson("GET", `/jobs/${id}`).catch(() => null);
    if (!job) return;
    const parts = `${job.progress.parts_done} of ${job.progress.parts_total} parts`;
    if (job.state === "queued") status.textContent = `${job.queue_position ?? 0} before it`;
    else if (job.eta_seconds == null) status.textContent = parts;
    else status.textContent = `${parts}, about ${clock(job.eta_seconds)} to go`;
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

