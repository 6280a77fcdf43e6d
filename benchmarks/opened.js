// node opened.js '{"base", "record", "token", "atOnce"}': opens all frames of a record's first series, prints
// bytes and seconds. Frames are asked for some at a time, as a viewer does that fetches around the image shown.

import * as opening from "../viewer_api/opener/module/index.js";

const { base, record, token, atOnce } = JSON.parse(process.argv[2]);
const key = await opening.RecipientKey.create();
const opener = new opening.Opener({ base, key, headers: () => ({ Authorization: `Bearer ${token}` }) });

const began = performance.now();
const grant = await opener.grant({ record });
const [{ study, series: uid }] = grant.series;
const series = await grant.openSeries(study, uid);
const overview = await grant.overview(study, uid);
const overviewAt = performance.now();
const first = await series.frame(series.instances[0].sop, 1);
const firstAt = performance.now();
let bytes = first.bytes.length;
for (let start = 1; start < series.instances.length; start += atOnce) {
  const some = series.instances.slice(start, start + atOnce);
  const frames = await Promise.all(some.map(({ sop }) => series.frame(sop, 1)));
  for (const frame of frames) bytes += frame.bytes.length;
}
const seconds = (performance.now() - firstAt) / 1000;
console.log(
  JSON.stringify({ bytes, seconds, overview: overview?.length ?? 0, overviewMs: overviewAt - began, firstMs: firstAt - began }),
);
