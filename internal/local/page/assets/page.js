// Keeps the page fresh and the clock moving. Everything but the progress of a clock jump works without it.
"use strict";

// Parts with data-live are fetched again every two seconds and replaced when they changed, unless somebody is in them.
const live = [...document.querySelectorAll("[data-live]")];
async function refresh() {
  for (const part of live) {
    if (document.hidden || part.contains(document.activeElement)) continue;
    try {
      const res = await fetch(part.dataset.live, { headers: { "X-Part": "1" } });
      if (!res.ok) continue;
      const html = await res.text();
      if (html !== part.dataset.seen) {
        part.innerHTML = html;
        part.dataset.seen = html;
      }
    } catch { /* the run is being stopped or started: ask again */ }
  }
  setTimeout(refresh, 2000);
}
if (live.length) setTimeout(refresh, 1000);

// Buttons of a mail answer in place.
for (const form of document.querySelectorAll("form[data-quiet]")) {
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    const status = document.querySelector("[data-status]");
    const res = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-Part": "1" } });
    status.textContent = await res.text();
    status.classList.toggle("bad", !res.ok);
  });
}

// The clock: its jump runs in the local run, so every open page shows the same progress.
const clock = document.querySelector("details.clock");
if (clock) {
  const bar = clock.querySelector("progress");
  const status = clock.querySelector("[data-clock-status]");
  const buttons = [...clock.querySelectorAll("button")];
  let pressed = false;
  const watch = () => {
    const source = new EventSource("/clock/events");
    source.onmessage = (m) => {
      const s = JSON.parse(m.data);
      for (const el of document.querySelectorAll("[data-now]")) el.textContent = s.now;
      for (const el of document.querySelectorAll("[data-time]")) el.textContent = s.time;
      for (const el of document.querySelectorAll("[data-gregorian]")) el.textContent = s.gregorian;
      clock.querySelector("[data-ahead]").textContent = s.ahead;
      bar.hidden = !s.running;
      bar.max = s.steps || 1;
      bar.value = s.step;
      if (s.running) pressed = true;
      if (pressed || s.failed) status.textContent = s.words;
      status.classList.toggle("bad", s.failed);
      for (const b of buttons) b.disabled = s.running;
    };
  };
  watch();
  const byLink = () => { if (location.hash === "#clock") { clock.open = true; clock.querySelector("summary").focus(); } };
  addEventListener("hashchange", byLink);
  byLink();
  clock.querySelector("form").addEventListener("submit", async (e) => {
    e.preventDefault();
    pressed = true;
    const res = await fetch("/clock", { method: "POST", body: new URLSearchParams({ by: e.submitter.value }), headers: { "X-Part": "1" } });
    if (!res.ok) { status.textContent = await res.text(); status.classList.add("bad"); }
  });
  document.addEventListener("keydown", (e) => { if (e.key === "Escape" && clock.open) { clock.open = false; clock.querySelector("summary").focus(); } });
}

// Arrow keys walk through the list of mails.
document.addEventListener("keydown", (e) => {
  if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
  const links = [...document.querySelectorAll(".mails a")];
  const at = links.indexOf(document.activeElement);
  if (at < 0) return;
  e.preventDefault();
  links[at + (e.key === "ArrowDown" ? 1 : -1)]?.focus();
});

const log = document.querySelector("pre[data-end]");
if (log) log.scrollTop = log.scrollHeight;
