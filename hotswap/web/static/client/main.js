// The client begins: sockets first, before any script of the page can open one.

import { emit, off, on, settings, wire } from './page.js';
import { reload, restoring } from './reload.js';
import { faults } from './overlay.js';
import { refresh } from './documents.js';
import { begin, records } from './records.js';
import { ReconnectingWebSocket } from './websocket.js';
import { wrapSockets } from './sockets.js';
import { connect, state, watchPage } from './channel.js';

wrapSockets();
restoring();

globalThis.__hotswap__ = {
  module: begin,
  on,
  off,
  emit,
  reload,
  refresh,
  faults,
  modules: records,
  ReconnectingWebSocket,
  send: (message) => wire.send(message),
  get since() {
    return state.since;
  },
  get epoch() {
    return state.epoch;
  },
  get connected() {
    return state.alive;
  },
};

if (settings.token) {
  watchPage();
  connect();
}
