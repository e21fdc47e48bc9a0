// After a save that may change this page: ask the server for it again, and merge the difference into what is shown.

import {
  answersForm,
  ask,
  documentAddress,
  emit,
  log,
  NativeFetch,
  ownPath,
  PAGE,
  settings,
  trustedHtml,
  withOwnNonce,
} from './page.js';
import { reload } from './reload.js';
import { replaceLink } from './styles.js';
import { retouchElements } from './assets.js';
import { Conflict, mergeDocuments } from './merge.js';

// What the server sent when this page was made, and its status; null until fetched, '' when it is not known any more.
let base = null;
let baseStatus = 200;
let postponed = '';

async function decode(response, type) {
  const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(type ?? '')?.[1] ?? 'utf-8';
  let decoder;
  try {
    decoder = new TextDecoder(charset);
  } catch {
    decoder = new TextDecoder();
  }
  return withOwnNonce(decoder.decode(await response.arrayBuffer()));
}

export async function loadBase() {
  if (base !== null) return base;
  const response = await ask(`base?page=${encodeURIComponent(PAGE)}`);
  if (!response.ok) return (base = '');
  baseStatus = Number(response.headers.get('x-hotswap-status'));
  return (base = await decode(response, response.headers.get('x-hotswap-type')));
}

// A tab that nobody sees fetches nothing: it follows when it is looked at.
export function refresh(why) {
  if (document.hidden) {
    postponed = why;
    return 'later: the tab is hidden';
  }
  return refreshNow(why);
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden || !postponed) return;
  const why = postponed;
  postponed = '';
  refreshNow(why).catch((error) => console.error(error));
});

async function refreshNow(why) {
  if (answersForm) return reload(`${why} changed`); // which says why it does not
  const before = await loadBase();
  if (!before) return reload('the page as it was sent is not known any more');
  const response = await NativeFetch(documentAddress, {
    headers: { accept: 'text/html,*/*;q=0.8', 'x-hotswap': 'merge', 'x-hotswap-status': String(baseStatus) },
    cache: 'no-store',
    credentials: 'same-origin',
  });
  const type = response.headers.get('content-type') ?? '';
  if (response.redirected && ownPath(response.url) !== ownPath(documentAddress)) return reload('the page is redirected now');
  if (response.status !== baseStatus) {
    // What works now is worth loading; what is broken now is not worth losing the page for.
    return response.ok || baseStatus >= 400 ? reload(`the page answers ${response.status} now`) : `the page answers ${response.status}`;
  }
  if (baseStatus >= 500 && !type.startsWith('text/html')) return `the page answers ${baseStatus} still`;
  if (!type.startsWith('text/html')) return reload(`the page is ${type || 'empty'} now`);
  const now = await decode(response, type);
  if (now === before) return 'no difference';
  return apply(before, now, why);
}

function apply(before, now, why) {
  const parser = new DOMParser();
  const focused = document.activeElement;
  const waiting = [];
  let counts;
  try {
    counts = mergeDocuments(
      parser.parseFromString(trustedHtml(before), 'text/html'),
      parser.parseFromString(trustedHtml(now), 'text/html'),
      document,
      (link, address) => waiting.push(replaceLink(link, address)),
    );
  } catch (error) {
    if (error instanceof Conflict) return reload(error.message);
    throw error;
  }
  base = now;
  retouchElements();
  globalThis.htmx?.process?.(document.body); // looks at each element whose attributes are new to it
  if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
  log('merged after', why, counts);
  emit('after-merge', { why, ...counts });
  return Promise.all(waiting).then(() => {
    const done = Object.entries(counts).filter(([, count]) => count);
    return `merged (${done.map(([what, count]) => `${what}: ${count}`).join(', ') || 'nothing that shows'})`;
  });
}

export function followPython() {
  if (settings.onPatch === 'none') return 'told';
  return settings.onPatch === 'reload' ? reload('Python changed') : refresh('Python');
}
