// The picture with its boxes, the legend, the pin, and how frames are played.

import { choice, heldWhileMoved } from "./controls.js";
import { MISSING, button, formatFraction, h, icon, list, s, set, uniqueId, unturned, write } from "./elements.js";
import { boxFacts, zoom } from "./zoom.js";

const ANSWER_EVERY = 4; // pictures: a message to the kernel costs it more than a picture does
const ANSWER_MS = 150; // after a picture that no other follows
const LABELS_AT_MOST = 40; // more hide the picture, as in the report

const DASHES = { lost: [9, 5], new: [1, 5] };
const FAMILY = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', Arial, sans-serif";
const FONT = `600 12px ${FAMILY}`;
const SMALL_PANE_PX = 560; // in a narrower pane twelve pixels hide too much of the picture
const LABEL_HEIGHT = 15;
const MOST_BY_DOUBLE = 4; // a double click zooms so far, and then back out
const PANE_GAP = 6;
const LARGEST_RATIO = 2; // device pixels beyond it cost time and show nothing

/** The largest area of that shape inside another one, in its middle. */
function fitted(width, height, area) {
  const scale = Math.min(area.width / width, area.height / height);
  const size = { width: width * scale, height: height * scale };
  return { x: area.x + (area.width - size.width) / 2, y: area.y + (area.height - size.height) / 2, ...size };
}

function strokeBox(context, { x, y, width, height }, kind, colour) {
  const line = (lineWidth, strokeStyle) => { Object.assign(context, { lineWidth, strokeStyle }); context.strokeRect(x, y, width, height); };
  context.save();
  if (kind === "truth") {
    line(4, "#fff");
    line(1.6, "#000");
  } else {
    context.setLineDash(DASHES[kind] ?? []);
    context.lineCap = kind === "new" ? "round" : "butt";
    line(4.5, "rgba(0, 0, 0, 0.55)");
    line(kind === "new" ? 3 : 2.5, colour);
  }
  context.restore();
}

const overlaps = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** Where a label may stand, best first: over, under or in its box from its left or to its right edge, or beside it; always in the room. */
function labelPlaces(box, width, room, isTruth) {
  const [over, under, within] = [box.y - LABEL_HEIGHT - 2, box.y + box.height + 2, box.y + 2];
  const rows = (isTruth ? [under, over] : [over, under, within]).filter((y) => y >= room.y && y + LABEL_HEIGHT <= room.y + room.height);
  const spots = (rows.length ? rows : [room.y]).flatMap((y) => [[box.x, y], [box.x + box.width - width, y]]);
  const beside = [[box.x + box.width + 3, within], [box.x - width - 3, within]];
  const inside = (x) => Math.max(room.x, Math.min(x, room.x + room.width - width));
  return [...spots, ...beside].map(([x, y]) => ({ x: inside(x), y, width, height: LABEL_HEIGHT }));
}

const truthLast = (a, b) => (a.kind === "truth") - (b.kind === "truth");

function writeLabels(context, marks, room) {
  Object.assign(context, { textBaseline: "middle", lineJoin: "round", lineWidth: 3.5, strokeStyle: "rgba(0, 0, 0, 0.82)", fillStyle: "#fff" });
  const isSmall = room.width < SMALL_PANE_PX;
  const taken = [];
  for (const { box, text: label, kind } of marks.toSorted(truthLast).slice(0, LABELS_AT_MOST)) {
    const text = unturned(label);
    const isTruth = kind === "truth";
    context.font = `${isTruth ? "italic 400" : "600"} ${isSmall ? 10.5 : 12}px ${FAMILY}`;
    const places = labelPlaces(box, context.measureText(text).width + 4, room, isTruth);
    const place = places.find((one) => !taken.some((other) => overlaps(one, other)));
    if (!place) continue; // it would hide another; a click on its box tells the same
    taken.push(place);
    context.strokeText(text, place.x + 2, place.y + LABEL_HEIGHT / 2);
    context.fillText(text, place.x + 2, place.y + LABEL_HEIGHT / 2);
  }
}

function writeCaption(context, text, area, atRight) {
  context.font = FONT;
  const width = Math.min(context.measureText(text).width + 14, area.width - 8);
  const x = atRight ? area.x + area.width - width - 4 : area.x + 4;
  const y = area.y + area.height - 24;
  context.fillStyle = "rgba(0, 0, 0, 0.72)";
  context.fillRect(x, y, width, 20);
  Object.assign(context, { fillStyle: "#fff", textBaseline: "middle" });
  context.fillText(unturned(text), x + 7, y + 10.5, width - 14);
}

