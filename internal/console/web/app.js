// The console's pages: they ask the API and show what it says. Text from people
// is put into the page as text, never as HTML.

import { words } from "./words.js";
import { signedIn, token } from "./sign-in.js";

let locale = localStorage.getItem("sarnakh.locale") || "fa";
let business = {}; // its time zone, the words of its playbook
const main = document.getElementById("main");
const say = (key) => words[locale][key] ?? key;

// h makes an element: h("td", {class: "number"}, child, …).
function h(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes ?? {})) {
    if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
    else if (v !== undefined && v !== false) e.setAttribute(k, v);
  }
  e.append(...children.flat(Infinity).filter((c) => c !== undefined && c !== null && c !== false));
  return e;
}

const ltr = (text) => h("bdi", { dir: "ltr" }, text);
const type = (name) => words[locale]["type." + name] ?? ltr(name);

function number(n, signed) {
  const text = new Intl.NumberFormat(locale === "fa" ? "fa-IR" : "en", { useGrouping: false, signDisplay: signed ? "exceptZero" : "auto" }).format(n);
  return h("bdi", { dir: "ltr", class: n < 0 ? "minus" : undefined }, text);
}

// The weekday is put before the date by hand: some browsers order the parts of
// a Persian date wrongly.
function date(value, withTime, by) {
  if (!value) return "";
  const d = new Date(value);
  const tag = locale === "fa" ? "fa-IR-u-ca-persian" : "en-GB";
  const zone = by ?? (value.length === 10 ? "UTC" : business.zone);
  const f = (o) => new Intl.DateTimeFormat(tag, { timeZone: zone, ...o }).format(d);
  const text = f({ weekday: "long" }) + " " + f({ day: "numeric", month: "long", year: "numeric" }).replace(/ ه‍?\.?ش\.?$/, "");
  return withTime ? text + (locale === "fa" ? "، " : ", ") + f({ hour: "2-digit", minute: "2-digit" }) : text;
}

// known shows what is known of a lead. A time without a zone is of the lead's own clock, and stays as it is.
function known(a) {
  if (["email", "phone", "timezone"].includes(a.name)) return ltr(a.text);
  const [, day, time, zone] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d)?)?(Z|[+-]\d\d:\d\d)?$/.exec(a.text) ?? [];
  if (!day || isNaN(Date.parse(a.text))) return h("bdi", {}, a.text);
  return !time ? date(day) : zone ? date(a.text, true) : date(a.text + "Z", true, "UTC");
}

async function api(path, options) {
  const answer = await fetch("/api/" + path + (path.includes("?") ? "&" : "?") + "locale=" + locale, {
    ...options, headers: { Authorization: "Bearer " + token(), "Content-Type": "application/json" },
  });
  if (answer.status === 401) { await signedIn(true); throw new Error(say("signIn")); }
  const body = await answer.json().catch(() => ({ detail: answer.statusText }));
  if (!answer.ok) throw Object.assign(new Error(body.detail || body.message || answer.statusText), { code: body.code });
  return body;
}

const band = (name, title) => h("span", { class: "band " + name }, title || name);
const table = (heads, rows, foot) => h("table", { class: foot ? undefined : "list" },
  h("thead", {}, h("tr", {}, ...heads.map(([t, c]) => h("th", { scope: "col", class: c }, t)))),
  h("tbody", {}, ...rows), foot && h("tfoot", {}, foot));
const empty = (text, next) => h("section", { class: "sheet empty" }, h("p", {}, text), next && h("p", { class: "soft" }, next));

async function leads() {
  const list = await api("leads?limit=100");
  if (!list.leads?.length) return [h("h1", {}, say("leads")), empty(say("noLeads"), say("noLeadsNext"))];
  return [h("h1", {}, say("leads")), h("section", { class: "sheet" }, table(
    [[say("lead")], [say("score"), "number"], [say("band")], [say("grade")], [say("stage")], [say("why")], [say("last")]],
    list.leads.map((l) => h("tr", {},
      h("td", {}, h("a", { href: "#/leads/" + l.id }, h("bdi", {}, l.name || l.email || l.id)), l.company && h("div", { class: "soft" }, h("bdi", {}, l.company))),
      h("td", { class: "number" }, h("strong", {}, number(l.score))),
      h("td", {}, band(l.band, l.bandTitle)), h("td", {}, ltr(l.grade)), h("td", {}, l.stage || ""),
      h("td", { class: "soft below" }, (l.why || []).join(locale === "fa" ? "، " : ", ")), h("td", { class: "soft below" }, date(l.last)))))),
  list.more && h("p", { class: "soft" }, say("more"))];
}

