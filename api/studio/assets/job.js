// A job on a page: followed while it is open; played, repeated and fetched when it has ended.

import { callJson, lexiconEntries, putLexicon, speakToEnd } from "./api.js";
import { clearProblems, message, showProblem } from "./messages.js";
import { Player, clock } from "./player.js";

const STREAMED_CHARACTERS = 3000;
// Longer texts are heard part by part: a browser that holds back a long stream might drop it, and
// a job that is made for its listener ends with him.

const toPlay = new Set(); // jobs that somebody waits to hear
const live = new Map(); // job → { audio, chapter }: what plays it while it is made, and from where
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

// Plays a job while it is made, from a chapter on. A browser that wants a click first plays the
// file later.
function playLive(id, address, chapter = 1) {
  stopLive(id);
  const audio = new Audio(address);
  live.set(id, { audio, chapter });
  audio.addEventListener("playing", () => toPlay.delete(id), { once: true });
  for (const name of ["play", "playing", "pause", "ended"]) {
    audio.addEventListener(name, () => showLive(id));
  }
  audio.play().catch(() => {
    if (live.get(id)?.audio !== audio) return;
    live.delete(id);
    showLive(id);
  });
}

// Ends the stream: a paused element would hold its connection.
function stopLive(id) {
  const before = live.get(id)?.audio;
  live.delete(id);
  before?.pause();
  before?.removeAttribute("src");
  before?.load();
}

function toggleLive(id, button) {
  const chapter = Number(button.dataset.chapter);
  const playing = live.get(id);
  // The button above the chapters goes on wherever the listener is.
  if (!playing || (button.closest(".chapters") && playing.chapter !== chapter)) {
    playLive(id, button.dataset.live, chapter);
  } else if (playing.audio.paused) playing.audio.play().catch(() => {});
  else playing.audio.pause();
}

// Shows on a job's buttons whether it is heard, and from which chapter on.
function showLive(id) {
  const { audio, chapter } = live.get(id) ?? {};
  const playing = Boolean(audio && !audio.paused);
  for (const button of document.querySelectorAll(`article.job[data-job="${id}"] [data-live]`)) {
    const isChapter = button.closest(".chapters");
    const pressed = playing && (!isChapter || chapter === Number(button.dataset.chapter));
    button.setAttribute("aria-pressed", String(pressed));
    if (!isChapter) button.textContent = playing ? "Pause" : "Hear it while it is made";
  }
}

// The chapters of an open job: they are shown anew as the job goes on.
export function attachChapters(list) {
  showLive(list.closest("article.job").dataset.job);
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
  const id = article.dataset.job;
  if (!article.querySelector(".player")) {
    stopLive(id);
    return;
  }
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
  article.addEventListener("click", (event) => {
    const button = event.target.closest("[data-live]");
    if (button) toggleLive(id, button);
  });
  article.addEventListener("htmx:beforeRequest", (event) => {
    // A cancelled job cuts its streams, which a browser that still plays one would ask for again.
    if (event.detail.elt.hasAttribute("hx-delete")) stopLive(id);
  });
  showLive(id);

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

