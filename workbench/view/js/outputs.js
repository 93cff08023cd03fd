// What comes out: the report, an exported folder, copied text.

import { button, h, icon, list, uniqueId, write } from "./elements.js";
import { found } from "./find.js";

/** A file that Python sent: to open, where a browser can, and to download. */
function fileLine({ role, mime }, desk) {
  const open = h("a", { target: "_blank", "data-role": `${role}-link` }, "Open report");
  const download = h("a", { "data-role": `${role}-download` });
  const path = h("span", { class: "path", "data-role": `${role}-path` });
  open.hidden = mime !== "text/html";
  let shown = null;
  const revoke = () => { if (open.href) URL.revokeObjectURL(open.href); };
  desk.atEnd(revoke);
  return {
    element: h("p", { class: "file", role: "status" }, open, download, path),
    update({ link }) {
      if (link === shown) return;
      shown = link;
      revoke();
      open.href = download.href = URL.createObjectURL(link.blob);
      download.download = link.name;
      write(download, open.hidden ? `Download ${link.name}` : "Download");
      write(path, link.path ? `written to ${link.path}` : "");
    },
  };
}

/** Ask before an export takes another one's place. */
function question(desk) {
  const path = h("span", { class: "path", "data-role": "asked-path" });
  const answer = (role, words, take) => button(role, () => { desk.own.put({ asked: null }); take(); }, { class: "small" }, words);
  const element = h("p", { class: "file", role: "alert", "data-role": "asked" }, "There is an export already. ",
    answer("replace", "Write over it", () => desk.send("export", { replace: true })), answer("keep", "Keep it", () => {}), path);
  return {
    element,
    update(asked) {
      const begins = asked && element.hidden;
      element.hidden = !asked;
      write(path, asked ?? "");
      if (begins) element.scrollIntoView({ block: "nearest" });
    },
  };
}

export function outputs(desk) {
  const asking = question(desk);
  const files = h("div");
  const word = h("label", { for: uniqueId(), "data-role": "copied-word" });
  const text = h("textarea", { id: word.htmlFor, readonly: true, rows: 4, spellcheck: "false", "data-role": "copied-text" });
  const copied = h("div", { class: "copied", role: "status" }, word, text);
  const result = found(desk);
  let tuned = null;
  const close = button("close-outputs", () => { desk.own.put({ links: {}, copied: null }); if (tuned) desk.send("forget-tuned"); }, { class: "icon", "aria-label": "Close" }, icon("cross"));
  const element = h("div", { class: "outputs" }, close, asking.element, result.element, files, copied);
  const showFiles = list(files, ({ role }) => role, (one) => fileLine(one, desk));
  return {
    element,
    hold: result.hold,
    update(state, nowTuned) {
      tuned = nowTuned;
      element.hidden = !tuned && !state.asked && !state.copied && !Object.keys(state.links).length;
      result.update(tuned);
      asking.update(state.asked);
      showFiles(Object.entries(state.links).map(([role, link]) => ({ role, mime: link.mime, link })));
      copied.hidden = !state.copied;
      if (!state.copied) return;
      write(word, state.copied.done ? "copied" : "The browser keeps the clipboard to itself: select and copy this");
      if (text.value !== state.copied.text) text.value = state.copied.text;
    },
  };
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // a page that is not https has no clipboard
  }
}

function copyBySelection(text) {
  const focused = document.activeElement;
  const area = h("textarea", { style: "position: fixed; opacity: 0", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}
