/* Draws every [data-chart] and [data-graph] of a page from the JSON its address answers with. */
(() => {
  "use strict";

  /* The library is large and most pages have no chart: it is fetched when the first one is drawn. */
  const source = document.currentScript.dataset.library;
  let fetched = null;
  const library = () => {
    fetched ??= new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });
    return fetched;
  };

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const palette = () =>
    ["--tblr-primary", "--tblr-teal", "--tblr-orange", "--tblr-purple", "--tblr-cyan", "--tblr-pink", "--tblr-lime", "--tblr-yellow"]
      .map(css).filter(Boolean);

  const theme = (options) => {
    const text = css("--tblr-body-color");
    return { color: palette(), textStyle: { color: text, fontFamily: "inherit" }, backgroundColor: "transparent", ...options };
  };

  const say = (box, text) => {
    box.replaceChildren(Object.assign(document.createElement("p"), { className: "text-secondary m-3", textContent: text }));
  };

  /* The address of the data, or “#id” of the element of this page that holds it. */
  const fetchJson = async (url) => {
    if (url.startsWith("#")) return JSON.parse(document.querySelector(url).textContent);
    const answer = await fetch(url, { headers: { Accept: "application/json", "X-Requested-With": "fetch" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };

  /* 1234567.5 as 1,234,567.5; nothing where there is no figure. */
  const written = (value) => (typeof value === "number" ? value.toLocaleString("en-US") : "");

  const instance = (box) => echarts.getInstanceByDom(box) || echarts.init(box, null, { renderer: "svg" });

  const drawChart = async (box) => {
    try {
      const [data] = await Promise.all([fetchJson(box.dataset.chart), library()]);
      box.classList.toggle("app-chart-empty", Boolean(data.empty));
      if (data.empty) return say(box, data.empty);
      box.replaceChildren();
      if (data.height) box.style.height = `${data.height}px`;
      const chart = instance(box);
      const fill = () => {
        const options = theme(structuredClone(data.options));
        for (const axis of [...(options.xAxis || []), ...(options.yAxis || [])]) {
          axis.axisLabel = { ...axis.axisLabel, color: css("--tblr-secondary") };
          axis.nameTextStyle = { color: css("--tblr-secondary") };
        }
        for (const series of options.series) {
          series.label = { ...series.label, color: css("--tblr-body-color"), formatter: (point) => written(point.value) };
          if (series.markLine) series.markLine.label.color = css("--tblr-secondary");
        }
        chart.setOption(options, true);
      };
      fill();
      keep(box, chart, fill);
      chart.on("click", (point) => {
        const url = (data.links || {})[point.name];
        if (url) window.location.assign(url);
      });
    } catch {
      say(box, box.dataset.failed || "");
    }
  };

  const watched = new WeakSet();
  const keep = (box, chart, fill) => {
    if (watched.has(box)) return;
    watched.add(box);
    new ResizeObserver(() => chart.resize()).observe(box);
    new MutationObserver(fill).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  };

  const graphOptions = (data) => {
    const text = css("--tblr-body-color");
    return theme({
      animationDurationUpdate: 200,
      aria: { enabled: true, label: { description: data.label } },
      legend: [{ data: data.categories.map((c) => c.name), top: 0, textStyle: { color: text } }],
      tooltip: { renderMode: "richText", confine: true },
      series: [{
        type: "graph", layout: "none", preserveAspect: "contain", roam: true, draggable: true, top: 48, bottom: 24, left: 40, right: 40,
        categories: data.categories, data: data.nodes, links: data.links,
        edgeSymbol: ["none", "arrow"], edgeSymbolSize: 7,
        label: { show: true, position: "bottom", color: text, width: 96, overflow: "truncate" },
        edgeLabel: { show: data.links.length <= 60, color: css("--tblr-secondary"), fontSize: 11, formatter: "{c}" },
        lineStyle: { color: css("--tblr-secondary"), opacity: 0.55, curveness: 0.12 },
        emphasis: { focus: "adjacency" },
      }],
    });
  };

  const drawGraph = async (box) => {
    try {
      const [data] = await Promise.all([fetchJson(box.dataset.graph), library()]);
      if (data.empty) {
        const old = echarts.getInstanceByDom(box);
        if (old) old.dispose();
        return say(box, data.empty);
      }
      const links = data.links.map((link) => ({ ...link, value: link.text }));
      const shown = { ...data, links };
      if (!echarts.getInstanceByDom(box)) box.replaceChildren();
      const chart = instance(box);
      const fill = () => chart.setOption(graphOptions(shown), true);
      fill();
      keep(box, chart, fill);
      chart.off("click");
      chart.on("click", (point) => {
        const node = point.dataType === "node" ? data.nodes[point.dataIndex] : null;
        if (node) showNode(box, node);
      });
    } catch {
      say(box, box.dataset.failed || "");
    }
  };

  /* Under the graph: the party that was clicked, its page, and the graph around it. */
  const showNode = (box, node) => {
    const line = document.querySelector(`[data-node-of="#${box.id}"]`);
    if (!line) return;
    line.hidden = false;
    line.querySelector("[data-node-name]").textContent = node.name;
    line.querySelector("[data-node-link]").href = node.url;
    line.querySelector("[data-node-center]").onclick = () => {
      box.dataset.graph = node.graph + new URL(box.dataset.graph, window.location.origin).search;
      line.hidden = true;
      drawGraph(box);
    };
  };

  const draw = (root) => {
    for (const box of root.querySelectorAll("[data-chart]:not([data-drawn])")) { box.dataset.drawn = ""; drawChart(box); }
    for (const box of root.querySelectorAll("[data-graph]:not([data-drawn])")) { box.dataset.drawn = ""; drawGraph(box); }
  };

  /* A form with data-redraw="#id" changes the address of the chart or graph instead of the page. */
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-redraw]");
    if (!form) return;
    const box = document.querySelector(form.dataset.redraw);
    const key = box.dataset.graph === undefined ? "chart" : "graph";
    const url = new URL(box.dataset[key], window.location.origin);
    url.search = new URLSearchParams(new FormData(form)).toString();
    box.dataset[key] = url.pathname + url.search;
    (key === "graph" ? drawGraph : drawChart)(box);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-save-picture]");
    if (!button) return;
    const box = document.querySelector(button.dataset.savePicture);
    const chart = box && window.echarts && echarts.getInstanceByDom(box);
    if (!chart) return;
    const link = document.createElement("a");
    link.download = `${button.dataset.name || "chart"}.svg`;
    link.href = chart.getDataURL({ type: "svg" });
    link.click();
  });

  document.addEventListener("htmx:load", (event) => draw(event.detail.elt.parentElement || document));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => draw(document));
  else draw(document);
})();
