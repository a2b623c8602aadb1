"use strict";
// Reads one endless answer: parts of a kind (P picture, F figures), a room, a length, a content.

const HEAD = 6; // bytes before a part's content
const SILENT_MS = 4000; // figures come every second: after so long the stream has stopped
const AGAIN_MS = 1500; // before it is asked for again
const OLD_MS = 3000; // a picture that is older is not live

const text = new TextDecoder();
const rooms = new Map();
let heardAt = performance.now();
let leave = null; // ends the answer that is being read

const byId = (id) => document.getElementById(id);

// One room of several may be chosen, by its number in the address.
function chosen() {
  const number = Number(location.hash.slice(1));
  return Number.isInteger(number) && number > 0 ? number - 1 : null;
}

function roomAt(number) {
  if (!rooms.has(number)) {
    const section = byId("room").content.cloneNode(true).querySelector("section");
    const canvas = section.querySelector("canvas");
    canvas.addEventListener("click", () => {
      location.hash = chosen() === null && rooms.size > 1 ? String(number + 1) : "";
    });
    section.querySelector(".name").href = `#${number + 1}`;
    rooms.set(number, { section, canvas, next: null, busy: false, drawnAt: -Infinity });
    const ordered = [...rooms.keys()].sort((a, b) => a - b);
    byId("rooms").replaceChildren(...ordered.map((each) => rooms.get(each).section));
    arrange();
  }
  return rooms.get(number);
}

function arrange() {
  const alone = chosen();
  document.body.classList.toggle("alone", alone !== null);
  for (const [number, room] of rooms) room.section.hidden = alone !== null && alone !== number;
}

async function draw(number, content) {
  const room = roomAt(number);
  room.next = content;
  if (room.busy) return; // the newest is drawn next, those between are not
  room.busy = true;
  try {
    while (room.next) {
      const newest = new Blob([room.next], { type: "image/jpeg" });
      room.next = null;
      const picture = await createImageBitmap(newest);
      if (room.canvas.width !== picture.width || room.canvas.height !== picture.height) {
        room.canvas.width = picture.width;
        room.canvas.height = picture.height;
      }
      room.canvas.getContext("2d").drawImage(picture, 0, 0);
      room.drawnAt = performance.now();
      picture.close();
    }
  } finally {
    room.busy = false;
  }
}

const ms = (seconds) => `${Math.round(1000 * seconds)} ms`;
const sum = (counts) => Object.values(counts).reduce((all, count) => all + count, 0);

