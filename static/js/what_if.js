// A what-if: waits for its answer, then draws reasons and the hours of the coming days.

import { dayTime, facts } from "./base.js";

const waiting = document.getElementById("waiting");
const data = facts("what-if-data");

async function look() {
  const answer = await fetch(waiting.dataset.state, { credentials: "same-origin" });
  if (!answer.ok) return;
  const { state, done, wanted } = await answer.json();
  if (state === "done" || state === "failed") return location.reload();
  document.getElementById("progress").max = wanted || 1;
  document.getElementById("progress").value = done;
  document.getElementById("done").textContent = done;
  document.getElementById("wanted").textContent = wanted;
}

if (waiting) setInterval(look, 1500);

const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();
const charts = [];

function base() {
  const ink = colour("--ink-2");
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    color: [colour("--line-strong"), colour("--brand")],
    legend: { top: 0, textStyle: { color: ink } },
    tooltip: { trigger: "axis" },
  };
}

function reasons(element) {
  element.style.height = `${90 + 46 * data.reasons.length}px`;
  const chart = echarts.init(element, null, { renderer: "svg" });
  charts.push([chart, () => chart.setOption({
    ...base(),
    grid: { left: 8, right: 40, top: 34, bottom: 30, containLabel: true },
    tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, confine: true, extraCssText: "max-width:28rem;white-space:normal" },
    xAxis: { type: "value", name: data.customers, nameLocation: "middle", nameGap: 26, nameTextStyle: { color: colour("--ink-3") }, minInterval: 1, axisLabel: { color: colour("--ink-3") }, splitLine: { lineStyle: { color: colour("--line") } } },
    yAxis: { type: "category", inverse: true, data: data.reasons, axisTick: { show: false }, axisLabel: { color: colour("--ink-2"), width: Math.min(320, element.clientWidth * .42), overflow: "break", lineHeight: 15 } },
    series: [
      { name: data.names[0], type: "bar", data: data.reasons_before },
      { name: data.names[1], type: "bar", data: data.reasons_after },
    ],
  })]);
}

function curve(element) {
  const chart = echarts.init(element, null, { renderer: "svg" });
  const begins = Date.parse(data.begins);
  const labels = data.before.map((_, hour) => dayTime(begins + hour * 3600e3));
  charts.push([chart, () => chart.setOption({
    ...base(),
    grid: { left: 8, right: 24, top: 56, bottom: 46, containLabel: true },
    dataZoom: [{ type: "slider", height: 18, bottom: 8 }],
    xAxis: { type: "category", data: labels, axisLabel: { color: colour("--ink-3") } },
    yAxis: { type: "value", name: data.callable, nameTextStyle: { color: colour("--ink-3"), align: "left" }, minInterval: 1, axisLabel: { color: colour("--ink-3") }, splitLine: { lineStyle: { color: colour("--line") } } },
    series: [
      { name: data.names[0], type: "line", step: "middle", showSymbol: false, areaStyle: { opacity: .25 }, data: data.before },
      { name: data.names[1], type: "line", step: "middle", showSymbol: false, lineStyle: { width: 2.5 }, data: data.after },
    ],
  })]);
}

if (data) {
  const bars = document.getElementById("reasons-chart");
  if (bars) reasons(bars);
  const hours = document.getElementById("curve-chart");
  if (hours) curve(hours);
  const draw = () => charts.forEach(([, paint]) => paint());
  draw();
  addEventListener("resize", () => charts.forEach(([chart]) => chart.resize()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
