// What every part of the client shares: the page's own settings, its events, and how it asks the server.

const tag = document.currentScript;
export const settings = { ...(tag?.dataset ?? {}) };
export const BASE = settings.base || '/__hotswap__/';
// What stands before every path of the app (ASGI's root_path), and is no part of the paths that the server speaks of.
export const ROOT = BASE.replace(/\/__hotswap__\/$/, '');
export const PAGE = settings.page || '';
export const NativeFetch = globalThis.fetch?.bind(globalThis);

// Whether this page is the answer to a form (POST): asked for again, the form would be sent again.
export const answersForm = settings.answersForm === '1';

// The address that this document was made for: a client-side router may change `location` later.
export const documentAddress = location.href.split('#')[0];

// What the page's policy admits scripts by, and style elements too where `settings.styles` is "nonce".
export const nonce = tag?.nonce ?? '';

// The same HTML with this page's nonce in place of the one it was sent with: that is new in each answer, is no difference,
// and the browser would complain of it in a document that is only looked at.
export function withOwnNonce(html) {
  return nonce ? html.replace(/(<(?:script|style|link)\b[^>]*?\snonce=)(?:"[^"]*"|'[^']*'|[^\s>]+)/gi, `$1"${nonce}"`) : html;
}

// Replaced by channel.js; whoever reports before the channel stands is not heard.
export const wire = { send() {} };

export const log = (...words) => console.debug('[hotswap]', ...words);

const listeners = new Map();

// Vite's names are known too: `vite:beforeUpdate` is `before-update`.
function eventName(name) {
  const bare = name.replace(/^(?:vite|hotswap):/, '').replace('FullReload', 'Reload');
  return bare.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

// `import.meta.hot.on`, and `window.addEventListener("hotswap:NAME")`.
export function on(name, listener) {
  const key = eventName(name);
  if (!listeners.has(key)) listeners.set(key, new Set());
  listeners.get(key).add(listener);
}

export function off(name, listener) {
  listeners.get(eventName(name))?.delete(listener);
}

// Gives false when the page's own code called preventDefault(): it takes care of the rest itself.
export function emit(name, detail) {
  for (const listener of [...(listeners.get(name) ?? [])]) {
    try {
      listener(detail);
    } catch (error) {
      console.error(error);
    }
  }
  return dispatchEvent(new CustomEvent(`hotswap:${name}`, { detail, cancelable: true }));
}

export function ask(path, options = {}) {
  return NativeFetch(BASE + path, {
    ...options,
    cache: 'no-store',
    headers: { 'x-hotswap-token': settings.token || '', ...options.headers },
  });
}

export function post(path, value) {
  return ask(path, {
    method: 'POST',
    body: JSON.stringify(value),
    headers: { 'content-type': 'application/json' },
  });
}

// Under `require-trusted-types-for` the parser and eval take only what a policy has passed.
let policy;
function trusted(make, text) {
  if (!globalThis.trustedTypes) return text;
  try {
    policy ??= trustedTypes.createPolicy('hotswap', { createHTML: (html) => html, createScript: (code) => code });
    return policy[make](text);
  } catch {
    return text; // the page allows no policy of ours: it will say so where the text is used
  }
}

export const trustedHtml = (text) => trusted('createHTML', text);
export const trustedScript = (text) => trusted('createScript', text);

// A closed shadow root is closed to scripts of the page, but shows what style sheets and images say like any other.
const closedRoots = new WeakMap();
const attachShadow = Element.prototype.attachShadow;
Element.prototype.attachShadow = {
  attachShadow(options) {
    const root = attachShadow.call(this, options);
    if (root.mode === 'closed') closedRoots.set(this, root);
    return root;
  },
}.attachShadow;

// Every document or shadow root there is; frames of ours among them, but for those that follow saves themselves.
export function* roots(from = document) {
  yield from;
  for (const element of from.querySelectorAll('*')) {
    const shadow = element.shadowRoot ?? closedRoots.get(element);
    if (shadow && element.localName !== 'hotswap-overlay') yield* roots(shadow);
    if (element.localName === 'iframe' && element.contentDocument && !element.contentWindow.__hotswap__) {
      yield* roots(element.contentDocument); // a srcdoc, a fragment
    }
  }
}

// The path of an address of this server as the server spells it, without percent signs; null for other servers.
export function ownPath(address, base = document.baseURI) {
  try {
    const url = new URL(address, base);
    if (url.origin !== location.origin) return null;
    const path = decodeURIComponent(url.pathname);
    return path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length) : path;
  } catch {
    return null;
  }
}

// The same address with another version, so that neither memory nor disk cache answers for it.
export function versioned(address, version, base = document.baseURI) {
  const url = new URL(address, base);
  url.searchParams.set('hs', version);
  const here = url.origin === location.origin && new URL(document.baseURI).origin === location.origin;
  return here ? url.pathname + url.search + url.hash : url.href;
}

// How often this page has loaded the file, by whatever means.
export function timesLoaded(path) {
  return performance.getEntriesByType('resource').filter((entry) => ownPath(entry.name) === path).length;
}

export const hasLoaded = (path) => timesLoaded(path) > 0;

// Calls back when a load that is under way now, of which the browser tells only at its end, has ended.
const underWay = new Map();
export function whenLoaded(path, call) {
  underWay.set(path, { since: performance.now(), call });
}

// Chromium stamps a worker's load when its answer arrives, not when it was asked for; one that takes longer is missed.
const LONGEST_WORKER_LOAD = 5000;
new PerformanceObserver((list) => {
  for (const { name, startTime, initiatorType } of list.getEntries()) {
    const waiting = underWay.size && underWay.get(ownPath(name));
    if (!waiting) continue;
    underWay.delete(ownPath(name));
    const asked = initiatorType === 'other' ? startTime - LONGEST_WORKER_LOAD : startTime;
    if (asked < waiting.since) waiting.call();
  }
}).observe({ type: 'resource' });

// The browser forgets resources beyond 250 by default; `hasLoaded` needs them all.
performance.setResourceTimingBufferSize?.(5000);
