// A WebSocket that comes back by itself when the connection is really lost: a crash, a restart, a laptop asleep.
//
// The app keeps its one object: no `close` event while it tries, what is sent meanwhile is queued, and `open` fires
// again, so that whoever subscribes in `onopen` subscribes again. An explicit close() and every other close code
// behave as they always do. Nothing here depends on hotswap: import it in production from your own copy.

const Native = globalThis.WebSocket;

// Going away, abnormal closure, service restart, try again later (RFC 6455, section 7.4; IANA registry).
const LOST = new Set([1001, 1006, 1012, 1013]);
const FIRST_DELAY = 40;
const LONGEST_DELAY = 2000;
const MOST_QUEUED = 10000;

export class ReconnectingWebSocket extends EventTarget {
  #socket;
  #address;
  #protocols;
  #binaryType = 'blob';
  #queue = [];
  #handlers = {};
  #opened = 0;
  #tries = 0;
  #closed = false;
  #timer;

  constructor(url, protocols) {
    super();
    this.#address = new URL(url, globalThis.location?.href).href.replace(/^http/, 'ws');
    this.#protocols = protocols;
    this.#connect();
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const socket =
      this.#protocols === undefined ? new Native(this.#address) : new Native(this.#address, this.#protocols);
    this.#socket = socket;
    socket.binaryType = this.#binaryType;
    socket.onopen = () => this.#whenOpen(socket);
    socket.onmessage = (event) => {
      this.#fire(new MessageEvent('message', { data: event.data, origin: event.origin }));
    };
    socket.onerror = () => {
      if (!this.#opened) this.#fire(new Event('error'));
    };
    socket.onclose = (event) => this.#whenClosed(event);
  }

  #whenOpen(socket) {
    this.#tries = 0;
    this.#opened += 1;
    this.#fire(new Event('open'));
    if (this.#opened > 1) this.#fire(new Event('reconnected'));
    while (this.#queue.length && socket.readyState === Native.OPEN) socket.send(this.#queue.shift());
  }

  #whenClosed(event) {
    if (this.#closed || !this.#opened || !LOST.has(event.code)) {
      this.#closed = true;
      this.#stopListening();
      const { code, reason, wasClean } = event;
      this.#fire(new CloseEvent('close', { code, reason, wasClean }));
      return;
    }
    if (!this.#tries) {
      this.#fire(new Event('reconnecting'));
      globalThis.addEventListener?.('online', this.#atOnce);
      globalThis.document?.addEventListener('visibilitychange', this.#atOnce);
    }
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(this.#tries, 10));
    this.#tries += 1;
    // Jitter: a hundred tabs do not come back in the same millisecond.
    this.#timer = setTimeout(() => this.#closed || this.#connect(), delay * (0.5 + Math.random() / 2));
  }

  // The network or the user is back: waiting out the delay would be felt.
  #atOnce = () => {
    if (this.#timer !== undefined && !this.#closed && !globalThis.document?.hidden) this.#connect();
  };

  #stopListening() {
    globalThis.removeEventListener?.('online', this.#atOnce);
    globalThis.document?.removeEventListener('visibilitychange', this.#atOnce);
  }

  #fire(event) {
    this.dispatchEvent(event);
  }

  send(data) {
    if (this.#isLost()) {
      if (this.#queue.length >= MOST_QUEUED) this.#queue.shift();
      this.#queue.push(data);
    } else {
      this.#socket.send(data);
    }
  }

  close(code, reason) {
    const waiting = this.#isLost() && this.#socket.readyState !== Native.CONNECTING;
    if (code === undefined) this.#socket.close();
    else this.#socket.close(code, reason); // throws for a code that is not allowed, and then nothing has changed
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stopListening();
    if (waiting) {
      // The lost socket has told us already that it is closed; the app has not heard it yet.
      const event = new CloseEvent('close', { code: 1006, reason: '', wasClean: false });
      queueMicrotask(() => this.#fire(event));
    }
  }

  #isLost() {
    return this.#opened > 0 && !this.#closed && this.#socket.readyState !== Native.OPEN;
  }

  get readyState() {
    return this.#isLost() ? Native.CONNECTING : this.#socket.readyState;
  }
  get url() {
    return this.#address;
  }
  get protocol() {
    return this.#socket.protocol;
  }
  get extensions() {
    return this.#socket.extensions;
  }
  get bufferedAmount() {
    const queued = this.#queue.reduce((sum, data) => sum + (data.length ?? data.byteLength ?? data.size ?? 0), 0);
    return this.#socket.bufferedAmount + queued;
  }
  get binaryType() {
    return this.#binaryType;
  }
  set binaryType(kind) {
    this.#socket.binaryType = kind;
    this.#binaryType = this.#socket.binaryType;
  }

  // An `onopen` keeps its place among the listeners, as the standard has it (HTML, event handlers).
  static {
    for (const kind of ['open', 'message', 'error', 'close']) {
      Object.defineProperty(this.prototype, `on${kind}`, {
        configurable: true,
        enumerable: true,
        get() {
          return this.#handlers[kind] ?? null;
        },
        set(handler) {
          const known = kind in this.#handlers;
          this.#handlers[kind] = typeof handler === 'function' ? handler : null;
          if (!known) this.addEventListener(kind, (event) => this.#handlers[kind]?.call(this, event));
        },
      });
    }
    for (const [state, name] of ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'].entries()) {
      Object.defineProperty(this, name, { value: state, enumerable: true });
      Object.defineProperty(this.prototype, name, { value: state, enumerable: true });
    }
  }
}
