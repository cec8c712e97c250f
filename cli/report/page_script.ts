/**
 * The page's script: zoom and hover. Everything is on the page without it. A constant: its hash stands in the page's
 * policy. It never makes HTML of text.
 */
export const PAGE_SCRIPT = String.raw`
"use strict";
(() => {
  const views = [...document.querySelectorAll(".view")].map(setUp);
  let active = views[0];
  const tools = document.querySelector(".tools");
  if (tools && active) {
    tools.hidden = false;
    tools.addEventListener("click", (event) => {
      const what = event.target.dataset?.do;
      if (what) active.act(what);
    });
  }

  function setUp(figure) {
    const plots = figure.querySelector(".plots");
    const readout = figure.querySelector(".readout");
    const { axis, rows } = JSON.parse(figure.querySelector(".data").textContent);
    const length = axis.width * axis.bins;
    const lanes = [...plots.querySelectorAll("svg.plot, svg.marks")];
    const cursor = add("cursor");
    const chosen = add("chosen");
    let [from, to] = [0, 1];
    let at = null;
    let pressed = null;
    const view = { act };

    function add(name) {
      const element = document.createElement("div");
      element.className = name;
      element.hidden = true;
      plots.append(element);
      return element;
    }

    function format(value) {
      if (axis.unit === "steps") return "step " + Math.floor(value);
      if (axis.unit === "bytes") return bytes(value);
      return time(value, (to - from) * length);
    }

    function draw() {
      for (const svg of plots.querySelectorAll("svg.plot")) {
        svg.setAttribute("viewBox", from * 1000 + " 0 " + (to - from) * 1000 + " " + svg.getAttribute("height"));
      }
      for (const mark of plots.querySelectorAll("[data-at]")) {
        const start = (mark.dataset.at - from) / (to - from);
        mark.setAttribute("x", 100 * start + "%");
        if (mark.dataset.to === undefined) continue;
        const wide = Math.max(0.002, (mark.dataset.to - mark.dataset.at) / (to - from));
        mark.setAttribute("width", 100 * wide + "%");
        mark.querySelector("text")?.classList.toggle("narrow", wide < mark.dataset.text);
      }
      ticks();
      show();
    }

    function ticks() {
      const svg = plots.querySelector(".ticks");
      const [low, high] = [axis.start + from * length, axis.start + to * length];
      const unit = axis.unit === "bytes" ? 1024 ** Math.floor(Math.log2(Math.max(1, high)) / 10) : 1;
      const rough = (high - low) / 7 / unit;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = unit * power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
      svg.replaceChildren();
      for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
        const part = (value - low) / (high - low);
        const group = element("g", { class: "tick" });
        const x = 100 * part + "%";
        const anchor = part < 0.04 ? "start" : part > 0.96 ? "end" : "middle";
        const text = element("text", { x, y: 17, "text-anchor": anchor });
        text.textContent = axis.unit === "steps" ? String(Math.round(value)) : format(value);
        group.append(element("line", { x1: x, x2: x, y2: 5 }), text);
        svg.append(group);
      }
    }

    function element(name, attributes) {
      const made = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      return made;
    }

    /** Where the lanes stand in their box, in pixels. */
    function area() {
      const [box, lane] = [plots.getBoundingClientRect(), lanes[0].getBoundingClientRect()];
      return { left: lane.left - box.left, width: lane.width, origin: lane.left };
    }

    function partAt(event) {
      const { origin, width } = area();
      return from + (to - from) * Math.max(0, Math.min(1, (event.clientX - origin) / width));
    }

    function show() {
      cursor.hidden = at === null || at < from || at > to;
      if (at === null) {
        readout.textContent = "";
        return;
      }
      const { left, width } = area();
      cursor.style.left = left + width * (at - from) / (to - from) + "px";
      const bin = Math.min(axis.bins - 1, Math.floor(at * axis.bins));
      const found = rows.map(({ label, values }) => {
        const parts = values.filter(({ list }) => list[bin] > 0).map(({ name, unit, list }) =>
          name + " " + (unit === "bytes" ? bytes(list[bin]) : unit === "time" ? time(list[bin], list[bin]) : list[bin])
        );
        return parts.length === 0 ? "" : label + ": " + parts.join(", ");
      }).filter((text) => text !== "");
      readout.textContent = format(axis.start + bin * axis.width) + " · " + (found.join(" · ") || "idle");
    }

    function zoom(factor, around) {
      const size = Math.min(1, Math.max(4 / axis.bins, (to - from) * factor));
      const middle = around ?? (from + to) / 2;
      const share = (middle - from) / (to - from);
      from = Math.max(0, Math.min(1 - size, middle - share * size));
      to = from + size;
      draw();
    }

    function pan(part) {
      const size = to - from;
      from = Math.max(0, Math.min(1 - size, from + part * size));
      to = from + size;
      draw();
    }

    function move(bins) {
      at = Math.max(0.5 / axis.bins, Math.min(1 - 0.5 / axis.bins, (at ?? from) + bins / axis.bins));
      if (at < from) pan((at - from) / (to - from) - 0.1);
      else if (at > to) pan((at - to) / (to - from) + 0.1);
      else show();
    }

    function act(what) {
      if (what === "in") zoom(0.5, at ?? undefined);
      else if (what === "out") zoom(2, at ?? undefined);
      else if (what === "left") pan(-0.3);
      else if (what === "right") pan(0.3);
      else zoom(1 / (to - from));
    }

    const keys = {
      ArrowLeft: () => move(-1), ArrowRight: () => move(1), PageUp: () => move(-10), PageDown: () => move(10),
      Home: () => move(-axis.bins), End: () => move(axis.bins),
      "+": () => act("in"), "=": () => act("in"), "-": () => act("out"), "0": () => act("all"),
      Escape: () => { at = null; act("all"); },
    };
    plots.addEventListener("keydown", (event) => {
      const key = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
      if (!key) return;
      event.preventDefault();
      active = view;
      key();
    });
    plots.addEventListener("pointerdown", (event) => {
      active = view;
      if (event.button === 0 && event.pointerType === "mouse" && event.target.closest("svg")) pressed = partAt(event);
    });
    plots.addEventListener("pointermove", (event) => {
      if (!event.target.closest("svg") && pressed === null) return;
      at = partAt(event);
      show();
      chosen.hidden = pressed === null;
      if (pressed === null) return;
      event.preventDefault();
      const { left, width } = area();
      const [low, high] = [Math.min(pressed, at), Math.max(pressed, at)];
      chosen.style.left = left + width * (low - from) / (to - from) + "px";
      chosen.style.width = width * (high - low) / (to - from) + "px";
    });
    addEventListener("pointerup", (event) => {
      if (pressed === null) return;
      const other = partAt(event);
      const size = Math.abs(other - pressed);
      chosen.hidden = true;
      if (size > 0.01 * (to - from)) {
        const [low, high] = [Math.min(pressed, other), Math.max(pressed, other)];
        from = Math.max(0, Math.min(low, 1 - 4 / axis.bins));
        to = Math.min(1, Math.max(high, from + 4 / axis.bins));
        draw();
      }
      pressed = null;
    });
    plots.addEventListener("pointerleave", () => {
      if (pressed !== null || document.activeElement === plots) return;
      at = null;
      show();
    });
    plots.addEventListener("dblclick", () => act("all"));
    addEventListener("resize", show);
    return view;
  }

  function bytes(value) {
    const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (unit < units.length - 1 && Math.round(value * 10) / 10 >= 1024) {
      value /= 1024;
      unit++;
    }
    return Math.round(value * 10) / 10 + " " + units[unit];
  }

  function time(nanoseconds, span) {
    const digits = span >= 1e8 ? 0 : span >= 1e7 ? 1 : span >= 1e6 ? 2 : 3;
    return (nanoseconds / 1e6).toFixed(digits) + " ms";
  }
})();
`;
