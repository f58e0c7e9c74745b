// Niceties; everything works without them.
"use strict";
for (const form of document.forms) {
  // A second click sends nothing.
  form.addEventListener("submit", () => {
    setTimeout(() => { for (const button of form.querySelectorAll("button")) button.disabled = true; });
  });
}
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button")) button.disabled = false;
});
const videos = [...document.querySelectorAll("video")];
if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
  for (const video of videos) { video.autoplay = false; video.pause(); }
} else if (videos.length > 1) {
  // Those that are compared begin together, once all can.
  Promise.all(videos.map((video) => video.readyState > 2 ? null
    : new Promise((go) => video.addEventListener("canplay", go, { once: true })))).then(() => {
    for (const video of videos) if (!video.paused) video.currentTime = 0;
  });
}
