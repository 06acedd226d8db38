// The service's own API, as the pages call it.

export class Problem extends Error {
  // A problem document (RFC 9457), or what stands in for one where no answer came.
  constructor(status, document) {
    super(document.detail ?? document.title ?? `The service answered ${status}.`);
    this.status = status;
    this.errors = document.errors ?? [];
  }
}

async function problemOf(answer) {
  const text = await answer.text();
  try {
    return new Problem(answer.status, JSON.parse(text));
  } catch {
    return new Problem(answer.status, {});
  }
}

export async function call(method, path, { json, body, headers } = {}) {
  const options = { method, headers: { ...headers } };
  if (json !== undefined) {
    options.body = JSON.stringify(json);
    options.headers["content-type"] = "application/json";
  } else if (body !== undefined) {
    options.body = body;
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Problem(0, { detail: "The service cannot be reached." });
  }
  if (answer.status === 401) {
    location.assign(`/studio/session?next=${encodeURIComponent(location.pathname)}`);
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

export async function callJson(method, path, options) {
  const answer = await call(method, path, options);
  return answer.status === 204 ? null : answer.json();
}

// Speaks a request to its end. Long ones outlast one wait, so it asks again.
export async function speakToEnd(request) {
  let job = await callJson("POST", "/synthesize", { json: request, headers: { prefer: "wait=60" } });
  while (job.state === "queued" || job.state === "running") {
    await new Promise((next) => setTimeout(next, 1000));
    job = await callJson("GET", `/jobs/${job.id}`);
  }
  if (!job.audio) throw new Problem(200, { detail: job.error?.message ?? `The job is ${job.state}.` });
  return job;
}

// The entries of a lexicon as PUT takes them: word → IPA, or an alias.
export async function lexiconEntries(name) {
  const { lexicons } = await callJson("GET", "/lexicons");
  if (!lexicons.some((one) => one.name === name)) return {};
  const lexicon = await callJson("GET", `/lexicons/${encodeURIComponent(name)}`);
  return Object.fromEntries(
    lexicon.entries.map((entry) => [
      entry.grapheme,
      entry.alias ? { alias: entry.alias } : entry.phonemes.map((word) => word.join("")).join(" "),
    ]),
  );
}

export function putLexicon(name, entries) {
  return callJson("PUT", `/lexicons/${encodeURIComponent(name)}`, {
    body: JSON.stringify(entries),
    headers: { "content-type": "application/octet-stream" },
  });
}