function placed({ xyxy: [x0, y0, x1, y1] }, frame, area) {
  const scale = area.width / frame.width;
  return { x: area.x + x0 * scale, y: area.y + y0 * scale, width: Math.max(0, x1 - x0) * scale, height: Math.max(0, y1 - y0) * scale };
}

export function picture(desk) {
  const { own } = desk;
  const canvas = h("canvas", { class: "canvas", "data-role": "picture", role: "img", "aria-label": "No picture yet" });
  const context = canvas.getContext("2d");
  const note = h("div", { class: "stage-note", "data-role": "stage-note" });
  const facts = h("div", { class: "box-facts", role: "status", "data-role": "box-facts", hidden: true });
  const closer = zoom();
  const wipe = h("input", {
    type: "range", class: "wipe", min: 0, max: 100, step: 0.5, "data-role": "wipe-position",
    "aria-label": "Wipe: left of it the pinned setting, right of it the current one",
  });
  const element = h("div", {
    class: "stage", "data-role": "stage", tabindex: "0", role: "group",
    "aria-label": "Picture: space plays and pauses, the arrow keys step, n goes to the next frame with something wrong, plus and minus zoom, 0 shows all of it, ? lists the keys",
  }, canvas, wipe, note, facts);
  let look = { labels: [], colours: [] };
  let pinnedName = null;
  let decoding = null;
  let waiting = null;
  let unanswered = 0;
  let answering = 0;
  let shown = null;
  let size = { width: 0, height: 0 };
  let pressed = null; // where the current setting's boxes were drawn last
  let chosen = null; // whose facts are shown

  const labelOf = (label) => look.labels[label] ?? `class ${label}`;
  const marksOf = (boxes, frame, area, kindOf) => (boxes ?? []).filter(({ label }) => !own.state.hidden.has(label)).map((one) => {
    const kind = kindOf ?? one.kind;
    const word = kind === "lost" || kind === "new" ? `${kind} ` : "";
    const score = one.score === undefined ? "" : ` ${formatFraction(one.score)}`;
    return { kind, one, box: placed(one, frame, area), colour: look.colours[one.label] ?? "#999999", text: `${word}${labelOf(one.label)}${score}` };
  });

  /** Draw the picture with some boxes. It fills `area`, labels have the whole `room` around it, and only `clip` is painted. */
  function pane({ area, room, clip = room, marks, caption, atRight }) {
    context.save();
    context.beginPath();
    context.rect(clip.x, clip.y, clip.width, clip.height);
    context.clip();
    context.drawImage(shown.bitmap, area.x, area.y, area.width, area.height);
    for (const { box, kind, colour } of marks) strokeBox(context, box, kind, colour);
    writeLabels(context, marks.filter(({ box }) => overlaps(box, room)), room);
    if (caption) writeCaption(context, caption, room, atRight);
    context.restore();
  }

  /** Where the pinned and the current setting are drawn: halves of the stage, or all of it. */
  function rooms(mode) {
    const whole = { x: 0, y: 0, ...size };
    const width = (size.width - PANE_GAP) / 2;
    const pieces = mode === "side" ? [{ ...whole, width }, { ...whole, width, x: width + PANE_GAP }] : [whole, whole];
    return pieces.map((room) => {
      const all = fitted(shown.width, shown.height, room);
      return { room, fitted: all, area: closer.state.scale > 1 ? closer.place(all, room) : all };
    });
  }

  function draw() {
    const ratio = canvas.width / (size.width || 1);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, size.width, size.height);
    if (!shown || !size.width) return;
    const { overlay } = shown;
    const mode = pinnedName === null ? "plain" : own.state.side ? "side" : own.state.wipe ? "wipe" : "plain";
    const [left, right] = rooms(mode);
    const truth = ({ area }) => (own.state.truth ? marksOf(overlay.truth, shown, area, "truth") : []);
    const current = [...marksOf(overlay.boxes, shown, right.area), ...marksOf(overlay.lost, shown, right.area, "lost")];
    const before = marksOf(overlay.pinned, shown, left.area, "plain");
    if (mode === "plain") pane({ ...right, marks: [...truth(right), ...current] });
    else {
      const edge = right.fitted.x + right.fitted.width * own.state.wipeAt;
      const clips = mode === "wipe" ? [{ ...left.room, width: edge }, { ...right.room, x: edge, width: size.width - edge }] : [];
      const unknown = overlay.pinned ? "" : ", not known for this frame";
      pane({ ...left, clip: clips[0], marks: [...truth(left), ...before], caption: `pinned: ${pinnedName}${unknown}` });
      pane({ ...right, clip: clips[1], marks: [...truth(right), ...current], caption: `now: ${shown.setting}`, atRight: true });
    }
    placeWipe(mode === "wipe", mode === "wipe" ? right.fitted : right.area);
    pressed = { right, marks: current };
    showFacts();
    describe(current, before, mode);
  }

  /** Choose the smallest box at a point of the stage; none where there is none. */
  function choose(x, y) {
    const at = pressed?.marks.filter(({ box }) => x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height) ?? [];
    const smallest = at.sort((a, b) => a.box.width * a.box.height - b.box.width * b.box.height)[0];
    chosen = smallest ? { n: shown.n, one: smallest.one } : null;
    if (chosen) desk.standStill();
    showFacts();
  }

  function showFacts() {
    const mark = chosen && pressed?.marks.find(({ one }) => one === chosen.one || String(one.xyxy) === String(chosen.one.xyxy));
    facts.hidden = !mark || !overlaps(mark.box, pressed.right.room);
    if (facts.hidden) return;
    facts.replaceChildren(...boxFacts(mark.one, shown.overlay.truth, labelOf).map((text) => h("p", {}, text)));
    const [left, top] = [mark.box.x, mark.box.y + mark.box.height + 4];
    facts.style.left = `${Math.max(4, Math.min(left, size.width - facts.offsetWidth - 4))}px`;
    facts.style.top = `${Math.max(4, Math.min(top, size.height - facts.offsetHeight - 4))}px`;
  }

  function lookCloser(steps, event) {
    if (!shown) return;
    const { room, fitted: whole } = pressed?.right ?? rooms("plain")[1];
    const box = element.getBoundingClientRect();
    const [x, y] = event ? [event.clientX - box.x - room.x - room.width / 2, event.clientY - box.y - room.y - room.height / 2] : [0, 0];
    closer.by(steps, x, y, whole);
    if (closer.state.scale === 1) closer.reset();
    canvas.dataset.zoom = closer.state.scale.toFixed(2);
    desk.soon("draw", draw);
  }

  function followPointer() {
    let from = null;
    element.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && closer.state.scale === 1) return; // the page scrolls, as it does everywhere
      event.preventDefault();
      lookCloser(-Math.sign(event.deltaY), event);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => { from = { x: event.clientX, y: event.clientY, moved: false }; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      if (!from.moved && Math.hypot(dx, dy) < 4) return;
      Object.assign(from, { x: event.clientX, y: event.clientY, moved: true });
      if (closer.state.scale > 1) { closer.move(dx, dy, pressed.right.fitted); desk.soon("draw", draw); }
    });
    canvas.addEventListener("pointerup", (event) => {
      const box = element.getBoundingClientRect();
      if (from && !from.moved) choose(event.clientX - box.x, event.clientY - box.y);
      from = null;
    });
    canvas.addEventListener("dblclick", (event) => lookCloser(closer.state.scale < MOST_BY_DOUBLE ? 3 : -99, event));
  }

  function placeWipe(isShown, area) {
    wipe.hidden = !isShown;
    wipe.style.setProperty("--x", `${area.x}px`);
    wipe.style.setProperty("--width", `${area.width}px`);
    wipe.style.setProperty("--y", `${area.y}px`);
    wipe.style.setProperty("--height", `${area.height}px`);
    if (wipe.valueAsNumber !== own.state.wipeAt * 100) wipe.valueAsNumber = own.state.wipeAt * 100;
  }

  function describe(current, before, mode) {
    const lost = current.filter(({ kind }) => kind === "lost").length;
    Object.assign(canvas.dataset, { n: shown.n, setting: shown.setting, mode, boxes: current.length - lost, lost, pinned: mode === "plain" ? 0 : before.length });
    const words = current.map(({ text }) => text).slice(0, LABELS_AT_MOST).join(", ");
    set(canvas, "aria-label", `Frame ${shown.position + 1}, ${shown.name}: ${words || "nothing found"}`);
  }

  async function decode() {
    const frame = decoding = waiting;
    waiting = null;
    try {
      frame.bitmap = await createImageBitmap(new Blob([frame.bytes], { type: "image/jpeg" }));
    } catch {
      frame.problem = "This frame’s picture could not be decoded.";
    }
    if (desk.ended()) frame.bitmap?.close();
    else desk.nextPaint(() => show(frame));
  }

  /** Tell, after this paint, what has been painted: of four in a row the last, for each answer costs the kernel milliseconds. */
  function acknowledge(n) {
    clearTimeout(answering);
    unanswered += 1;
    const painted = performance.now();
    answering = setTimeout(() => {
      unanswered = 0;
      if (!desk.ended()) desk.send("shown", { n, ago_ms: performance.now() - painted });
    }, unanswered < ANSWER_EVERY ? ANSWER_MS : 0);
  }

  /** Show a frame that is decoded, and acknowledge it once it has been painted. */
  function show(frame) {
    if (frame.bitmap) {
      shown?.bitmap.close();
      if (frame.position !== shown?.position) chosen = null;
      shown = frame;
      draw();
    }
    desk.frameShown(frame);
    acknowledge(frame.n);
    decoding = null;
    if (waiting) decode();
  }

  const resized = new ResizeObserver(([{ contentRect }]) => {
    const ratio = Math.min(devicePixelRatio || 1, LARGEST_RATIO);
    size = { width: contentRect.width, height: contentRect.height };
    Object.assign(canvas, { width: Math.round(size.width * ratio), height: Math.round(size.height * ratio) });
    draw();
  });
  resized.observe(element);
  wipe.addEventListener("input", () => own.put({ wipeAt: wipe.valueAsNumber / 100 }));
  wipe.hidden = true;
  followPointer();
  desk.atEnd(() => { resized.disconnect(); shown?.bitmap.close(); });

  return {
    element, draw, lookCloser,
    frame(message, bytes) {
      waiting = { ...message, of: message.n, bytes };
      if (!decoding) decode();
    },
    /** Lay other boxes over the picture that came as number `of`; they are a picture of their own, number `n`. */
    boxes({ n, of, overlay, setting }) {
      const frame = [waiting, decoding, shown].find((one) => one?.of === of);
      if (!frame) return acknowledge(n);
      Object.assign(frame, { n, overlay, setting });
      if (frame === shown) desk.nextPaint(() => { draw(); desk.frameShown(shown); acknowledge(n); });
    },
    look(now) { look = now; desk.soon("draw", draw); },
    say(text) { note.hidden = !text; write(note, text); },
    pinned(name) { if (name !== pinnedName) { pinnedName = name; desk.soon("draw", draw); } },
    get shown() { return shown; },
  };
}

