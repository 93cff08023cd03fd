// Controls of the settings: one function a kind, each with its label and the reason why it cannot be taken.

import { SETTLE_MS, formatFraction, h, list, set, uniqueId, unseen, write } from "./elements.js";

/** Tell whether a slider is being moved, or was so lately that it must not be set from outside. */
export function heldWhileMoved(input) {
  let moving = false;
  let until = 0;
  input.addEventListener("pointerdown", () => { moving = true; });
  input.addEventListener("input", () => { until = performance.now() + SETTLE_MS; });
  for (const name of ["pointerup", "pointercancel", "change", "blur"]) input.addEventListener(name, () => { moving = false; });
  return () => moving || performance.now() < until;
}

function labelled(id) {
  return h("label", { for: id, class: "name" });
}

function slider(id, described, choose) {
  const input = h("input", { type: "range", id, "aria-describedby": described });
  const value = h("output", { for: id, class: "value" });
  const held = heldWhileMoved(input);
  let control;
  const current = () => (control.stops ? control.stops[input.valueAsNumber] : input.valueAsNumber);
  const show = () => {
    const text = control.names?.[input.valueAsNumber] ?? (control.digits ? formatFraction(current(), control.digits) : String(current()));
    write(value, text);
    set(input, "aria-valuetext", text);
  };
  input.addEventListener("input", () => { show(); choose(current()); });
  return {
    label: labelled(id), field: h("div", { class: "field" }, input, value),
    update(now) {
      control = now;
      const { stops } = now;
      set(input, "min", stops ? 0 : now.min);
      set(input, "max", stops ? stops.length - 1 : now.max);
      set(input, "step", stops ? 1 : now.step);
      input.disabled = Boolean(now.reason);
      if (held()) return;
      input.valueAsNumber = stops ? Math.max(0, stops.indexOf(now.value)) : now.value;
      show();
    },
  };
}

function number(id, described, choose, complain) {
  const input = h("input", { type: "number", id, "aria-describedby": described });
  let control;
  let edited = false;
  input.addEventListener("input", () => { edited = true; });
  input.addEventListener("change", () => {
    edited = false;
    const { validity } = input;
    const wrong = validity.stepMismatch ? "whole numbers" : `${control.min} to ${control.max}`;
    complain(validity.valid && input.value ? "" : `only ${wrong}`);
    if (validity.valid && input.value) choose(input.valueAsNumber);
    else input.value = control.value;
  });
  return {
    label: labelled(id), field: h("div", { class: "field" }, input),
    update(now) {
      control = now;
      for (const name of ["min", "max", "step"]) set(input, name, now[name]);
      input.disabled = Boolean(now.reason);
      if (!edited && input.value !== String(now.value)) input.value = now.value;
    },
  };
}

function text(id, described, choose) {
  const input = h("input", { type: "text", id, "aria-describedby": described, placeholder: "none", spellcheck: false, autocomplete: "off" });
  let edited = false;
  input.addEventListener("input", () => { edited = true; });
  input.addEventListener("change", () => { edited = false; choose(input.value); });
  return {
    label: labelled(id), field: h("div", { class: "field" }, input),
    update(now) {
      input.disabled = Boolean(now.reason);
      if (!edited) input.value = now.value;
    },
  };
}

function toggle(id, described, choose) {
  const input = h("input", { type: "checkbox", role: "switch", id, "aria-describedby": described });
  const word = h("span", { class: "value", "aria-hidden": "true" });
  const show = () => write(word, input.checked ? "on" : "off");
  input.addEventListener("change", () => { show(); choose(input.checked); });
  return {
    label: labelled(id), field: h("div", { class: "field" }, input, word),
    update(now) {
      input.checked = Boolean(now.value);
      input.disabled = Boolean(now.reason);
      show();
    },
  };
}

