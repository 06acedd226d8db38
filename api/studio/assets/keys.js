// Makes a key and shows it, once.

import { callJson } from "./api.js";
import { clearProblems, showProblem } from "./messages.js";

export function attach(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearProblems(form);
    const data = new FormData(form);
    const limits = {};
    for (const name of ["requests_per_minute", "characters", "open_jobs"]) {
      if (data.get(name)) limits[name] = Number(data.get(name));
    }
    try {
      const json = { name: data.get("name"), admin: data.has("admin"), limits };
      const made = await callJson("POST", "/keys", { json });
      const place = form.querySelector("[data-role=made]");
      place.querySelector("code").textContent = made.token;
      place.hidden = false;
      form.reset();
      htmx.trigger(document.body, "refresh");
    } catch (problem) {
      showProblem(form, problem);
    }
  });
}
