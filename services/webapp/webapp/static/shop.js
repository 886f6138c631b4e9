// Asks the webapp for the page again and again, and puts the new part in place of the old one.
// Without JavaScript the page is whole as it came.
"use strict";

const EVERY_MS = 1000;
const KEPT = 40;
const WORDS = { v1: "v1", v2: "v2", down: "–", empty: "0" };

const find = (id) => document.getElementById(id);
const history_ = JSON.parse(sessionStorage.getItem("history") || "[]");
let timer = 0;
let announced = "";

function seen(shop) {
  if (shop.dataset.catalog === "down") return "down";
  return shop.dataset.version || "empty";
}

function remember(version) {
  history_.push(version);
  history_.splice(0, history_.length - KEPT);
  sessionStorage.setItem("history", JSON.stringify(history_));
  draw();
}

function draw() {
  find("history").replaceChildren(
    ...history_.map((version) => {
      const cell = document.createElement("li");
      cell.className = version;
      cell.textContent = WORDS[version];
      return cell;
    }),
  );
  const count = (version) => history_.filter((each) => each === version).length;
  const parts = ["v1", "v2"].map((version) => `${version}: ${count(version)}`);
  if (count("down")) parts.push(`not available: ${count("down")}`);
  find("shares").textContent = history_.length
    ? `Last ${history_.length} answers — ${parts.join(", ")}`
    : "No answers yet";
}

function drawPlaceholders() {
  // A picture that does not load leaves the drawing beneath it.
  for (const image of document.querySelectorAll(".picture img")) {
    if (image.complete && !image.naturalWidth) image.remove();
    else image.addEventListener("error", () => image.remove(), { once: true });
  }
}

function announce(shop) {
  // Only when something else is down or up than before: a reader must not hear every answer.
  const state = [...shop.querySelectorAll(".services li")].map((each) => each.textContent).join(", ");
  if (announced && state !== announced) find("announcement").textContent = state;
  announced = state;
}

async function refresh() {
  const cohort = find("cohort").value;
  try {
    const answer = await fetch(location.pathname, {
      headers: cohort ? { "x-istio-cohort": cohort } : {},
      cache: "no-store",
    });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const shop = document.importNode(page.getElementById("shop"), true);
    const focused = document.activeElement?.id;
    find("shop").replaceWith(shop);
    if (focused && find(focused) !== document.activeElement) find(focused)?.focus();
    document.body.classList.remove("lost");
    drawPlaceholders();
    announce(shop);
    remember(seen(shop));
  } catch {
    document.body.classList.add("lost");
    find("announcement").textContent = "The webapp does not answer";
    remember("down");
  }
}

function schedule() {
  clearTimeout(timer);
  const isOn = find("refresh").getAttribute("aria-pressed") === "true";
  find("refresh").textContent = `Auto-refresh is ${isOn ? "on" : "off"}`;
  localStorage.setItem("refresh", isOn ? "on" : "off");
  if (isOn && !document.hidden) {
    timer = setTimeout(() => refresh().finally(schedule), EVERY_MS);
  }
}

function start() {
  find("controls").hidden = false;
  find("refresh").setAttribute("aria-pressed", String(localStorage.getItem("refresh") !== "off"));
  find("refresh").addEventListener("click", () => {
    const isOn = find("refresh").getAttribute("aria-pressed") === "true";
    find("refresh").setAttribute("aria-pressed", String(!isOn));
    schedule();
  });
  find("cohort").addEventListener("change", () => refresh());
  find("clear").addEventListener("click", () => {
    history_.length = 0;
    sessionStorage.removeItem("history");
    draw();
  });
  document.addEventListener("visibilitychange", schedule);
  drawPlaceholders();
  announce(find("shop"));
  remember(seen(find("shop")));
  schedule();
}

start();
