// Plays a job's audio: waveform, position, and the word that is being said.

import { draw, peaksOf } from "./waveform.js";

export function clock(seconds) {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${hours ? String(minutes).padStart(2, "0") : minutes}:${String(rest).padStart(2, "0")}`;
  return hours ? `${hours}:${tail}` : tail;
}

const AROUND_SECONDS = 0.6;

export class Player {
  // live: { audio, chapter }, an element that already plays the same audio as it was made, from
  // that chapter on; it goes on until somebody moves the cursor, which a stream cannot follow.
  constructor(article, live) {
    this.root = article;
    const box = article.querySelector(".player");
    this.file = box.querySelector("audio");
    this.audio = live && !live.audio.ended ? live.audio : this.file;
    this.button = box.querySelector(".play");
    this.canvas = box.querySelector(".wave");
    this.now = box.querySelector("[data-role=now]");
    this.seconds = Number(box.dataset.seconds);
    this.peaks = null;
    this.pointed = null;
    this.until = Infinity; // where it stops by itself
    this.readWords();
    this.button.addEventListener("click", () => this.toggle());
    for (const audio of new Set([this.file, this.audio])) {
      for (const name of ["play", "pause", "ended"]) audio.addEventListener(name, () => this.onState());
      for (const name of ["timeupdate", "seeked"]) audio.addEventListener(name, () => this.show());
    }
    if (this.audio !== this.file) {
      this.audio.addEventListener("error", () => {
        if (this.audio === this.file) return;
        this.audio = this.file;
        this.play();
      });
    }
    this.chapters = [...article.querySelectorAll(".chapters [data-start]")];
    this.liveStart = Number(this.chapters[(live?.chapter ?? 1) - 1]?.dataset.start ?? 0);
    for (const chapter of this.chapters) {
      chapter.addEventListener("click", () => {
        this.seek(Number(chapter.dataset.start));
        this.play();
      });
    }
    for (const place of article.querySelectorAll("[data-place-start]")) {
      place.addEventListener("click", () =>
        this.playSpan(Number(place.dataset.placeStart), Number(place.dataset.placeEnd)));
    }
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.point(null));
    this.canvas.addEventListener("pointerdown", (event) => this.seek(this.timeAt(event)));
    this.canvas.addEventListener("keydown", (event) => this.onKey(event));
    new ResizeObserver(() => this.show()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.show());
    peaksOf(box.dataset.audio, this.seconds).then((peaks) => {
      this.peaks = peaks;
      this.canvas.dataset.peaks = peaks ? "decoded" : "none";
      this.show();
    });
    this.onState();
    this.show();
  }

  // The words on the page, in order of time; called again when another chapter is shown.
  readWords() {
    this.words = [...this.root.querySelectorAll(".word")].map((element) => ({
      element,
      start: Number(element.dataset.start),
      end: Number(element.dataset.end),
    }));
    for (const word of this.words) {
      word.element.addEventListener("click", () => this.seek(word.start));
    }
    this.words.sort((one, other) => one.start - other.start);
    this.lit = null;
  }

  play() {
    return this.audio.play().catch(() => {}); // a browser may want a click first
  }

  // A word, with what stands before and after it.
  playSpan(start, end) {
    this.seek(start - AROUND_SECONDS);
    this.until = end + AROUND_SECONDS;
    return this.play();
  }

  toggle() {
    this.until = Infinity;
    if (this.audio.paused) this.play();
    else this.audio.pause();
  }

  seek(seconds) {
    this.until = Infinity;
    if (this.audio !== this.file) {
      const playing = !this.audio.paused;
      this.audio.pause();
      this.audio.removeAttribute("src");
      this.audio = this.file;
      if (playing) this.play();
    }
    this.audio.currentTime = Math.max(0, Math.min(seconds, this.seconds));
    this.show();
  }

  // Seconds from the file's start, also where a stream began with a later chapter.
  get time() {
    return this.audio.currentTime + (this.audio === this.file ? 0 : this.liveStart);
  }

  timeAt(event) {
    const box = this.canvas.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * this.seconds;
  }

  point(event) {
    this.pointed = event ? this.timeAt(event) : null;
    if (event?.buttons) this.seek(this.pointed);
    this.show();
  }

  onKey(event) {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
    if (event.key in step) this.seek(this.time + step[event.key]);
    else if (event.key === "Home") this.seek(0);
    else if (event.key === "End") this.seek(this.seconds);
    else if (event.key === " " || event.key === "Enter") this.toggle();
    else return;
    event.preventDefault();
  }

  onState() {
    if (this.audio !== this.file && this.audio.ended) this.audio = this.file;
    const playing = !this.audio.paused;
    this.button.setAttribute("aria-pressed", String(playing));
    this.button.setAttribute("aria-label", playing ? "Pause" : "Play");
    if (playing) this.follow();
  }

  // While it plays: at every frame, as timeupdate comes four times a second only.
  follow() {
    this.show();
    if (!this.audio.paused) requestAnimationFrame(() => this.follow());
  }

  wordAt(seconds) {
    let [low, high] = [0, this.words.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.words[middle].end <= seconds) low = middle + 1;
      else high = middle;
    }
    const word = this.words[low];
    return word && word.start <= seconds ? word : null;
  }

  show() {
    const at = this.time;
    if (at >= this.until && !this.audio.paused) {
      this.audio.pause();
      this.until = Infinity;
    }
    const begun = at > 0 || !this.audio.paused;
    const word = this.pointed !== null ? this.wordAt(this.pointed) : begun ? this.wordAt(at) : null;
    if (word !== this.lit) {
      this.lit?.element.classList.remove("lit");
      word?.element.classList.add("lit");
      this.lit = word;
    }
    this.showChapter(at, begun);
    const span = word && [word.start / this.seconds, word.end / this.seconds];
    draw(this.canvas, this.peaks, at / this.seconds, span);
    this.now.textContent = clock(at);
    this.canvas.setAttribute("aria-valuenow", at.toFixed(2));
    const lit = word ? `, ${word.element.textContent}` : "";
    this.canvas.setAttribute("aria-valuetext", `${clock(at)} of ${clock(this.seconds)}${lit}`);
  }

  // The text follows the audio from chapter to chapter.
  showChapter(at, begun) {
    const now = this.chapters.find((c) => at >= Number(c.dataset.start) && at < Number(c.dataset.end));
    if (!begun || !now || now === this.chapter) return;
    this.chapter?.removeAttribute("aria-current");
    now.setAttribute("aria-current", "true");
    this.chapter = now;
    htmx.ajax("GET", now.getAttribute("hx-get"), { target: now.getAttribute("hx-target"), swap: "innerHTML" });
  }
}
