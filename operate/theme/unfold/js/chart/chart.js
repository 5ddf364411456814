/*
 * In place of Chart.js, 200 KB that the theme has every page wait for: charts here are drawn by the server, and the
 * theme calls it only for a `canvas.chart`, which no page has.
 */
