// Latency against accuracy, drawn by hand: a few settings with their names, or thousands of points, anew after each run.

import { formatFraction, s, set } from "./elements.js";

const AREA = { width: 620, left: 44, right: 10, top: 12, bottom: 34 };
const CHART_LETTER_PX = 6;
const NAMED = 16; // more names than this hide each other; the title of a point still tells them
const MARK = { x: -6, y: -6, width: 12, height: 12 };

const caption = (x, y, words, anchor = "middle") => s("text", { x, y, "text-anchor": anchor }, words);
const meets = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** Names beside their points, each where it hides no point and no other name; one that would is left out. */
function names(points, x, y, height) {
  const taken = points.map(([ms, right]) => ({ ...MARK, x: x(ms) + MARK.x, y: y(right) + MARK.y }));
  return points.flatMap(([ms, right, , , , name]) => {
    const width = name.length * CHART_LETTER_PX;
    const [cx, cy] = [x(ms), y(right)];
    const places = [[cx - width / 2, cy - 20], [cx - width / 2, cy + 8], [cx + 9, cy - 7], [cx - width - 9, cy - 7]];
    const free = places.map(([left, top]) => ({ x: left, y: top, width, height: 13 }))
      .find((place) => place.x >= AREA.left && place.x + width <= AREA.width && place.y >= 0 && place.y < height - AREA.bottom - 10 && !taken.some((other) => meets(place, other)));
    if (!free) return [];
    taken.push(free);
    return [caption(free.x + width / 2, free.y + 10, name)];
  });
}

/** A chart whose points are `[ms, accuracy, id, composed, words, name, colour]`; the last two are theirs that were measured whole. */
export function latencyChart(role, height, choose) {
  const parts = ["grid", "edge", "points", "names", "limits", "ring"].map((name) => s("g", { class: name }));
  const [gridLines, edge, points, beside, limits, ring] = parts;
  const drawing = s("svg", { viewBox: `0 0 ${AREA.width} ${height}`, role: "img", "data-role": role, class: "frontier" }, ...parts);
  let scales = null;
  drawing.addEventListener("click", ({ target }) => { if (target.dataset?.id) choose(target.dataset.id); });
  return {
    element: drawing,
    span: () => scales?.span ?? null,
    update(state, words) {
      const { left, right, top, bottom, width } = AREA;
      const xs = state.points.map(([x]) => x);
      const ys = state.points.map(([, y]) => y);
      if (!xs.length) { parts.forEach((part) => part.replaceChildren()); scales = null; return; }
      const span = [Math.min(...xs) / 1.15, Math.max(...xs) * 1.15];
      const [low, high] = [Math.max(0, Math.min(...ys) - 0.02), Math.max(...ys) + 0.02];
      const x = (ms) => left + ((Math.log(ms) - Math.log(span[0])) / (Math.log(span[1]) - Math.log(span[0]))) * (width - left - right);
      const y = (value) => top + ((high - value) / (high - low)) * (height - top - bottom);
      scales = { span };
      const decades = [0.1, 1, 10, 100, 1000, 10000].flatMap((power) => [1, 2, 5].map((digit) => digit * power));
      const ticks = decades.filter((ms) => ms > span[0] && ms < span[1]);
      const levels = [0, 1, 2, 3].map((at) => low + ((high - low) * at) / 3);
      gridLines.replaceChildren(
        ...ticks.flatMap((ms) => [s("line", { x1: x(ms), x2: x(ms), y1: top, y2: height - bottom }), caption(x(ms), height - bottom + 13, String(ms))]),
        ...levels.flatMap((value) => [s("line", { x1: left, x2: width - right, y1: y(value), y2: y(value) }), caption(left - 6, y(value) + 4, formatFraction(value, 3), "end")]),
        caption((left + width) / 2, height - 4, `median ms a frame (logarithmic); up: ${state.axis}`),
      );
      points.replaceChildren(...state.points.map(([ms, value, id, composed, told, name, colour]) => s("circle",
        { cx: x(ms).toFixed(1), cy: y(value).toFixed(1), r: composed ? 2.2 : name ? 5 : 4, class: composed ? "composed" : "whole", "data-id": id, style: colour && `fill: ${colour}` },
        s("title", {}, told))));
      beside.replaceChildren(...(state.points.length <= NAMED ? names(state.points.filter(([, , , , , name]) => name), x, y, height) : []));
      edge.replaceChildren(s("polyline", { points: state.frontier.map(([ms, value]) => `${x(ms).toFixed(1)},${y(value).toFixed(1)}`).join(" ") }));
      const best = Math.max(...ys);
      const { max_ms: ms, max_ap_loss: loss } = state.budget ?? { max_ms: null, max_ap_loss: null };
      limits.replaceChildren(
        ...(ms === null ? [] : [s("line", { x1: x(ms), x2: x(ms), y1: top, y2: height - bottom })]),
        ...(loss === null ? [] : [s("line", { x1: left, x2: width - right, y1: y(best - loss), y2: y(best - loss) })]));
      ring.replaceChildren(...(state.chosen_at ? [s("circle", { cx: x(state.chosen_at[0]), cy: y(state.chosen_at[1]), r: 9 })] : []));
      set(drawing, "aria-label", words);
    },
  };
}