function lines(l) {
  const rows = l.lines.map((x) => h("tr", { class: x.kind === "signal" || x.kind === "fit" || x.kind === "manual" ? undefined : "cut" },
    h("td", {}, say("kind." + x.kind) !== "kind." + x.kind ? say("kind." + x.kind) + (x.title ? ": " : "") : "", x.title,
      x.untilDay && h("span", { class: "soft" }, " (", say("until"), " ", date(x.untilDay), ")"),
      (x.given || []).map((g) => h("div", { class: "soft" }, number(g.points, true), " — ", h("bdi", {}, [g.by, g.why].filter(Boolean).join(": ")), " ", date(g.at))),
      x.count > 1 && h("span", { class: "soft" }, " × ", number(x.count)),
      x.limit !== undefined && h("span", { class: "soft" }, " (", say("limit"), " ", number(x.limit), x.days > 1 ? [" / ", number(x.days), " ", say("days")] : "", ")")),
    h("td", { class: "soft" }, date(x.last)),
    h("td", { class: "number" }, number(x.points))));
  const flat = rows.map((r) => r);
  return h("section", { class: "sheet" }, h("h2", {}, say("adds")), table(
    [[say("line")], [say("last")], [say("points"), "number"]], flat,
    h("tr", {}, h("td", { colspan: 2 }, say("sum")), h("td", { class: "number", id: "sum" }, number(l.lines.reduce((s, x) => s + x.points, 0))))));
}

// past picks the day whose card is shown: #/leads/ID?at=2026-11-01. A list of days and not the browser's own picker,
// which knows no Persian calendar. today is the business's, as the API says it.
function past(id, at, hindsight, today) {
  const go = (day, known) => { location.hash = "#/leads/" + id + (day ? "?at=" + day + (known ? "&hindsight=1" : "") : ""); };
  const days = Array.from({ length: 120 }, (_, i) => new Date(Date.parse(today) - i * 864e5).toISOString().slice(0, 10));
  if (at && !days.includes(at)) days.push(at);
  return h("section", { class: "sheet past" },
    h("label", {}, say("asOf"), " ", h("select", { id: "at", onchange: (e) => go(e.target.value === today ? "" : e.target.value, hindsight) },
      days.map((d) => h("option", { value: d, selected: d === (at || today) }, date(d))))),
    at && [h("strong", {}, date(at)), h("label", {}, h("input", { type: "checkbox", id: "hindsight", checked: hindsight, onchange: (e) => go(at, e.target.checked) }), " ", say("hindsight")),
      h("span", { class: "soft" }, hindsight ? say("knownNow") : say("shownThen")), h("a", { href: "#/leads/" + id }, say("today"))]);
}

