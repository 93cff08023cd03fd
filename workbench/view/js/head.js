// What stands above: messages, the running job, the choosers of detector, media and preset.

import { reasonWords, select } from "./controls.js";
import { button, h, icon, list, set, uniqueId, write } from "./elements.js";

const LARGEST_UPLOAD_BYTES = 256 * 2 ** 20;
const UPLOAD_PART_BYTES = 4 * 2 ** 20; // Jupyter's server closes a connection on messages above 10 MiB
const TICK_MS = 500;

/** A place where a message can stand, over what is there; nothing moves. While there is none, something quieter may. */
export function notice(places, desk) {
  const text = h("span", { class: "words", tabindex: "-1" });
  const dismiss = button("dismiss", () => desk.dismiss(), { class: "icon", "aria-label": "Dismiss this message" }, icon("cross"));
  const element = h("div", { class: "notice", "data-role": places.includes("panel") ? "message" : `message-${places[0]}` }, text, dismiss);
  let message = null;
  let quiet = "";
  const show = () => {
    element.hidden = !message && !quiet;
    const kind = message?.kind ?? "quiet";
    element.dataset.kind = kind;
    set(element, "role", { error: "alert", note: "status", quiet: null }[kind]);
    dismiss.hidden = !message;
    write(text, message?.text ?? quiet);
  };
  show();
  return {
    element,
    update(now) { message = now && places.includes(now.place) ? now : null; show(); },
    whisper(words) { quiet = words; show(); },
  };
}

export function jobStrip(desk) {
  const what = h("span", { class: "what", role: "status" });
  const seconds = h("span", { class: "seconds" });
  const bar = h("progress", { "aria-label": "Progress" });
  const count = h("span", { class: "count" });
  const cancel = button("cancel", () => desk.send("cancel"), { class: "small" }, "Cancel");
  const element = h("div", { class: "job", "data-role": "job" }, what, seconds, bar, count, cancel);
  let began = 0;
  const tick = () => write(seconds, began ? `${Math.floor((performance.now() - began) / 1000)} s` : "");
  const timer = setInterval(tick, TICK_MS);
  desk.atEnd(() => clearInterval(timer));
  return {
    element,
    update(job) {
      began = job ? performance.now() - job.seconds * 1000 : 0;
      write(what, job?.what ?? "");
      set(what, "title", job?.what);
      tick();
      for (const part of [bar, count]) part.hidden = !job;
      cancel.hidden = !job?.can_cancel;
      const known = job?.total > 0;
      set(bar, "max", known ? job.total : 1);
      set(bar, "value", known ? job.done ?? 0 : null);
      write(count, known ? (job.total === 100 ? `${job.done ?? 0} %` : `${job.done ?? 0} of ${job.total}`) : "");
    },
  };
}

function chooser(name, desk) {
  const id = uniqueId();
  const part = select(id, "", (value) => { desk.send(name, { value }); desk.settle(); });
  part.label.textContent = name;
  part.label.className = "unseen";
  part.field.firstChild.dataset.role = name;
  return { element: h("div", { class: "chooser" }, part.label, part.field), update: part.update };
}

/** Send files to Python, which opens what it can among them: a model, frames, and what is beside them. */
export async function sendFiles(list, desk) {
  const files = [...list];
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (!files.length) return;
  if (bytes > LARGEST_UPLOAD_BYTES) {
    desk.refuse(`${files.length > 1 ? "These files have" : `${files[0].name} has`} ${Math.round(bytes / 2 ** 20)} MiB; the browser sends at most 256 MiB. Open what is larger by its path.`);
    return;
  }
  try {
    for (const [number, file] of files.entries()) {
      const parts = Math.max(1, Math.ceil(file.size / UPLOAD_PART_BYTES));
      for (let part = 0; part < parts; part += 1) {
        const content = await file.slice(part * UPLOAD_PART_BYTES, (part + 1) * UPLOAD_PART_BYTES).arrayBuffer();
        desk.send("upload", { name: file.name, part, parts, file: number, files: files.length }, [content]);
      }
    }
  } catch {
    desk.refuse("That cannot be read by the browser: a folder, perhaps. Choose its files, or open it by its path.");
  }
}

/** Open what is not in the lists: by its path or address, or from where the browser runs. */
function opener(desk) {
  const id = uniqueId();
  const input = h("input", { type: "file", multiple: "", class: "unseen", tabindex: "-1", "aria-label": "Files to upload", "data-role": "upload-input" });
  input.addEventListener("change", async () => {
    options.open = false;
    await sendFiles(input.files, desk);
    input.value = "";
  });
  const source = h("input", { type: "text", id, spellcheck: "false", autocomplete: "off", placeholder: "model.tflite, clip.mp4, rtsp://…", "data-role": "open-source" });
  const open = () => {
    if (!source.value.trim()) { source.focus(); return; }
    desk.send("open", { source: source.value });
    desk.settle();
    options.open = false;
  };
  const menu = h("div", { class: "menu" },
    h("label", { for: id, class: "name" }, "A path where the kernel runs, or a stream’s address"),
    h("div", { class: "line" }, source, button("open-named", open, {}, "Open")),
    h("div", { class: "line" }, h("span", { class: "muted" }, "or files from here, which can be dropped on the workbench too"), button("upload", () => input.click(), {}, "Upload")),
    h("p", { class: "muted" }, "A model, pictures, a video; and with them a card, labels, what is in the frames."), input);
  const options = h("details", { class: "options opener" }, h("summary", { "data-role": "open-options" }, "Open"), menu);
  options.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { options.open = false; options.firstChild.focus(); }
    if (event.key === "Enter" && event.target === source) open();
  });
  options.addEventListener("toggle", () => { if (options.open) source.focus(); });
  return options;
}

function presetButton({ name }, desk) {
  const element = button("preset", () => desk.send("preset", { name }), { "data-preset": name }, name);
  return {
    element,
    update({ help, reason, pressed }) {
      element.disabled = Boolean(reason);
      set(element, "title", reason ?? help);
      set(element, "aria-pressed", String(pressed));
    },
  };
}

export function headLine(desk) {
  const detector = chooser("detector", desk);
  const media = chooser("media", desk);
  const presets = h("div", { class: "segments", role: "group", "aria-label": "Presets", "data-role": "presets" });
  const showPresets = list(presets, ({ name }) => name, (preset) => presetButton(preset, desk));
  const reset = button("reset", () => desk.send("reset"), { title: "Back to the detector’s own settings" }, "Reset");
  const reasons = h("p", { class: "reason", "data-role": "head-reasons" });
  const element = h("div", { class: "head", "data-role": "head" },
    h("div", { class: "sources" },
      h("i", { class: "brand-mark", "aria-hidden": "true" }), detector.element, media.element, opener(desk)),
    h("div", { class: "preset-line" }, h("span", { class: "name" }, "preset"), presets, reset),
    reasons);
  return {
    element,
    update(panel) {
      detector.update(panel.detector);
      media.update(panel.media);
      showPresets(panel.presets.map((preset) => ({ ...preset, pressed: preset.name === panel.preset })));
      const presetChoices = panel.presets.map(({ name, reason }) => ({ label: name, reason }));
      write(reasons, reasonWords({ choices: presetChoices }));
    },
  };
}
