// How things look. Pure but for the document; a good place to edit.
const $ = (selector) => document.querySelector(selector);

export function showLine(line, me) {
  const list = $("#lines");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const item = document.createElement("li");
  item.className = [line.kind, line.door, line.who === me ? "mine" : ""].join(" ").trim();
  const time = document.createElement("time");
  time.textContent = line.at.slice(0, 5);
  const words = document.createElement("p");
  if (line.who) {
    const who = document.createElement("b");
    who.textContent = line.who;
    words.append(who, " ");
  }
  words.append(line.text);
  item.append(time, words);
  list.append(item);
  while (list.children.length > 200) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

export function showStatus(state, me) {
  const status = $("#status");
  status.dataset.state = state;
  status.textContent = { open: "here", lost: "the line is down, dialling again", connecting: "connecting" }[state];
  if (me) $("#name").textContent = me;
}

export function showGap(milliseconds) {
  put($("#gap"), milliseconds < 1000 ? `${Math.round(milliseconds)}` : `${(milliseconds / 1000).toFixed(1)}`,
    milliseconds < 1000 ? "ms" : "s");
}

export function showPulse(pulse) {
  $("#time").textContent = pulse.time;
  $("#mood").textContent = pulse.mood;
  $("#message").textContent = pulse.message;
  const { web, tcp, sse } = pulse.sockets;
  put($("#sockets"), web + tcp + sse, [tcp && `${tcp} tcp`, `${web} web`, `${sse} clock`].filter(Boolean).join(", "));
  put($("#generation"), pulse.generation || "–");
  put($("#said"), pulse.said);
  put($("#takings"), pulse.takings);
  showMenu(pulse.menu);
  const door = document.createElement(pulse.tcp.address ? "code" : "span");
  door.textContent = pulse.tcp.address ? `nc ${pulse.tcp.address}` : `closed: ${pulse.tcp.problem}`;
  if ($("#tcp").textContent !== door.textContent) $("#tcp").replaceChildren(door);
}

function showMenu(dishes) {
  const list = $("#menu");
  const now = JSON.stringify(dishes);
  if (list.dataset.dishes === now) return;
  list.dataset.dishes = now;
  list.replaceChildren(...dishes.map(({ item, price }) => {
    const button = document.createElement("button");
    button.dataset.item = item;
    const name = document.createElement("span");
    name.textContent = item;
    const cost = document.createElement("b");
    cost.textContent = price;
    button.append(name, cost);
    const row = document.createElement("li");
    row.append(button);
    return row;
  }));
}

// Set a number; let it light up when it changed.
function put(element, value, unit = "") {
  const key = `${value} ${unit}`;
  if (element.dataset.key === key) return;
  const first = element.dataset.key === undefined;
  element.dataset.key = key;
  const small = document.createElement("small");
  small.textContent = unit;
  element.replaceChildren(String(value), unit ? " " : "", small);
  if (first) return;
  element.classList.remove("new");
  void element.offsetWidth;
  element.classList.add("new");
}