async function lead(id, query) {
  const at = query.get("at") || "", hindsight = query.get("hindsight") === "1";
  const l = await api("leads/" + encodeURIComponent(id) + (at ? "?at=" + encodeURIComponent(at) + (hindsight ? "&hindsight=1" : "") : ""));
  const c = l.card;
  const fact = (k, v) => v && [h("dt", {}, k), h("dd", {}, v)];
  const chips = (list) => h("ul", { class: "chips" }, ...list.map((t) => h("li", {}, t)));
  const act = (type) => h("button", { type: "button", class: type === "lead.taken" ? "primary" : undefined, onclick: async (e) => {
    e.target.disabled = true;
    try {
      await api("leads/" + l.id + "/activities", { method: "POST", body: JSON.stringify({ id: crypto.randomUUID(), type }) });
      e.target.replaceWith(h("span", { role: "status" }, say("done")));
    } catch (err) { e.target.disabled = false; e.target.after(h("span", { role: "alert" }, " " + err.message)); }
  } }, say("act." + type));
  return [
    h("h1", {}, h("bdi", {}, l.name || say("noName"))),
    past(l.id, at, hindsight, l.today),
    l.aside && h("p", { class: "sheet", role: "note" }, l.aside),
    l.movedTo && h("p", {}, say("moved"), " ", h("a", { href: "#/leads/" + l.movedTo }, ltr(l.movedTo))),
    h("section", { class: "sheet head" },
      h("div", { class: "score", id: "score", "data-score": c.total }, number(c.total)),
      h("div", {}, band(c.band, l.bandTitle), " ", ltr(c.grade), h("div", { class: "soft" },
        say("fit"), " ", number(c.fit), " + ", say("engagement"), " ", number(c.engagement), c.manual ? [" + ", say("manual"), " ", number(c.manual)] : "")),
      h("div", {}, l.stageTitle, h("div", { class: "soft" }, [l.personaTitle, l.funnelTitle, l.leadingTitle, l.interestTitle].filter(Boolean).join(" · "))),
      l.next && h("div", { class: "soft" }, say("next"), " ", date(l.next.day), ": ", l.next.to),
      !at && h("div", {}, act("lead.taken"), " ", act("call.answered"), " ", act("call.missed"))),
    l.work?.reasons?.length && h("section", { class: "sheet" }, h("h2", {}, say("work")), ...l.work.reasons.map((r) =>
      h("p", {}, r.title?.[locale] || say("reason." + r.kind), " — ", say("until"), " ", date(new Date(r.due * 1000).toISOString(), true)))),
    h("div", { class: "cards" },
      lines(l),
      h("div", { class: "beside" },
        l.whyNow?.length && h("section", { class: "sheet" }, h("h2", {}, say("why")), chips(l.whyNow)),
        l.attributes && h("section", { class: "sheet" }, h("h2", {}, say("who")), h("dl", {}, ...(l.attributes || []).flatMap((a) => fact(a.title, known(a)) || []))),
        l.wouldRaise?.length && h("section", { class: "sheet" }, h("h2", {}, say("raise")), chips(l.wouldRaise.map((w) => [w.title, " ", number(w.points, true)]))),
        l.mail && mail(l.mail), !at && adjust(l)),
      h("div", {}, decisions(l), recent(l))),
  ];
}

function decisions(l) {
  if (!l.decisions?.length) return null;
  return h("section", { class: "sheet", id: "decisions" }, h("h2", {}, say("decided")), ...l.decisions.slice(0, 12).map((d) =>
    h("p", {}, h("bdi", {}, d.text), h("span", { class: "soft" }, " — ", date(d.at, true), d.quiet && " " + say("quietly")))));
}

// adjust gives or takes points by hand: how many, why, until when.
function adjust(l) {
  const field = (name, more) => h("label", {}, say("adjust." + name), " ", h("input", { name, ...more }));
  return h("details", { class: "sheet" }, h("summary", {}, say("act.lead.adjusted")), h("form", { onsubmit: async (e) => {
    e.preventDefault();
    const f = new FormData(e.target), button = e.target.querySelector("button");
    button.disabled = true;
    try {
      await api("leads/" + l.id + "/activities", { method: "POST", body: JSON.stringify({ id: crypto.randomUUID(), type: "lead.adjusted", properties: Object.fromEntries([...f].filter(([, v]) => v)) }) });
      button.replaceWith(h("span", { role: "status" }, say("done")));
    } catch (err) { button.disabled = false; button.after(h("span", { role: "alert" }, " " + err.message)); }
  } }, field("points", { type: "number", min: -1000, max: 1000, required: "", dir: "ltr" }), field("why", { required: "", maxlength: 500 }),
  h("label", {}, say("adjust.until"), " ", h("select", { name: "until" }, h("option", { value: "" }, say("forever")),
    [7, 14, 30, 60, 90, 180, 365].map((n) => { const day = new Date(Date.parse(l.today) + n * 864e5).toISOString().slice(0, 10); return h("option", { value: day }, date(day)); }))),
  h("button", { type: "submit" }, say("record"))));
}

