// Find the fastest: one button, what a setting has to keep and how long it may take folded beside it, and what came of it.

import { button, h, set, uniqueId, write } from "./elements.js";

const USUAL_MINUTES = 4;

function field(role, words, limits, usual) {
  const id = uniqueId();
  const input = h("input", { type: "number", id, "data-role": role, placeholder: usual, ...limits });
  const label = h("label", { for: id, class: "name" }, words);
  return {
    element: h("div", { class: "line" }, label, input),
    /** A number, `null` where nothing is written, `undefined` where that is none. */
    value: () => (input.validity.valid ? (input.value === "" ? null : input.valueAsNumber) : undefined),
    show(now, unset) { write(label, now); set(input, "placeholder", unset); },
    focus: () => input.focus(),
  };
}

export function finder(desk) {
  const fps = field("find-fps", "FPS, at least", { min: 0.001, step: "any" }, "any");
  const quality = field("find-quality", "AP lost, at most", { min: 0, max: 1, step: "any" }, ".02");
  const minutes = field("find-minutes", "minutes, at most", { min: 0.5, max: 600, step: "any" }, String(USUAL_MINUTES));
  let judgedBy = "AP";
  const begin = () => {
    const wrong = [fps, quality, minutes].find((one) => one.value() === undefined);
    if (wrong) {
      options.open = true;
      wrong.focus();
      return;
    }
    options.open = false;
    desk.send("find", {
      min_fps: fps.value(), minutes: minutes.value() ?? USUAL_MINUTES,
      [judgedBy === "AP" ? "max_ap_loss" : "min_agreement"]: quality.value(),
    });
  };
  const find = button("find", begin, { class: "primary" }, "Find the fastest");
  const menu = h("div", { class: "menu" }, fps.element, quality.element, minutes.element,
    h("p", { class: "muted" }, "Measures what is pinned, tries settings in the order of their promise, confirms the best in turns, explains and exports it."));
  const options = h("details", { class: "options" },
    h("summary", { "data-role": "find-options", "aria-label": "What the fastest has to keep, and how long finding it may take" }, ""), menu);
  options.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { options.open = false; options.firstChild.focus(); }
    if (event.key === "Enter" && event.target.matches("input")) begin();
  });
  return {
    element: h("div", { class: "find" }, find, options),
    update(panel) {
      judgedBy = panel.judged_by;
      if (judgedBy === "AP") quality.show("AP lost, at most", ".02");
      else quality.show("agreement, at least", ".90");
    },
    enable(off, why) {
      find.disabled = off;
      set(find, "title", why);
    },
  };
}

/** What it came to: the sentence, one click to take the setting, and what was left out. */
export function found(desk) {
  const sentence = h("p", { class: "sentence", "data-role": "found-sentence" });
  const notes = h("ul", { class: "muted", "data-role": "found-notes" });
  let chosen = null;
  const use = button("use-found", () => desk.send("choose", { id: chosen }), { class: "small primary" }, "Use it");
  const element = h("div", { class: "found", role: "status", "data-role": "found" }, sentence, use, notes);
  return {
    element,
    hold(reason) { set(use, "inert", reason ? "" : null); },
    update(tuned) {
      element.hidden = !tuned;
      if (!tuned) return;
      chosen = tuned.chosen;
      write(sentence, tuned.sentence);
      use.hidden = !chosen;
      use.disabled = tuned.in_use;
      write(use, tuned.in_use ? "In use" : "Use it");
      notes.replaceChildren(...tuned.notes.map((note) => h("li", {}, note)));
    },
  };
}