export function select(id, described, choose) {
  const input = h("select", { id, "aria-describedby": described });
  let choices = [];
  let built = "";
  input.addEventListener("change", () => choose(choices[input.selectedIndex].value));
  return {
    label: labelled(id), field: h("div", { class: "field" }, input),
    update(now) {
      choices = now.choices ?? [];
      const wanted = JSON.stringify(choices);
      if (wanted !== built) {
        input.replaceChildren(...choices.map(({ label, reason }) =>
          h("option", { disabled: Boolean(reason) }, reason ? `${label} (${reason})` : label)));
        built = wanted;
      }
      input.disabled = Boolean(now.reason) || !choices.length;
      input.selectedIndex = choices.findIndex(({ value }) => value === now.value);
    },
  };
}

export function choice(id, described, choose) {
  const label = h("span", { class: "name", id });
  const field = h("div", { class: "field segments", role: "radiogroup", "aria-labelledby": id, "aria-describedby": described });
  const group = uniqueId();
  const show = list(field, ({ value }) => JSON.stringify(value), ({ value }) => {
    const input = h("input", { type: "radio", name: group, change: () => choose(value) });
    const word = h("span");
    return {
      element: h("label", { "data-value": value }, input, word),
      update({ label: text, checked, disabled }) {
        write(word, text);
        input.checked = checked;
        input.disabled = disabled;
      },
    };
  });
  return {
    label, field,
    update(now) {
      show(now.choices.map((one) => ({ ...one, checked: one.value === now.value, disabled: Boolean(one.reason ?? now.reason) })));
    },
  };
}

const KINDS = { slider, number, text, toggle, select, choice };

/** Say why a control, or some of its choices, cannot be taken; choices with the same reason share it. */
export function reasonWords({ reason, choices }) {
  if (reason) return reason;
  const byReason = Map.groupBy((choices ?? []).filter((one) => one.reason), (one) => one.reason);
  return [...byReason].map(([why, those]) => `${those.map(({ label }) => label).join(", ")}: ${why}`).join("; ");
}

function settingsControl({ name, kind }, desk) {
  const id = uniqueId();
  const reason = h("span", { id: `${id}-reason` });
  const help = unseen("", { id: `${id}-help` });
  let now = {};
  let complaint = ""; // about what was typed, until something can be taken
  const say = () => { write(reason, complaint || reasonWords(now)); set(reason, "role", complaint ? "status" : null); };
  const complain = (words) => { complaint = words; say(); };
  const part = KINDS[kind](id, `${id}-help ${id}-reason`, (value) => desk.change(name, value), complain);
  const element = h("div", { class: `control is-${kind}`, "data-name": name, "data-kind": kind }, part.label, part.field, h("p", { class: "reason" }, reason), help);
  return {
    element,
    update(told) {
      if (told.value !== now.value) complaint = "";
      now = told;
      write(part.label, now.label);
      write(help, now.help ?? "");
      say();
      set(element, "title", now.help);
      element.classList.toggle("is-off", Boolean(now.reason));
      part.update(now);
    },
  };
}

/** Say in a line what is set: of what cannot be changed nothing. */
function inUse(controls) {
  const word = ({ kind, label, value, stops, names, digits }) => {
    if (kind === "toggle") return value ? label : "";
    if (stops) return names[stops.indexOf(value)];
    return kind === "slider" ? `${label} ${formatFraction(value, digits)}` : kind === "number" ? `${label} ${value}` : value;
  };
  return controls.filter(({ reason }) => !reason).map(word).filter(Boolean).join(" · ");
}

export function settingsGroup({ title, note, folded }, desk) {
  const words = h("small", { class: "in-use" });
  const controls = h("div", { class: "controls" });
  const show = list(controls, ({ name, kind }) => `${name} ${kind}`, (control) => settingsControl(control, desk));
  return {
    element: h("details", { class: "group", open: !folded }, h("summary", { title: note }, h("h3", {}, title), words), controls),
    update(group) {
      show(group.controls);
      write(words, inUse(group.controls));
    },
  };
}
