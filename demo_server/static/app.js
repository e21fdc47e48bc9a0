// Joins the page and its two connections: the room (WebSocket) and the clock (server-sent events).
import { connect } from "./socket.js";
import { showLine, showPulse, showStatus } from "./show.js";

const form = document.querySelector("#say");
const text = document.querySelector("#text");
const menu = document.querySelector("#menu");

const socket = connect("/chat", {
  onLine: (line, me) => showLine(line, me),
  onStatus: (state, me) => showStatus(state, me),
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (text.value.trim() && socket.send({ text: text.value })) text.value = "";
});

menu.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) socket.send({ text: `/buy ${button.dataset.item}` });
});

// EventSource connects again by itself.
const clock = new EventSource("/clock");
clock.addEventListener("message", (event) => showPulse(JSON.parse(event.data)));

// A page that is being left closes its connections at once.
addEventListener("pagehide", () => {
  clock.close();
  socket.close();
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