// mail says, for each track, why its next step waits or never comes, and for each mail why it went.
function mail(m) {
  const state = m.suppressedWhy || (m.consent ? say("consented") : say("noConsent"));
  const soft = (...x) => h("span", { class: "soft" }, " ", ...x);
  const track = (t) => h("p", {}, t.title, ": ", t.ended ? [say("ended"), " (", t.ended, ")"] : [t.step,
    t.heldOut && soft(say("heldOut")),
    t.held ? soft(say("held"), ": ", t.held, t.due && [" — ", say("latest"), " ", date(t.due, true)])
      : t.never ? soft(say("never"), ": ", t.never, " — ", date(t.due, true))
        : t.willWait ? soft(date(t.due, true), " — ", say("atThatTime"), ": ", t.willWait, t.until && [" — ", say("latest"), " ", date(t.until, true)])
          : t.due && soft(say("goesOut"), " ", date(t.due, true))]);
  return h("section", { class: "sheet" }, h("h2", {}, say("mail")), h("p", {}, state, m.salesTalking && " — " + say("salesTalking")),
    m.paused && h("p", {}, say("paused"), " ", date(m.paused, true)),
    ...(m.tracks || []).map(track),
    ...(m.sends || []).map((s) => h("p", { class: "soft" }, date(s.at, true), " — ", s.mail, s.for && [" (", s.for, ")"], s.unknown && " — " + say("unknown"), s.failed && " — " + s.failed)));
}

async function broadcasts() {
  const list = await api("broadcasts");
  if (!list.broadcasts.length) return [h("h1", {}, say("broadcasts")), empty(say("noBroadcasts"), say("noBroadcastsNext"))];
  const cancel = (b) => h("button", { type: "button", onclick: async (e) => {
    if (e.target.className !== "primary") { // asked once more, where a dialog would stop the page
      e.target.className = "primary";
      e.target.textContent = say("cancelSure");
      return;
    }
    e.target.disabled = true;
    try {
      await api("broadcasts/" + encodeURIComponent(b.id) + "/cancel", { method: "POST", body: "{}" });
      show();
    } catch (err) { e.target.disabled = false; e.target.after(h("span", { role: "alert" }, " " + err.message)); }
  } }, say("cancel"));
  return [h("h1", {}, say("broadcasts")), ...list.broadcasts.map((b) => h("section", { class: "sheet", id: "broadcast-" + b.id },
    h("h2", {}, h("bdi", {}, b.title)),
    h("p", {}, h("strong", {}, say("state." + b.state)), " — ", date(b.at, true), " — ", say("audience"), ": ", b.audience, " — ", h("bdi", {}, b.mail)),
    h("p", {}, number(b.members), " ", say("members"), " — ", number(b.sent), " ", say("atOnce"), b.entered > 0 && [" — ", number(b.entered), " ", say("entered")], b.partial && [" — ", say("partial")]),
    h("ul", {}, ...b.rest.map((x) => h("li", {}, number(x.count), " ", say("kind." + x.kind), ": ", x.reason, x.until && h("span", { class: "soft" }, " — ", say("latest"), " ", date(x.until, true))))),
    b.settled ? h("p", { class: "soft" }, h("bdi", {}, b.cancelledBy), " — ", say("settled"), " ", date(b.settled, true)) : cancel(b)))];
}

function recent(l) {
  if (!l.recent?.length) return null;
  return h("section", { class: "sheet" }, h("h2", {}, say("recent")), table([[say("what")], [say("when")]], l.recent.map((e) => h("tr", {},
    h("td", {}, e.signals?.length ? e.signals.join(locale === "fa" ? "، " : ", ") : type(e.type), e.path && e.path !== "/" && [" ", h("bdi", { dir: "ltr", class: "soft" }, e.path)], (e.machine || e.revoked) && h("span", { class: "soft" }, " ", say("machine"))), h("td", { class: "soft" }, date(e.at, true))))));
}

async function work() {
  const list = await api("work");
  if (!list.work.length) return [h("h1", {}, say("work")), empty(say("noWork"), say("noWorkNext"))];
  return [h("h1", {}, say("work")), h("section", { class: "sheet" }, table([[say("lead")], [say("phone")], [say("why")], [say("until")]], list.work.map((w) => h("tr", {},
    h("td", {}, h("a", { href: "#/leads/" + w.id }, h("bdi", {}, w.name || w.id))), h("td", {}, w.phone ? h("a", { href: "tel:" + w.phone }, ltr(w.phone)) : ""),
    h("td", { class: "below" }, w.reasons.map((r) => r.title?.[locale]).join(locale === "fa" ? "، " : ", ")), h("td", { class: "soft below" }, date(new Date(w.reasons[0].due * 1000).toISOString(), true))))))];
}

