// The stream of numbered events. What was missed while loading, asleep or away is replayed; after a real restart the
// page compares what it runs with what the server has.

import { ask, BASE, emit, log, PAGE, post, settings, wire } from './page.js';
import { leaving, reload } from './reload.js';
import { hideFault, say, setFaults, showFault } from './overlay.js';
import { linkedStyles, styleChanged } from './styles.js';
import { assetChanged, dataChanged } from './assets.js';
import { followPython, loadBase, refresh } from './documents.js';
import { scriptChanged } from './modules.js';
import { records } from './records.js';
import { NativeWebSocket } from './sockets.js';

const SUBPROTOCOL = 'hotswap.v1';
const FIRST_DELAY_MS = 40;
const LONGEST_DELAY_MS = 2000;
const HIDDEN_DELAY_MS = 3000;
// A proxy that lets HTTP through but no WebSocket: after so many handshakes in a row we stop trying.
const FAILED_HANDSHAKES = 2;
const DOCUMENT_EVENTS = ['html-update', 'patched'];

export const state = { since: Number(settings.build || 0), epoch: settings.epoch || '', alive: false };

let socket = null;
let stream = null;
let useStream = false;
let tries = 0;
let failures = 0;
let timer;
const queue = [];
const outbox = [];
let draining = false;

wire.send = (message) => {
  if (socket?.readyState === NativeWebSocket.OPEN) socket.send(JSON.stringify(message));
  else if (stream) post(`send?page=${encodeURIComponent(PAGE)}`, message).catch(() => {});
  else if (outbox.length < 200) outbox.push(message);
};

export function connect() {
  clearTimeout(timer);
  disconnect();
  if (leaving) return;
  const asked = new URLSearchParams({ since: state.since, epoch: state.epoch, page: PAGE });
  if (useStream) connectStream(asked);
  else connectSocket(asked);
}

function disconnect() {
  const old = socket;
  socket = null;
  old?.close();
  stream?.close();
  stream = null;
  state.alive = false;
}

function connectSocket(asked) {
  const address = new URL(`${BASE}ws?${asked}`, location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  // The token goes as a subprotocol: addresses end up in logs.
  const mine = (socket = new NativeWebSocket(address, [SUBPROTOCOL, `hotswap.token.${settings.token}`]));
  let opened = false;
  mine.onopen = () => {
    opened = true;
    up();
  };
  mine.onmessage = (event) => mine === socket && receive(event.data);
  mine.onclose = () => {
    if (mine !== socket) return;
    state.alive = false;
    if (opened) retry();
    else probe();
  };
}

// Six connections of a browser to one host are all it has: a stream in a tab that nobody sees takes one from the rest.
function connectStream(asked) {
  if (document.hidden) return;
  asked.set('token', settings.token); // an EventSource has no other place for it
  stream = new EventSource(`${BASE}events?${asked}`);
  const mine = stream;
  stream.onopen = up;
  stream.onmessage = (event) => mine === stream && receive(event.data);
  stream.onerror = () => {
    if (mine !== stream) return;
    disconnect();
    retry();
  };
}

function up() {
  tries = 0;
  failures = 0;
  state.alive = true;
  while (outbox.length) wire.send(outbox.shift());
}

// A handshake failed: is the server away, does it not know us any more, or does something swallow WebSockets?
async function probe() {
  let response;
  try {
    response = await ask('state');
  } catch {
    return retry();
  }
  if (response.status === 403) {
    log('the server does not know this page any more');
    reload('the server does not know this page any more');
  } else if (response.ok) {
    failures += 1;
    if (failures >= FAILED_HANDSHAKES) {
      log('no WebSocket comes through here: using server-sent events');
      useStream = true;
    }
  }
  return retry();
}

function retry() {
  if (leaving) return;
  clearTimeout(timer);
  const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(tries, 8));
  tries += 1;
  timer = setTimeout(connect, document.hidden ? HIDDEN_DELAY_MS : delay * (0.5 + Math.random() / 2));
}

