// What every page needs: each part of it is given its behaviour when it appears.

import { attach as attachBook, attachChapters } from "./book.js";
import { attach as attachJob, attachChapters as attachJobChapters, attachText, showJob } from "./job.js";
import { attach as attachKeys } from "./keys.js";
import { attach as attachLexicon, attachNew } from "./lexicons.js";
import { message } from "./messages.js";
import { attach as attachSpeak } from "./speak.js";
import { attach as attachVoice, attachForm } from "./voices.js";

const BEHAVIOURS = {
  "form#speak": attachSpeak,
  "form#book": attachBook,
  "fieldset.chapters": attachChapters,
  "article.job": attachJob,
  "article.job ol.chapters": attachJobChapters,
  ".read-along": attachText,
  "section.voice": attachVoice,
  "form#sample": attachForm,
  "form#lexicon": attachLexicon,
  "form#new-lexicon": attachNew,
  "form#new-key": attachKeys,
};

const attached = new WeakSet();

function attachAll(root) {
  for (const [selector, attach] of Object.entries(BEHAVIOURS)) {
    const found = [...root.querySelectorAll(selector)];
    if (root.matches?.(selector)) found.push(root);
    for (const element of found) {
      if (attached.has(element)) continue;
      attached.add(element);
      attach(element);
    }
  }
}

function detailOf(request) {
  try {
    return JSON.parse(request.responseText).detail;
  } catch {
    return request.status ? `The service answered ${request.status}.` : "The service cannot be reached.";
  }
}

document.addEventListener("htmx:load", (event) => attachAll(event.detail.elt));
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful, xhr } = event.detail;
  if (!successful) {
    message(detailOf(xhr));
    return;
  }
  if (elt.dataset?.then === "job") {
    const article = elt.closest("article.job");
    showJob(article.dataset.job, article, "outerHTML");
  } else if (elt.dataset?.then === "list") htmx.trigger(document.body, "refresh");
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = button.parentElement.querySelector(button.dataset.copy).textContent;
  try {
    await navigator.clipboard.writeText(text);
    message("Copied.");
  } catch {
    message("This browser does not let pages copy: select the text instead.");
  }
});
attachAll(document);