function clock(seconds) {
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function tag(element, words, kind) {
  element.textContent = words;
  element.className = `${element.classList[0]} ${kind}`;
}

function kindOf(state) {
  if (state === "LIVE") return "good";
  return state === "CONNECTING" || state === "RECONNECTING" || state === "ENDED" ? "care" : "alarm";
}

// What is said of a room: name, words, and whether that is an alarm.
function factsOf(room) {
  const facts = [["shown", `${room.display_fps.toFixed(1)} fps`]];
  if (room.mask_age_s !== null) facts.push(["mask", `${ms(room.mask_age_s)} old`]);
  if (room.latency.max) facts.push(["delay", `${ms(room.latency.p50)}, p99 ${ms(room.latency.p99)}`]);
  facts.push(["polyps seen", room.sightings]);
  const dropped = sum(room.dropped);
  if (dropped) facts.push(["dropped", `${dropped} of ${room.captured}`]);
  const recorder = room.recorder;
  if (recorder) {
    const minutes = recorder.disk_minutes;
    const disk = minutes === null ? "" : `, disk ${Math.round(minutes)} min`;
    const lost = sum(recorder.lost);
    facts.push(["recording", `${recorder.lag_s.toFixed(1)} s behind${disk}`, minutes !== null && minutes < 10]);
    if (lost) facts.push(["lost", lost, true]);
  } else {
    facts.push(["recording", "off"]);
  }
  return facts;
}

function tell(figures) {
  const machine = figures.machine;
  const cpu = machine.cpu_percent === null ? "" : `, CPU ${Math.round(machine.cpu_percent)} %`;
  const gpu = machine.gpu_percent === null ? "" : `, GPU ${Math.round(machine.gpu_percent)} %`;
  byId("run").textContent = `${clock(figures.running_s)}, ${figures.engine}${cpu}${gpu}`;
  figures.rooms.forEach((told, number) => {
    const { section, drawnAt } = roomAt(number);
    section.querySelector(".name").textContent = told.name;
    tag(section.querySelector(".state"), `${told.state} ${clock(told.seconds)}`, kindOf(told.state));
    tag(section.querySelector(".notice"), told.notice, "alarm");
    section.classList.toggle("old", told.state === "LIVE" && performance.now() - drawnAt > OLD_MS);
    section.querySelector("dl").replaceChildren(
      ...factsOf(told).map(([name, words, alarm]) => {
        const [pair, term, said] = ["div", "dt", "dd"].map((kind) => document.createElement(kind));
        term.textContent = name;
        said.textContent = words;
        said.classList.toggle("alarm", Boolean(alarm));
        pair.append(term, said);
        return pair;
      }),
    );
  });
  byId("warnings").replaceChildren(
    ...figures.warnings.slice(-3).map((warning) => {
      const item = document.createElement("li");
      item.textContent = warning;
      return item;
    }),
  );
}

function hear(kind, number, content) {
  heardAt = performance.now();
  show("");
  if (kind === "P") draw(number, content);
  if (kind === "F") tell(JSON.parse(text.decode(content)));
}

// What is on the screen is live, or it says that it is not.
function show(problem) {
  document.body.classList.remove("waiting");
  byId("link").textContent = problem ? "stopped" : "connected";
  const stopped = document.body.classList.contains("stopped");
  if (Boolean(problem) === stopped) return;
  document.body.classList.toggle("stopped", Boolean(problem));
  document.title = `${problem ? "STOPPED - " : ""}divergent-stream live`;
  byId("banner").hidden = !problem;
  const now = new Date().toLocaleTimeString();
  byId("banner").textContent = `${problem} at ${now}: what you see is not live. Trying again.`;
}

async function read(body) {
  const reader = body.getReader();
  let bytes = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const more = new Uint8Array(bytes.length + value.length);
    more.set(bytes);
    more.set(value, bytes.length);
    bytes = more;
    while (bytes.length >= HEAD) {
      const head = new DataView(bytes.buffer, bytes.byteOffset, HEAD);
      const end = HEAD + head.getUint32(2);
      if (bytes.length < end) break;
      hear(String.fromCharCode(head.getUint8(0)), head.getUint8(1), bytes.slice(HEAD, end));
      bytes = bytes.subarray(end);
    }
  }
}

async function watch() {
  for (;;) {
    while (document.hidden) await new Promise((go) => document.addEventListener("visibilitychange", go, { once: true }));
    const ending = new AbortController();
    leave = () => ending.abort();
    heardAt = performance.now();
    let problem = "The stream ended";
    try {
      const room = chosen();
      const path = room === null ? "/stream" : `/stream?room=${room}`;
      const answer = await fetch(path, { signal: ending.signal, cache: "no-store" });
      if (answer.status === 401) location.reload();
      if (answer.status === 404) location.hash = "";
      if (answer.status === 503) problem = "Too many are watching";
      if (answer.ok) await read(answer.body);
    } catch (error) {
      if (ending.signal.aborted && !silent()) continue; // left on purpose
      problem = silent() ? "Nothing has come for some seconds" : "The stream broke off";
    }
    show(problem);
    await new Promise((go) => setTimeout(go, AGAIN_MS));
  }
}

const silent = () => performance.now() - heardAt > SILENT_MS;

setInterval(() => { if (silent() && leave) leave(); }, 500);
addEventListener("hashchange", () => { arrange(); leave?.(); });
document.addEventListener("visibilitychange", () => { if (document.hidden) leave?.(); });
addEventListener("keydown", (event) => { if (event.key === "Escape") location.hash = ""; });
watch();
