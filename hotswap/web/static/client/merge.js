// A three-way merge of HTML: what the server changed is applied to the live document, what the page's own scripts and
// the user have changed since stays. `before` and `now` are the server's documents, `live` is what is on screen.

import { nonce, ownPath } from './page.js';

// Only the page loaded anew can show this.
export class Conflict extends Error {}

// Beyond this many comparisons children are paired in order only.
const MOST_PAIRS = 250000;
const RUNNING_TYPES = /^(?:|module|importmap|speculationrules|text\/javascript|application\/(?:x-)?(?:java|ecma)script|text\/ecmascript)$/i;

// Attributes and texts that a library reads when it starts, and never again: to change them changes nothing.
// Alpine watches its own, `@` and `:` among them, but for what it starts with; htmx is told by documents.js.
function isBound(name) {
  if (name === 'x-data' || name === 'x-init') return true;
  if (/^(?:v-|[@:#])/.test(name)) return !document.querySelector('[x-data]');
  return /^(?:data-)?hx-/.test(name) && !globalThis.htmx?.process;
}

const boundAttributes = (element) => [...element.attributes].filter(({ name }) => isBound(name));

function checkBound(before, now) {
  for (const { name, value } of boundAttributes(now)) {
    if (before.getAttribute(name) !== value) throw new Conflict(`${name} is read once, when the page starts`);
  }
  for (const { name } of boundAttributes(before)) {
    if (!now.hasAttribute(name)) throw new Conflict(`${name} is read once, when the page starts`);
  }
}

function isBoundWithin(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return isMoustache(node.data);
  const ownStart = ({ name }) => name.startsWith('x-'); // Alpine sees elements come
  return [node, ...node.querySelectorAll('*')].some((e) => boundAttributes(e).some((one) => !ownStart(one)));
}

// The server has filled in its own: these are for a script.
const isMoustache = (text) => text.includes('{{') && text.includes('}}');

// Applies the difference; `swapSheet(link, address)` is asked to replace style sheets without a flash.
export function mergeDocuments(before, now, live, swapSheet) {
  const merging = { counts: { attributes: 0, texts: 0, added: 0, removed: 0 }, swapSheet };
  // One that is not the page's own (documents.js) is new in every answer: it is no difference, and is of no use here.
  for (const page of [before, now]) {
    for (const element of page.querySelectorAll('[nonce]')) {
      if (!nonce || element.getAttribute('nonce') !== nonce) element.removeAttribute('nonce');
    }
  }
  // Look before anything is touched: a merge that cannot end must not begin.
  compare(before.head, now.head, live.head, null);
  compare(before.body, now.body, live.body, null);
  mergeAttributes(before.documentElement, now.documentElement, live.documentElement, merging);
  compare(before.head, now.head, live.head, merging);
  compare(before.body, now.body, live.body, merging);
  return merging.counts;
}

// One element of all three documents. Without `merging` it only looks for conflicts.
function compare(before, now, live, merging) {
  if (!before || !now || !live) throw new Conflict('the document has another structure');
  if (before.outerHTML === now.outerHTML) return;
  if (merging) mergeAttributes(before, now, live, merging);
  else checkBound(before, now);
  const special = SPECIAL[now.localName];
  if (special && now.namespaceURI === 'http://www.w3.org/1999/xhtml') {
    if (special(before, now, live, merging)) return;
  }
  compareChildren(before, now, live, merging);
}

// Elements whose content is not simply children. Each gives true when there is nothing left to do.
const SPECIAL = {
  script(before, now, live, merging) {
    if (!RUNNING_TYPES.test(now.type)) return mergeText(before, now, live, merging);
    if (before.textContent !== now.textContent) throw new Conflict('a script in the page changed');
    const moved = ownPath(before.src) !== ownPath(now.src) || before.type !== now.type;
    // Another ?v= behind the same path is the file's own affair: it has its own event.
    if (moved) throw new Conflict('the page loads another script');
    return true;
  },
  template(before, now, live, merging) {
    if (now.hasAttribute('shadowrootmode')) throw new Conflict('a declared shadow root changed');
    const drawn = [...now.attributes].some(({ name }) => /^[xv]-/.test(name));
    if (drawn && before.innerHTML !== now.innerHTML) throw new Conflict('a template that is drawn already changed');
    if (before.innerHTML !== now.innerHTML && merging) live.innerHTML = now.innerHTML;
    return true;
  },
  style: mergeText,
  title: mergeText,
  noscript: () => true,
  textarea(before, now, live, merging) {
    if (merging && before.defaultValue !== now.defaultValue) {
      live.defaultValue = now.defaultValue; // shown unless the user has written something
      merging.counts.texts += 1;
    }
    return true;
  },
};

function mergeText(before, now, live, merging) {
  if (merging && before.textContent !== now.textContent) {
    live.textContent = now.textContent;
    merging.counts.texts += 1;
  }
  return true;
}

function mergeAttributes(before, now, live, merging) {
  for (const { name, value, namespaceURI } of now.attributes) {
    const was = before.getAttribute(name);
    if (was === value) continue;
    merging.counts.attributes += 1;
    if (name === 'class') mergeClasses(was ?? '', value, live);
    else if (name === 'style' && live.style) mergeStyle(before, now, live);
    else if (name === 'href' && live.localName === 'link' && live.relList.contains('stylesheet')) {
      merging.swapSheet(live, value);
    } else if (namespaceURI) live.setAttributeNS(namespaceURI, name, value);
    else live.setAttribute(name, value);
  }
  for (const { name } of [...before.attributes]) {
    if (now.hasAttribute(name)) continue;
    merging.counts.attributes += 1;
    if (name === 'class') mergeClasses(before.getAttribute('class'), '', live);
    else if (name === 'style' && live.style) mergeStyle(before, now, live);
    else live.removeAttribute(name);
  }
}

// Classes that a script has put on or taken off stay so.
function mergeClasses(before, now, live) {
  const words = (text) => text.split(/\s+/).filter(Boolean);
  const [old, fresh] = [new Set(words(before)), new Set(words(now))];
  for (const name of old) if (!fresh.has(name)) live.classList.remove(name);
  for (const name of fresh) if (!old.has(name)) live.classList.add(name);
}

function mergeStyle(before, now, live) {
  const names = new Set([...before.style, ...now.style]);
  for (const name of names) {
    const value = now.style.getPropertyValue(name);
    const priority = now.style.getPropertyPriority(name);
    const same = before.style.getPropertyValue(name) === value && before.style.getPropertyPriority(name) === priority;
    if (!same) live.style.setProperty(name, value, priority);
  }
}

function compareChildren(before, now, live, merging) {
  const keepSpace = /^(?:pre|listing)$/.test(now.localName);
  const counts = (node) => meaningful(node, keepSpace);
  const [olds, news] = [[...before.childNodes].filter(counts), [...now.childNodes].filter(counts)];
  const lives = [...live.childNodes].filter((node) => counts(node) && !isOurs(node));
  const liveOf = new Map(pair(olds, lives).map(([old, at]) => [old, at]));
  const found = new Set(liveOf.values());
  const made = lives.filter((node) => !found.has(node)); // by the page's own scripts
  const kept = pair(olds, news);
  const oldOf = new Map(kept.map(([old, fresh]) => [fresh, old]));
  const stays = new Set(kept.map(([old]) => old));

  for (const old of olds) {
    if (stays.has(old)) continue;
    if (runs(old)) throw new Conflict('a script was removed');
    const at = liveOf.get(old);
    if (at && merging) {
      at.remove();
      merging.counts.removed += 1;
    }
  }
  let last = null;
  for (const fresh of news) {
    const old = oldOf.get(fresh);
    if (!old) {
      if (runs(fresh)) throw new Conflict('a script was added');
      if (isBoundWithin(fresh)) throw new Conflict('markup was added that is read when the page starts');
      const place = made.findIndex((node) => isEcho(node, fresh));
      const echo = place < 0 ? null : made.splice(place, 1)[0];
      if (merging) last = echo ? takeOver(echo, fresh, merging) : insert(fresh, last, live, merging);
      continue;
    }
    const at = liveOf.get(old);
    if (at) {
      compareNodes(old, fresh, at, merging);
      last = at.isConnected ? at : last; // a style sheet may have been replaced
    } else if (!old.isEqualNode(fresh)) {
      throw new Conflict(`the page has removed what the server changed: ${describe(old)}`);
    }
  }
}

function compareNodes(old, fresh, at, merging) {
  if (fresh.nodeType === Node.TEXT_NODE && old.data !== fresh.data && (isMoustache(old.data) || isMoustache(fresh.data))) {
    throw new Conflict('a text that a script fills in changed');
  }
  if (fresh.nodeType === Node.ELEMENT_NODE) compare(old, fresh, at, merging);
  else if (merging && old.data !== fresh.data && at.data !== fresh.data) {
    if (at.data !== old.data && at.parentElement?.isContentEditable) return; // the user is writing there
    at.data = fresh.data;
    merging.counts.texts += 1;
  }
}

// Whether what the page has made is what the server now says, too: a line that came by a socket, a row that was posted
// in the background. The markup may differ (the page wrote its own), or the template has changed just now.
function isEcho(node, fresh) {
  if (node.nodeType !== fresh.nodeType) return false;
  // The only thing in its element (a status, a clock): what the page says there stays.
  if (node.nodeType === Node.TEXT_NODE) return wordsOf(node) === wordsOf(fresh) || !node.parentElement?.childElementCount;
  if (node.localName !== fresh.localName || node.id !== fresh.id) return false;
  if (node.id || node.isEqualNode(fresh)) return true;
  const [one, other] = [wordsOf(node), wordsOf(fresh)];
  return one === other ? one !== '' : node.className === fresh.className && one !== '' && hasPhrase(other, one);
}

const wordsOf = (node) => node.textContent.trim().replace(/\s+/g, ' ');
const hasPhrase = (text, phrase) => ` ${text} `.includes(` ${phrase} `);

function takeOver(echo, fresh, merging) {
  if (echo.nodeType === Node.TEXT_NODE || echo.id || wordsOf(echo) === wordsOf(fresh)) return echo;
  const added = document.importNode(fresh, true);
  echo.replaceWith(added);
  merging.counts.texts += 1;
  return added;
}

function insert(fresh, last, live, merging) {
  const added = document.importNode(fresh, true);
  // Between inline elements the space before them is part of what is seen.
  const space = fresh.previousSibling;
  const before = space?.nodeType === Node.TEXT_NODE && !space.data.trim() ? [document.importNode(space)] : [];
  if (last) last.after(...before, added);
  else live.prepend(added);
  merging.counts.added += 1;
  return added;
}

function meaningful(node, keepSpace) {
  if (node.nodeType === Node.TEXT_NODE) return keepSpace || Boolean(node.data.trim());
  return node.nodeType === Node.ELEMENT_NODE;
}

function isOurs(node) {
  return node.nodeType === Node.ELEMENT_NODE && node.hasAttribute('data-hotswap');
}

function runs(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return false;
  const scripts = node.localName === 'script' ? [node] : [...node.querySelectorAll('script')];
  return scripts.some((script) => RUNNING_TYPES.test(script.type));
}

function describe(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return `text "${node.data.trim().slice(0, 30)}"`;
  return `<${node.localName}${node.id ? ` id="${node.id}"` : ''}>`;
}

// Nodes with different keys are never the same thing; nodes with the same key may be.
function keyOf(node) {
  if (node.nodeType === Node.TEXT_NODE) return '#text';
  const name = node.localName;
  if (node.id) return `${name}#${node.id}`;
  if (name === 'link') return `link ${node.rel} ${ownPath(node.href) ?? node.href}`;
  if (name === 'script') return `script ${node.type} ${node.src ? ownPath(node.src) ?? node.src : ''}`;
  if (name === 'meta') return `meta ${node.name}${node.httpEquiv}${node.getAttribute('property') ?? ''}`;
  return `${name} ${node.getAttribute('name') ?? ''} ${node.getAttribute('key') ?? node.dataset?.key ?? ''}`;
}

function sketch(node) {
  const isElement = node.nodeType === Node.ELEMENT_NODE;
  return { node, key: keyOf(node), whole: isElement ? node.outerHTML : node.data, look: isElement ? node.className : '' };
}

function alike(one, other) {
  if (one.key !== other.key) return 0;
  if (one.whole === other.whole) return 4;
  return one.node.id || String(one.look) === String(other.look) ? 2 : 1;
}

// The pairs of [first, second] that keep their order and are most alike in sum (longest common subsequence).
function pair(first, second) {
  const a = first.map(sketch);
  const b = second.map(sketch);
  const out = [];
  let begin = 0;
  while (begin < a.length && begin < b.length && alike(a[begin], b[begin]) === 4) {
    out.push([a[begin].node, b[begin].node]);
    begin += 1;
  }
  let [endA, endB] = [a.length, b.length];
  const tail = [];
  while (endA > begin && endB > begin && alike(a[endA - 1], b[endB - 1]) === 4) {
    endA -= 1;
    endB -= 1;
    tail.unshift([a[endA].node, b[endB].node]);
  }
  const [midA, midB] = [a.slice(begin, endA), b.slice(begin, endB)];
  out.push(...(midA.length * midB.length > MOST_PAIRS ? inOrder(midA, midB) : bestPairs(midA, midB)), ...tail);
  return out;
}

function bestPairs(a, b) {
  const best = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  const score = a.map((one) => b.map((other) => alike(one, other)));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const together = score[i][j] ? score[i][j] + best[i + 1][j + 1] : 0;
      best[i][j] = Math.max(best[i + 1][j], best[i][j + 1], together);
    }
  }
  const out = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (score[i][j] && best[i][j] === score[i][j] + best[i + 1][j + 1]) {
      out.push([a[i].node, b[j].node]);
      i += 1;
      j += 1;
    } else if (best[i + 1][j] >= best[i][j + 1]) i += 1;
    else j += 1;
  }
  return out;
}

function inOrder(a, b) {
  const out = [];
  let from = 0;
  for (const one of a) {
    const at = b.findIndex((other, place) => place >= from && alike(one, other));
    if (at < 0) continue;
    out.push([one.node, b[at].node]);
    from = at + 1;
  }
  return out;
}
