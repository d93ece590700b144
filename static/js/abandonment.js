// The charts of abandoned calls: a line for each campaign, the pack's limit across it.

const names = document.getElementById("abandonment-names").dataset;
const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();
const percent = (value) => `${Number(value).toFixed(2)} %`;
const charts = JSON.parse(document.getElementById("abandonment-data").textContent).map((data) => ({
  data,
  chart: echarts.init(document.getElementById(data.id), null, { renderer: "svg" }),
}));

function draw({ data, chart }) {
  const most = Math.max(data.limit, ...data.series.flatMap((one) => one.values.map((point) => (point ? point[0] : 0))));
  chart.setOption({
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    color: [colour("--brand"), colour("--gold"), colour("--info"), colour("--ok"), colour("--ink-3"), colour("--warn")],
    grid: { left: 8, right: 64, top: 36, bottom: 8, containLabel: true },
    legend: { type: "scroll", top: 0, left: 0, textStyle: { color: colour("--ink-2") } },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      formatter: (points) => [points[0].axisValue, ...points.filter((one) => one.data).map((one) => `${one.seriesName}: ${percent(one.data.value)} (${one.data.counts.join(" / ")})`)].join("\n"),
    },
    xAxis: { type: "category", data: data.labels, axisLabel: { color: colour("--ink-2") } },
    yAxis: { type: "value", max: most > 10 ? 10 * Math.ceil((most + 1) / 10) : Math.ceil(most + 1), axisLabel: { color: colour("--ink-3"), formatter: "{value} %" }, splitLine: { lineStyle: { color: colour("--line") } } },
    series: data.series.map((one, place) => ({
      type: "line", name: one.name, symbolSize: 7, connectNulls: false,
      data: one.values.map((point) => (point ? { value: point[0], counts: point.slice(1) } : null)),
      markLine: place ? undefined : {
        silent: true, symbol: "none", data: [{ yAxis: data.limit }],
        lineStyle: { color: colour("--bad"), type: "dashed" },
        label: { formatter: `${names.limit} ${data.limit} %`, color: colour("--bad") },
      },
    })),
  });
}

const drawAll = () => charts.forEach(draw);
drawAll();
addEventListener("resize", () => charts.forEach(({ chart }) => chart.resize()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
