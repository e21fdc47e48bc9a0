// Loading the page anew with what the user had: form fields, scroll positions, focus, open details and dialogs.

import { answersForm, emit, log, trustedHtml, wire } from './page.js';

const STORE = '__hotswap_restore';
const COUNT = '__hotswap_reloads';
// A page that keeps asking for its own reload (two servers behind one name, say) is stopped here; nobody who saves with
// a hand, and no script that saves one file after another, comes to so many.
const MOST_RELOADS = 30;
const WITHIN = 10000;
// What a script draws only after its first answer has come (milliseconds after `load`).
const LATECOMERS = 3000;
const SECRET = ['password', 'file', 'hidden'];

export let leaving = false;

export function reload(reason) {
  if (leaving) return 'reload';
  if (answersForm) {
    emit('reload-held', { reason });
    return `not loaded again, the page answers a form (${reason})`;
  }
  if (tooMany()) {
    console.warn(`[hotswap] not reloading again (${reason}): ${MOST_RELOADS} reloads within ${WITHIN / 1000} s`);
    return 'reload held back';
  }
  if (!emit('before-reload', { reason })) return 'reload prevented by the page';
  leaving = true;
  try {
    sessionStorage.setItem(STORE, JSON.stringify(remember()));
  } catch {
    // no storage here (a sandboxed frame): the reload forgets
  }
  log('reload:', reason);
  wire.send({ t: 'reload', reason });
  // One turn, so that the report of this event still leaves.
  setTimeout(() => location.reload(), 0);
  return `reload: ${reason}`;
}

function tooMany() {
  try {
    const now = Date.now();
    const all = JSON.parse(sessionStorage.getItem(COUNT) ?? '[]').filter(([at]) => now - at < WITHIN);
    if (all.filter(([, path]) => path === location.pathname).length >= MOST_RELOADS) return true;
    sessionStorage.setItem(COUNT, JSON.stringify([...all, [now, location.pathname]]));
  } catch {
    return false;
  }
  return false;
}

// A selector that finds the element again in the same page made anew.
function pathTo(element) {
  const steps = [];
  for (let at = element; at && at !== document.documentElement; at = at.parentElement) {
    if (at.id) {
      steps.unshift(`#${CSS.escape(at.id)}`);
      break;
    }
    const alike = [...(at.parentElement?.children ?? [])].filter((other) => other.localName === at.localName);
    steps.unshift(`${CSS.escape(at.localName)}:nth-of-type(${alike.indexOf(at) + 1})`);
  }
  return steps.join('>');
}

function fieldValue(field) {
  if (field.type === 'checkbox' || field.type === 'radio') return field.checked;
  if (field.multiple && field.options) return [...field.options].map((option) => option.selected);
  return field.value;
}

function isUntouched(field) {
  if (field.type === 'checkbox' || field.type === 'radio') return field.checked === field.defaultChecked;
  if (field.options) return [...field.options].every((option) => option.selected === option.defaultSelected);
  return field.value === field.defaultValue;
}

function remember() {
  const fields = [];
  for (const field of document.querySelectorAll('input,textarea,select')) {
    // What the user has not touched follows the new page.
    if (!SECRET.includes(field.type) && !isUntouched(field)) fields.push([pathTo(field), fieldValue(field)]);
  }
  const texts = [...document.querySelectorAll('[contenteditable]:not([contenteditable=false])')];
  const scrolled = [...document.querySelectorAll('*')].filter((e) => e.scrollTop || e.scrollLeft);
  const active = document.activeElement;
  return {
    page: location.pathname,
    fields,
    texts: texts.map((element) => [pathTo(element), element.innerHTML]),
    open: [...document.querySelectorAll('details,dialog')].map((e) => [pathTo(e), e.open, e.matches(':modal')]),
    scrolled: scrolled.map((element) => [pathTo(element), element.scrollTop, element.scrollLeft]),
    window: [scrollX, scrollY],
    focus: active && active !== document.body ? [pathTo(active), ...selectionOf(active)] : null,
  };
}

function selectionOf(field) {
  try {
    return [field.selectionStart, field.selectionEnd];
  } catch {
    return [null, null]; // number and date fields have none
  }
}

function find(path) {
  try {
    return document.querySelector(path);
  } catch {
    return null;
  }
}

// Fields as soon as there are any, once more what scripts have made until everything is loaded, and what they make
// a little later, unless the user has begun to type.
export function restoring() {
  let state = null;
  try {
    state = JSON.parse(sessionStorage.getItem(STORE));
    sessionStorage.removeItem(STORE);
  } catch {
    return;
  }
  if (!state || state.page !== location.pathname) return;
  const done = new Set();
  const early = () => restoreFields(state, done);
  const late = () => {
    restoreFields(state, done);
    restorePlace(state);
    emit('restored', {});
    if (state.fields.some(([path]) => !done.has(path))) restoreLatecomers(state, done);
  };
  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', early, { once: true });
  else early();
  if (document.readyState === 'complete') late();
  else addEventListener('load', () => late(), { once: true });
}

function restoreLatecomers(state, done) {
  const watching = new MutationObserver(() => restoreFields(state, done));
  watching.observe(document.documentElement, { childList: true, subtree: true });
  const end = () => watching.disconnect();
  setTimeout(end, LATECOMERS);
  addEventListener('keydown', end, { once: true, capture: true });
}

function restoreFields(state, done) {
  for (const [path, value] of state.fields) {
    const field = done.has(path) ? null : find(path);
    if (!field) continue;
    done.add(path);
    if (typeof value === 'boolean') field.checked = value;
    else if (Array.isArray(value)) value.forEach((on, i) => field.options?.[i] && (field.options[i].selected = on));
    else field.value = value;
  }
  for (const [path, text] of state.texts) {
    const element = done.has(path) ? null : find(path);
    if (!element) continue;
    done.add(path);
    if (element.innerHTML !== text) element.innerHTML = trustedHtml(text);
  }
  for (const [path, open, modal] of state.open) {
    const element = done.has(path) ? null : find(path);
    if (!element) continue;
    done.add(path);
    if (modal && !element.open && element.isConnected) element.showModal();
    else if (element.open !== open) element.open = open;
  }
}

function restorePlace(state) {
  for (const [path, top, left] of state.scrolled) find(path)?.scrollTo({ top, left, behavior: 'instant' });
  scrollTo({ left: state.window[0], top: state.window[1], behavior: 'instant' });
  const [path, start, end] = state.focus ?? [];
  const field = path && find(path);
  if (!field) return;
  field.focus({ preventScroll: true });
  if (start !== null && start !== undefined) {
    try {
      field.setSelectionRange(start, end);
    } catch {
      // not a text field any more
    }
  }
}
