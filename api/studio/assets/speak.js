// The form that speaks a text.

import { speak } from "./job.js";
import { clearProblems, showProblem } from "./messages.js";

// What both forms choose: voice, networks, speed, pitch.
export function controlsOf(data) {
  const controls = {
    voice: data.get("voice"),
    acoustic: data.get("acoustic"),
    vocoder: data.get("vocoder"),
    speed: Number(data.get("speed")),
  };
  if (data.has("pitch")) controls.pitch = Number(data.get("pitch"));
  return controls;
}

function requestOf(form) {
  const data = new FormData(form);
  const request = {
    [data.get("kind")]: data.get("text"),
    ...controlsOf(data),
  };
  const lexicons = data.getAll("lexicons");
  if (lexicons.length) request.lexicons = lexicons;
  return request;
}

// Shows the value of every slider beside its label.
export function showSliders(form) {
  form.addEventListener("input", (event) => {
    const shown = event.target.type === "range" && form.querySelector(`output[for=${event.target.id}]`);
    if (shown) shown.textContent = Number(event.target.value).toFixed(2);
  });
}

export function attach(form) {
  showSliders(form);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearProblems(form);
    const button = form.querySelector("button.primary");
    button.disabled = true;
    try {
      await speak(requestOf(form), "#job");
    } catch (problem) {
      showProblem(form, problem, { ssml: "text" });
    } finally {
      button.disabled = false;
    }
  });
}