function legendMark(kind) {
  const box = { x: 3, y: 3, width: 22, height: 11, fill: "none" };
  return s("svg", { viewBox: "0 0 28 17", width: 28, height: 17, class: `mark-${kind}`, "aria-hidden": "true" },
    s("rect", box), s("rect", { ...box, class: "inner" }));
}

export function legend(desk) {
  const rows = ["kept", "lost", "new"].map((kind) => ({ kind, count: h("b", { "data-role": `count-${kind}` }, MISSING) }));
  const truth = h("b", { "data-role": "count-truth" }, MISSING);
  const pin = button("pin", () => desk.send("pin"), { title: "Compare other settings with the one that runs now" }, "Pin");
  const unpin = button("unpin", () => desk.send("unpin"), {}, "Unpin");
  const name = h("p", { class: "pinned-name", "data-role": "pinned-name" });
  const row = (kind, words, count) => h("li", {}, legendMark(kind), h("span", {}, words), count);
  const element = h("div", { class: "legend", role: "group", "aria-label": "Legend and baseline" },
    h("ul", {}, ...rows.map(({ kind, count }) => row(kind, kind, count)), row("truth", "truth", truth)),
    h("div", { class: "pinning" }, pin, unpin, name));
  return {
    element, pinning: [pin, unpin],
    update({ counts, pinned, ready }) {
      // A slow setting that is pinned is run on some frames only: between them the last counts stand.
      for (const { kind, count } of rows) if (counts || !pinned) write(count, String(counts?.[kind] ?? MISSING));
      pin.disabled = !ready;
      unpin.disabled = !pinned;
      write(name, pinned ? `pinned: ${pinned.name}` : "nothing is pinned");
      set(name, "title", pinned?.name);
    },
    truth(boxes) { write(truth, boxes ? String(boxes.length) : MISSING); },
  };
}

