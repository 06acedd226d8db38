// What happened, told where it concerns one field there, else at the foot of the page.

const SECONDS = 8;

export function message(text) {
  const line = document.createElement("p");
  line.textContent = text;
  document.getElementById("messages").append(line);
  setTimeout(() => line.remove(), SECONDS * 1000);
}

export function clearProblems(form) {
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
  const place = form.querySelector(".field-problem");
  if (place) place.hidden = true;
}

// Shows a problem in a form; names: the API's name of a field → its name in the form.
export function showProblem(form, problem, names = {}) {
  const place = form.querySelector(".field-problem");
  const lines = problem.errors?.length
    ? problem.errors.map((e) => `${e.message}${e.allowed ? ` (allowed: ${e.allowed})` : ""}`)
    : [problem.message];
  place.textContent = [...new Set(lines)].join("; ");
  place.hidden = false;
  place.id ||= `problem-${Math.random().toString(36).slice(2)}`;
  for (const error of problem.errors ?? []) {
    const field = form.elements[names[error.field] ?? error.field];
    if (field instanceof HTMLElement) {
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", place.id);
      field.focus();
    }
  }
}