// quiet is who crossed because rules or data changed: a person says whether anybody hears of it. One call does a part;
// the button goes on until all is done.
async function quiet() {
  const list = await api("quiet");
  if (!list.quiet.length) return [h("h1", {}, say("quiet")), empty(say("noQuiet"), say("noQuietNext"))];
  const word = (g, tell, top) => async (e) => {
    const buttons = e.target.parentElement.querySelectorAll("button, input");
    buttons.forEach((b) => { b.disabled = true; });
    const said = h("span", { role: "status" });
    e.target.parentElement.append(" ", said);
    let told = 0, passed = 0, more = true;
    try {
      while (more) {
        const out = await api("quiet", { method: "POST", body: JSON.stringify({ playbook: g.playbook, cause: g.cause, kind: g.kind, subject: g.subject, tell, top: top && Number(top.value) }) });
        told += out.told; passed += out.passed; more = out.more;
        said.replaceChildren(say(tell === "none" ? "letBe" : "told"), " ", number(tell === "none" ? passed : told));
      }
    } catch (err) {
      said.replaceChildren(err.message);
      buttons.forEach((b) => { b.disabled = false; });
    }
  };
  return [h("h1", {}, say("quiet")), h("p", { class: "soft" }, say("quietWhat")), ...list.quiet.map((g) => {
    const top = h("input", { type: "number", min: 1, max: 300, value: Math.min(10, g.count), "aria-label": say("best") });
    return h("section", { class: "sheet quiet" },
      h("h2", {}, number(g.count), " — ", say("quiet." + g.kind), g.title && [" «", g.title, "»"]),
      h("p", { class: "soft" }, say("cause." + g.cause), " — ", say("playbook"), " ", number(g.playbook)),
      h("p", {}, g.best.map((l, i) => [i > 0 && (locale === "fa" ? "، " : ", "), h("a", { href: "#/leads/" + l.id }, h("bdi", {}, l.name || l.id)), " ", number(l.total)])),
      h("p", {}, h("button", { type: "button", onclick: word(g, "all") }, say("tellAll")), " ",
        h("button", { type: "button", class: "primary", onclick: word(g, "top", top) }, say("tellTop")), " ", top, " ",
        h("button", { type: "button", onclick: word(g, "none") }, say("tellNone"))));
  })];
}

async function parked() {
  const list = await api("parked");
  if (!list.parked.length) return [h("h1", {}, say("parked")), empty(say("noParked"))];
  return [h("h1", {}, say("parked")), h("section", { class: "sheet" }, table([[say("when")], [say("source")], [say("reason")]], list.parked.map((p) => h("tr", {},
    h("td", { class: "soft" }, date(p.at, true)), h("td", {}, ltr(p.source)), h("td", {}, h("bdi", {}, p.reason))))))];
}

async function show() {
  const [place, query] = (location.hash || "#/leads").split("?");
  const [, page, id] = place.split("/");
  document.documentElement.lang = locale;
  document.documentElement.dir = locale === "fa" ? "rtl" : "ltr";
  document.getElementById("brand").textContent = document.title = say("brand");
  document.querySelector(".skip").textContent = say("skip");
  document.querySelector("nav").setAttribute("aria-label", say("nav"));
  const other = document.getElementById("locale");
  other.textContent = locale === "fa" ? "English" : "فارسی";
  other.lang = locale === "fa" ? "en" : "fa";
  for (const a of document.querySelectorAll("nav a")) {
    a.textContent = say(a.dataset.word);
    a.toggleAttribute("aria-current", a.hash === "#/" + page);
  }
  main.setAttribute("aria-busy", "true");
  let content;
  try {
    business = await api("playbook");
    content = page === "leads" && id ? await lead(id, new URLSearchParams(query)) : page === "work" ? await work() : page === "quiet" ? await quiet() : page === "parked" ? await parked() : page === "broadcasts" ? await broadcasts() : await leads();
  } catch (err) {
    content = [h("section", { class: "sheet empty", role: "alert" }, h("p", {}, err.code === "no_playbook" ? say("noPlaybook") : err.message),
      h("button", { type: "button", onclick: show }, say("again")))];
  }
  main.replaceChildren(...content.flat().filter(Boolean));
  main.removeAttribute("aria-busy");
}

document.getElementById("locale").addEventListener("click", () => {
  locale = locale === "fa" ? "en" : "fa";
  localStorage.setItem("sarnakh.locale", locale);
  show();
});
addEventListener("hashchange", () => { if (location.hash.startsWith("#/")) show(); });
if (await signedIn(false)) show();