const PACES = [{ value: "clip", label: "clip’s pace" }, { value: "free", label: "free" }];

export function transport(desk) {
  const toStart = button("to-start", () => desk.send("seek", { position: 0 }), { class: "icon", "aria-label": "To the start" }, icon("start"));
  const back = button("step-back", () => desk.step(-1), { class: "icon", "aria-label": "One frame back" }, icon("back"));
  const play = button("play", () => desk.playOrPause(), { class: "icon" }, icon("play"));
  const forward = button("step-forward", () => desk.step(1), { class: "icon", "aria-label": "One frame forward" }, icon("forward"));
  const seek = h("input", { type: "range", min: 0, step: 1, value: 0, "data-role": "seek", "aria-label": "Position in the media" });
  const held = heldWhileMoved(seek);
  const position = h("span", { class: "position", "data-role": "position" });
  const pace = choice(uniqueId(), "", (value) => desk.send("pace", { value }));
  pace.label.className = "unseen";
  pace.label.textContent = "Pace";
  pace.field.dataset.role = "pace";
  const keys = button("show-keys", () => desk.showKeys(), { class: "icon keys-button", "aria-label": "Keys", title: "Which keys do something" }, "?");
  let frames = null;
  let playing = null;
  let current = 0;
  const showPosition = (at) => write(position, frames ? `${at + 1} / ${frames}` : `${at + 1}`);
  seek.addEventListener("input", () => {
    showPosition(seek.valueAsNumber);
    desk.soon("seek", () => desk.send("seek", { position: seek.valueAsNumber }));
  });
  return {
    element: h("div", { class: "transport", "data-role": "transport" }, toStart, back, play, forward, seek, position, pace.label, pace.field, keys),
    update(status) {
      frames = status.frames;
      if (playing !== status.playing) {
        playing = status.playing;
        set(play, "aria-label", playing ? "Pause" : "Play");
        play.replaceChildren(icon(playing ? "pause" : "play"));
      }
      for (const part of [play, forward]) part.disabled = !status.ready;
      for (const part of [toStart, back, seek]) part.disabled = !status.ready || !frames;
      set(seek, "max", Math.max(0, (frames ?? 1) - 1));
      this.at(current); // a slider clamps to its old maximum
      pace.update({ value: status.pace, choices: PACES });
    },
    at(now) {
      current = now;
      if (held()) return;
      seek.valueAsNumber = now;
      showPosition(now);
    },
  };
}

