// The shape of a sound on a canvas.

const BARS = 400;
const LONGEST_SECONDS = 900; // decoded, an hour would take 600 MB

// Returns the peaks of a sound, 0 to 1, or null where it cannot be decoded here.
export async function peaksOf(address, seconds) {
  if (seconds > LONGEST_SECONDS || !("OfflineAudioContext" in window)) return null;
  try {
    const answer = await fetch(address);
    if (!answer.ok) return null;
    const context = new OfflineAudioContext(1, 1, 22050);
    const samples = (await context.decodeAudioData(await answer.arrayBuffer())).getChannelData(0);
    const width = samples.length / BARS;
    const peaks = Array.from({ length: BARS }, (_, bar) => {
      let peak = 0;
      for (let at = Math.floor(bar * width); at < (bar + 1) * width && at < samples.length; at++) {
        peak = Math.max(peak, Math.abs(samples[at]));
      }
      return peak;
    });
    const most = Math.max(...peaks, 1e-6);
    return peaks.map((peak) => peak / most);
  } catch {
    return null;
  }
}

// Draws peaks; done: share that has been played; lit: [start, end] as shares, or null.
export function draw(canvas, peaks, done, lit) {
  const scale = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const style = getComputedStyle(canvas);
  const colour = (name) => resolved(canvas, style.getPropertyValue(name));
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  if (lit) {
    pen.fillStyle = colour("--lit");
    pen.fillRect(lit[0] * width, 0, Math.max(2, (lit[1] - lit[0]) * width), height);
  }
  const shape = peaks ?? Array(BARS).fill(0.03);
  const bars = Math.min(shape.length, Math.max(1, Math.floor(width / 3)));
  const [played, rest] = [colour("--accent"), colour("--wave")];
  for (let bar = 0; bar < bars; bar++) {
    const from = Math.floor((bar * shape.length) / bars);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * shape.length) / bars));
    const tall = Math.max(2, Math.max(...shape.slice(from, to)) * (height - 6));
    pen.fillStyle = (bar + 0.5) / bars <= done ? played : rest;
    pen.fillRect((bar / bars) * width, (height - tall) / 2, Math.max(1, width / bars - 1), tall);
  }
  pen.fillStyle = played;
  pen.fillRect(Math.min(width - 2, done * width), 0, 2, height);
}

// A canvas knows no light-dark(): the browser resolves it for a property.
function resolved(canvas, value) {
  const before = canvas.style.color;
  canvas.style.color = value;
  const colour = getComputedStyle(canvas).color;
  canvas.style.color = before;
  return colour;
}
