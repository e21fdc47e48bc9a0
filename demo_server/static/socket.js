// A WebSocket that comes back politely: it keeps its name, asks only for what it missed, and waits longer each time.
import { showGap } from "./show.js";

const PING_EVERY = 250;

export function connect(path, { onLine, onStatus }) {
  let socket;
  let closed = false;
  let tries = 0;
  let last = 0; // number of the last line seen
  let me = sessionStorage.getItem("name") || "";
  let asked = 0; // when the unanswered ping was sent, 0: none
  let longest = 0; // the longest wait for an answer, reconnects included

  function open() {
    onStatus("connecting", me);
    const query = new URLSearchParams({ name: me, since: last });
    socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${path}?${query}`);
    socket.addEventListener("message", (event) => hear(JSON.parse(event.data)));
    socket.addEventListener("close", again);
  }

  function hear(message) {
    if (message.kind === "welcome") {
      tries = 0;
      me = message.name;
      sessionStorage.setItem("name", me);
      onStatus("open", me);
    } else if (message.kind === "line") {
      if (message.line.number && message.line.number <= last) return;
      last = Math.max(last, message.line.number);
      onLine(message.line, me);
    } else if (message.kind === "pong") {
      measure();
      asked = 0;
    }
  }

  function again() {
    if (closed) return;
    asked ||= performance.now();
    onStatus("lost", me);
    const wait = Math.min(8000, 100 * 2 ** tries++);
    setTimeout(open, wait * (0.5 + Math.random() / 2));
  }

  function measure() {
    if (!asked) return;
    const gap = performance.now() - asked;
    if (gap > longest) {
      longest = gap;
      showGap(longest);
    }
  }

  setInterval(() => {
    if (asked) measure(); // still waiting: the gap grows while you look
    if (socket.readyState !== WebSocket.OPEN || (asked && performance.now() - asked < 2000)) return;
    asked ||= performance.now();
    socket.send(JSON.stringify({ ping: 1 }));
  }, PING_EVERY);

  open();
  return {
    send(message) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
    close() {
      closed = true;
      socket.close();
    },
  };
}