function check(role, words, change) {
  const input = h("input", { type: "checkbox", "data-role": role, change: () => change(input.checked) });
  return { input, element: h("label", { class: "check" }, input, words) };
}

function classFilter(desk) {
  const { own } = desk;
  const word = h("span");
  const rows = h("div", { class: "rows" });
  const hide = (labels) => own.put({ hidden: new Set(labels) });
  let labels = [];
  const tools = h("div", { class: "tools" },
    button("classes-all", () => hide([]), { class: "small" }, "All"),
    button("classes-none", () => hide(labels.keys()), { class: "small" }, "None"));
  const element = h("details", { class: "classes", "data-role": "classes" }, h("summary", {}, word), h("div", { class: "menu" }, tools, rows));
  const show = list(rows, ({ label, index }) => `${index} ${label}`, ({ label, index }) => {
    const swatch = h("i", { class: "swatch", "aria-hidden": "true" });
    const { input, element: row } = check("class", label, (checked) => {
      const hidden = new Set(own.state.hidden);
      if (checked) hidden.delete(index); else hidden.add(index);
      hide(hidden);
    });
    input.after(swatch);
    return { element: row, update({ colour }) { input.checked = !own.state.hidden.has(index); swatch.style.setProperty("--stage", colour); } };
  });
  element.addEventListener("keydown", (event) => { if (event.key === "Escape") { element.open = false; element.firstChild.focus(); } });
  document.addEventListener("pointerdown", (event) => { if (!element.contains(event.target)) element.open = false; }, { signal: desk.signal });
  return {
    element,
    update(look) {
      labels = look.labels;
      const hidden = labels.filter((_, index) => own.state.hidden.has(index)).length;
      write(word, hidden ? `classes: ${labels.length - hidden} of ${labels.length}` : "all classes");
      show(labels.map((label, index) => ({ label, index, colour: look.colours[index] ?? "#999999" })));
    },
  };
}

export function viewLine(desk) {
  const { own } = desk;
  const truth = check("truth", "truth", (checked) => own.put({ truth: checked }));
  const wipe = check("wipe", "wipe", (checked) => own.put({ wipe: checked, side: false }));
  const side = check("side", "side by side", (checked) => own.put({ side: checked, wipe: false }));
  const classes = classFilter(desk);
  const why = h("span", { class: "reason", "data-role": "view-reason" });
  return {
    element: h("div", { class: "view-line" }, truth.element, classes.element, wipe.element, side.element, why),
    update(status, look, frame) {
      truth.input.checked = own.state.truth;
      wipe.input.checked = own.state.wipe;
      side.input.checked = own.state.side;
      for (const { input } of [wipe, side]) input.disabled = !status.pinned;
      classes.update(look);
      const reasons = [];
      if (!status.pinned) reasons.push("wipe, side by side: pin a setting first");
      if (own.state.truth && frame && !frame.overlay.truth) reasons.push("truth: not known for this frame");
      write(why, reasons.join("; "));
    },
  };
}