export function watchPage() {
  addEventListener('pagehide', () => {
    clearTimeout(timer);
    disconnect();
  });
  addEventListener('pageshow', (event) => {
    if (event.persisted) connect(); // out of the back-forward cache: go on from `since`
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden && stream) disconnect();
    else if (!document.hidden && !state.alive) {
      tries = 0;
      connect();
    }
  });
  addEventListener('online', () => state.alive || connect());
}

function receive(text) {
  queue.push(JSON.parse(text));
  if (!draining) drain();
}

// One after the other: a later event may build on what an earlier one changed.
async function drain() {
  draining = true;
  while (queue.length && !leaving) {
    const event = queue.shift();
    try {
      await handle(event);
    } catch (error) {
      console.error(error);
      wire.send({ t: 'applied', id: event.id, how: `failed: ${error.message}` });
    }
  }
  draining = false;
}

async function handle(event) {
  const began = performance.now();
  let how;
  if (event.t === 'connected') how = await whenConnected(event);
  else if (event.id <= state.since) return;
  else {
    state.since = event.id;
    how = await followEvent(event);
  }
  const detail = { ...event, how };
  if (how !== undefined) {
    const ms = Math.round((performance.now() - began) * 10) / 10;
    wire.send({ t: 'applied', id: event.id, event: event.t, how, ms });
    log(event.t, how, `${ms} ms`);
  }
  emit('applied', detail);
}

async function whenConnected({ epoch, last, oldest, errors }) {
  const restarted = state.epoch && epoch !== state.epoch;
  state.epoch = epoch;
  setFaults(errors);
  emit('connected', { restarted });
  if (restarted) {
    state.since = last;
    return catchUp();
  }
  if (state.since + 1 < oldest && state.since < last) {
    state.since = last;
    return reload('too much was missed to be replayed');
  }
  // Not now: the page is busy loading. But before the server forgets what it sent.
  (globalThis.requestIdleCallback ?? setTimeout)(() => loadBase().catch(() => {}));
  return undefined;
}

// The server is another one than before: nothing can be replayed, so everything is compared.
async function catchUp() {
  const version = Date.now().toString(36);
  for (const path of linkedStyles()) await styleChanged(path, version);
  for (const path of new Set([...records.values()].map((record) => record.path))) {
    const how = await scriptChanged({ path, id: state.since });
    if (how.includes('reload')) return how;
  }
  return refresh('the server restarted');
}

async function followEvent(event) {
  switch (event.t) {
    case 'css-update':
      emit('style-changed', event);
      return styleChanged(event.path, event.v);
    case 'asset-update':
      return assetChanged(event.path, event.v);
    case 'data-update':
      return dataChanged(event.path);
    case 'js-update':
      return scriptChanged(event);
    case 'html-update':
      return isOvertaken() ? 'together with the next' : refresh('template');
    case 'patched': {
      say(summary(event));
      if (!emit('patched', event)) return 'left to the page';
      return isOvertaken() ? 'together with the next' : followPython();
    }
    case 'error':
      showFault(event);
      return 'shown';
    case 'ok':
      hideFault(event.key);
      return undefined;
    case 'page-reload':
      return reload(event.reason || 'the server asked for it');
    default:
      emit(event.t, event);
      return undefined;
  }
}

// Several saves at once need one look at the page.
function isOvertaken() {
  return queue.some((event) => DOCUMENT_EVENTS.includes(event.t)) && settings.onPatch !== 'none';
}

function summary({ files = [], changed = [], blackout_ms: blackout }) {
  const names = files.map((file) => file.split('/').pop()).join(', ');
  const what = changed.slice(0, 3).join(', ') + (changed.length > 3 ? ` and ${changed.length - 3} more` : '');
  const how = blackout === undefined ? '' : ` (new process, ${Math.round(blackout)} ms)`;
  return `${names || 'code'}${what ? `: ${what}` : ''}${how}`;
}
