// Niceties; everything works without them.
"use strict";
for (const form of document.forms) {
  // A second click sends nothing.
  form.addEventListener("submit", () => {
    setTimeout(() => { for (const button of form.querySelectorAll("[type=submit]")) button.disabled = true; });
  });
}
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button")) button.disabled = false;
});
const videos = [...document.querySelectorAll("video")];
const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
if (isCalm) for (const video of videos) { video.autoplay = false; video.pause(); }
// Those that are compared begin together, once all can.
if (!isCalm && videos.length > 1) {
  Promise.all(videos.map((video) => video.readyState > 2 ? null
    : new Promise((go) => video.addEventListener("canplay", go, { once: true })))).then(() => {
    for (const video of videos) if (!video.paused) video.currentTime = 0;
  });
}
// One button for all animations, in place of controls that hide what they show.
for (const group of document.querySelectorAll("[data-pause]")) {
  const animations = [...group.querySelectorAll("video")];
  const button = document.createElement("button");
  const name = () => { button.textContent = animations[0].paused ? group.dataset.play : group.dataset.pause; };
  button.type = "button";
  button.className = "quiet";
  button.addEventListener("click", () => {
    const isPaused = animations[0].paused;
    for (const video of animations) isPaused ? video.play() : video.pause();
  });
  for (const event of ["play", "pause"]) animations[0].addEventListener(event, name);
  for (const video of animations) video.controls = false;
  name();
  group.after(button);
}
