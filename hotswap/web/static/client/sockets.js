// The page's own `new WebSocket` to this server becomes one that comes back. A page opts out with
// <meta name="hotswap" content="native-websocket">, a project with `reconnect_websockets = false`.

import { emit, settings } from './page.js';
import { ReconnectingWebSocket } from './websocket.js';

export const NativeWebSocket = globalThis.WebSocket;

// Engine.IO negotiates a session in its first message and reconnects by itself: a second `open` would confuse it.
const SELF_RECONNECTING = /[?&]EIO=\d/;
const OPTED_OUT = 'meta[name="hotswap"][content~="native-websocket"]';

function isThisServer(address) {
  try {
    const url = new URL(address, location.href);
    return url.host === location.host && !SELF_RECONNECTING.test(url.search);
  } catch {
    return false; // let the browser's own class complain
  }
}

class PageWebSocket extends ReconnectingWebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener('reconnected', () => emit('ws-reconnected', { url: this.url, socket: this }));
    this.addEventListener('reconnecting', () => emit('ws-lost', { url: this.url, socket: this }));
  }

  // The browser's own sockets (to foreign servers) are WebSockets too.
  static [Symbol.hasInstance](object) {
    if (Function.prototype[Symbol.hasInstance].call(this, object)) return true;
    return this.prototype === PageWebSocket.prototype && object instanceof NativeWebSocket;
  }
}
Object.defineProperty(PageWebSocket, 'name', { value: 'WebSocket' });

export function wrapSockets() {
  if (settings.ws === '0' || !NativeWebSocket) return;
  const Wrapped = new Proxy(PageWebSocket, {
    construct(target, given, wanted) {
      const comesBack = isThisServer(given[0]) && !document.querySelector(OPTED_OUT);
      if (comesBack) return Reflect.construct(target, given, wanted);
      // A subclass of ours, for a foreign server say, still has to be an object of the subclass.
      const native = Reflect.construct(NativeWebSocket, given);
      return wanted === Wrapped ? native : Object.setPrototypeOf(native, rebased(wanted.prototype));
    },
  });
  globalThis.WebSocket = Wrapped;
}

// The subclass's own members over the browser's: ours would look for private fields that are not there.
function rebased(prototype) {
  if (prototype === PageWebSocket.prototype) return NativeWebSocket.prototype;
  const above = rebased(Object.getPrototypeOf(prototype));
  return Object.create(above, Object.getOwnPropertyDescriptors(prototype));
}
