// The pressure view's chart: customers by number of contacts, calls beside conversations.

const data = JSON.parse(document.getElementById("pressure-data").textContent);
const names = document.getElementById("pressure-names").dataset;
const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();
const chart = echarts.init(document.getElementById("pressure-chart"), null, { renderer: "svg" });

function draw() {
  chart.setOption({
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    color: [colour("--brand"), colour("--gold")],
    grid: { left: 8, right: 8, top: 36, bottom: 26, containLabel: true },
    legend: { top: 0, right: 0, textStyle: { color: colour("--ink-2") } },
    tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
    xAxis: { type: "category", data: data.labels, name: names.contacts, nameLocation: "middle", nameGap: 28, nameTextStyle: { color: colour("--ink-3") }, axisTick: { show: false }, axisLabel: { color: colour("--ink-2") } },
    yAxis: { type: "value", minInterval: 1, name: names.customers, nameTextStyle: { color: colour("--ink-3") }, axisLabel: { color: colour("--ink-3"), formatter: (n) => n.toLocaleString("en") }, splitLine: { lineStyle: { color: colour("--line") } } },
    series: ["attempt", "conversation"].map((kind) => ({
      type: "bar", name: names[kind], data: data.series[kind], barMaxWidth: 42, itemStyle: { borderRadius: [4, 4, 0, 0] },
      label: { show: true, position: "top", color: colour("--ink-2"), fontSize: 11, formatter: (bar) => (bar.value ? bar.value.toLocaleString("en") : "") },
    })),
  });
}

draw();
addEventListener("resize", () => chart.resize());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
