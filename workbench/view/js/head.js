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

function uploader(desk) {
  const input = h("input", {
    type: "file", accept: "image/*,video/*", class: "unseen", tabindex: "-1", "aria-label": "File to upload", "data-role": "upload-input",
  });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    if (file.size > LARGEST_UPLOAD_BYTES) {
      const size = `${Math.round(file.size / 2 ** 20)} MiB`;
      desk.refuse(`${file.name} has ${size}; the browser sends at most 256 MiB. Open larger files by their path, in Python.`);
    } else {
      const parts = Math.max(1, Math.ceil(file.size / UPLOAD_PART_BYTES));
      for (let part = 0; part < parts; part += 1) {
        const bytes = await file.slice(part * UPLOAD_PART_BYTES, (part + 1) * UPLOAD_PART_BYTES).arrayBuffer();
        desk.send("upload", { name: file.name, part, parts }, [bytes]);
      }
    }
    input.value = "";
  });
  return [button("upload", () => input.click(), {}, "Upload"), input];
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
      h("i", { class: "brand-mark", "aria-hidden": "true" }), detector.element, media.element, ...uploader(desk)),
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
