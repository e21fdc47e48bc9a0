// Scripts: the changed function is put into the live module, or the module runs again where somebody accepts that
// (`import.meta.hot`, as in Vite), or the page is loaded anew. javascript/rewrite.py says what a served script asks.

import { emit, hasLoaded, off, on, ownPath, PAGE, post, ROOT, roots, trustedScript, whenLoaded, wire } from './page.js';
import { reload } from './reload.js';
import { hideFault, say, showFault } from './overlay.js';

// By address without our own parameters: the record of the module that runs there now.
export const records = new Map();

function idOf(address) {
  const url = new URL(address, location.href);
  url.searchParams.delete('t');
  url.searchParams.delete('hsp');
  return url.pathname + url.search;
}

class Hot {
  #record;
  callbacks = [];
  disposers = [];
  declined = false;

  constructor(record) {
    this.#record = record;
  }

  get data() {
    return this.#record.data;
  }

  accept(dependencies, callback) {
    if (dependencies === undefined || typeof dependencies === 'function') {
      this.callbacks.push({ of: [this.#record.id], call: ([module]) => dependencies?.(module) });
    } else {
      const many = Array.isArray(dependencies);
      const of = (many ? dependencies : [dependencies]).map((name) => idOf(new URL(name, this.#record.url)));
      this.callbacks.push({ of, call: (modules) => callback?.(many ? modules : modules[0]) });
    }
  }

  acceptExports(_names, callback) {
    this.accept(callback);
  }

  dispose(callback) {
    this.disposers.push(callback);
  }

  // Called when a module leaves the page; modules of a page without a bundler never do.
  prune() {}

  decline() {
    this.declined = true;
  }

  invalidate(message) {
    reload(message || `${this.#record.id} cannot take the change`);
  }

  on(name, listener) {
    on(name, listener);
  }

  off(name, listener) {
    off(name, listener);
  }

  send(name, data) {
    wire.send({ t: 'custom', name, data });
  }
}

const isHolder = (value) => Array.isArray(value) || Object.getPrototypeOf(Object(value)) === Object.prototype;

function isSame(one, other) {
  if (!isHolder(one) || !isHolder(other)) return Object.is(one, other) || (one instanceof RegExp && `${one}` === `${other}`);
  const keys = Object.keys(one);
  return (
    Array.isArray(one) === Array.isArray(other) &&
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
  );
}

// Three-way: what the source changed follows, what the script changed stays. Gives the value to use.
function mergeLiterals(live, before, now) {
  const alike = isHolder(live) && isHolder(now) && Array.isArray(live) === Array.isArray(now);
  if (!alike || Object.isFrozen(live)) return isSame(live, before) ? now : live;
  const untouched = isSame(live, before);
  if (Array.isArray(live)) {
    if (untouched) live.splice(0, live.length, ...now);
    return live;
  }
  const merged = {};
  for (const key of Object.keys(now)) {
    const [has, had] = [Object.hasOwn(live, key), Object.hasOwn(before, key)];
    if (has && had) merged[key] = mergeLiterals(live[key], before[key], now[key]);
    else if (has) merged[key] = live[key];
    else if (!had || !isSame(before[key], now[key])) merged[key] = now[key];
  }
  for (const key of Object.keys(live)) {
    const dropped = Object.hasOwn(before, key) && isSame(live[key], before[key]);
    if (!Object.hasOwn(merged, key) && !dropped) merged[key] = live[key];
  }
  // Anew in the source's order, as a fresh load would have it.
  for (const key of Object.keys(live)) delete live[key];
  return Object.assign(live, merged);
}

// Neither of two modules can be patched before the other.
class Tangle extends Error {}

// The records that are being patched just now, and those whose new imports are not to be had.
const following = new Set();
const wanting = new Set();

// What `$$hs` is inside a served script.
class Record {
  // Newer functions by key. No prototype with names: a function may be called `toString`. Each function asks here first,
  // so the first question tells that it has run.
  ran = new Set();
  p = Object.create(new Proxy(Object.create(null), { get: (_, key) => this.#noted(key, undefined) }));
  #classes = new Map();
  #exposed = new Map();
  #imported = new Map();

  constructor(url, digest, meta, evaluate, name) {
    this.url = new URL(url, location.href).href;
    this.id = idOf(this.url);
    this.path = ownPath(this.url);
    this.digest = digest;
    this.meta = meta;
    this.e = evaluate;
    this.name = name;
    // The browser tells a module nothing of the kind.
    this.classic = Boolean(document.currentScript);
    this.data = records.get(this.id)?.data ?? {};
    this.hot = new Hot(this);
    this.w = this.w.bind(this);
  }

  #noted(key, value) {
    this.ran.add(key);
    Object.defineProperty(this.p, key, { value, writable: true, configurable: true, enumerable: true });
    return value;
  }

  // What a patch has put in place has not run yet, unless an older version had.
  watch() {
    for (const key of Object.keys(this.p)) {
      const { value, get } = Object.getOwnPropertyDescriptor(this.p, key);
      if (get || this.ran.has(key)) continue;
      const set = (newer) => Object.defineProperty(this.p, key, { value: newer, writable: true });
      Object.defineProperty(this.p, key, { get: () => this.#noted(key, value), set, configurable: true, enumerable: true });
    }
  }

  // An arrow function cannot ask at its beginning without losing its brevity: it is wrapped. One in a class field
  // (`owner`) is made anew, by the newer version, for the instance it belongs to.
  w(key, original, name, ...owner) {
    const newer = this.p;
    const table = {
      call(...given) {
        return (newer[key] ?? original)(...given);
      },
      field(...given) {
        const make = newer[key];
        if (!make) return original(...given);
        if (table.by !== make) [table.by, table.made] = [make, make.call(owner[0])];
        return table.made(...given);
      },
    };
    const chosen = owner.length ? table.field : table.call;
    const wrapper = (...given) => chosen(...given);
    Object.defineProperty(wrapper, 'length', { value: original.length, configurable: true });
    Object.defineProperty(wrapper, 'name', { value: original.name || name || '', configurable: true });
    return wrapper;
  }

  // A class, and how to evaluate code where its private names are known.
  c(name, definition, evaluate) {
    this.#classes.set(name, { definition, evaluate });
  }

  k(name) {
    return this.#classes.get(name)?.definition;
  }

  // A name that a patch has bound: later patches of other modules import it, class scopes are handed it.
  // What a classic script declares, all scripts and the markup can use.
  x(name, read, write) {
    if (this.classic && (this.#exposed.has(name) || !(name in globalThis))) {
      Object.defineProperty(globalThis, name, { get: read, set: write, configurable: true });
    }
    this.#exposed.set(name, read);
  }

  // A constant object or array, in place: others may hold it, and what was put into it since is state.
  follow(live, before, now) {
    return mergeLiterals(live, before, now);
  }

  has(name) {
    return this.#exposed.has(name);
  }

  read(name) {
    return this.#exposed.get(name)();
  }

  inside(name, mentioned, code) {
    const handed = mentioned.filter((word) => this.#exposed.has(word));
    const make = this.#classes.get(name).evaluate(trustedScript(`(${handed.join(',')})=>${code}`));
    return make(...handed.map((word) => this.read(word)));
  }

  member({ class: name, key, access, static: isStatic, field, add }, literal) {
    const own = Reflect.ownKeys(literal)[0];
    const made = Object.getOwnPropertyDescriptor(literal, own)[access];
    if (add && !field) {
      const home = isStatic ? this.k(name) : this.k(name).prototype;
      const { get, set } = Object.getOwnPropertyDescriptor(home, own) ?? {};
      const slots = access === 'value' ? { writable: true } : { get, set };
      Object.defineProperty(home, own, { ...slots, [access]: made, configurable: true, enumerable: false });
    }
    this.p[`${name}.${key}`] = made;
  }

  drop({ class: name, static: isStatic, access }, property) {
    const home = isStatic ? this.k(name) : this.k(name).prototype;
    const found = Object.getOwnPropertyDescriptor(home, property);
    if (access === 'value' || !found) delete home[property];
    else Object.defineProperty(home, property, { ...found, [access]: undefined });
  }

  imported(specifier, name) {
    return this.#imported.get(`${specifier}\n${name}`);
  }

  // Dynamic import from within the script, so that relative paths and import maps mean what they mean there.
  async load(imports, event) {
    const fetchModule = this.e(trustedScript('specifier=>import(specifier)'));
    const resolve = this.meta?.resolve ?? ((specifier) => new URL(specifier, this.url).href);
    for (const [specifier, name] of imports) {
      const other = records.get(idOf(resolve(specifier)));
      // Saved together with this one, and its event is still to come: it may be what adds the name.
      if (other && name && name !== '*' && !other.has(name)) {
        if (following.has(other)) throw new Tangle(`${this.path} and ${other.path} import from each other anew`);
        await follow(other, event);
      }
      const address = other && other.url !== resolve(specifier) ? other.url : specifier;
      const space = await fetchModule(address);
      if (!name) continue;
      let value = space;
      if (name !== '*') {
        if (other?.has(name)) value = other.read(name);
        else if (name in space) value = space[name];
        else throw new SyntaxError(`${specifier} does not export ${name}`);
      }
      this.#imported.set(`${specifier}\n${name}`, value);
    }
  }
}

// Called by each served script before anything else in it.
export function begin(url, digest, meta, evaluate, name) {
  const record = new Record(url, digest, meta, evaluate, name);
  records.set(record.id, record);
  return record;
}

export async function scriptChanged(event) {
  const running = [...records.values()].filter((record) => record.path === event.path);
  if (!running.length) {
    const mended = await importAgain(event);
    if (mended) return mended;
    // Loaded, but not through us: it did not parse, is a worker, carries a hash, or there is no parser.
    if (hasLoaded(event.path)) return reload(`${event.path} changed`);
    whenLoaded(event.path, () => reload(`${event.path} changed while it was being loaded`));
    return 'not on this page';
  }
  if (event.hot === false) return reload(`${event.path} changed`);
  const did = [];
  for (const record of running) did.push(await follow(record, event));
  const mended = await importAgain(event);
  if (mended) did.push(mended);
  return did.join('; ');
}

// Saved before what they import from was: it may have come now. Gives '' unless all of them have what they want.
async function importAgain(event) {
  const did = [];
  for (const record of [...wanting]) did.push(await follow(record, event));
  return wanting.size ? '' : did.join('; ');
}

async function follow(record, event) {
  const answer = await (await post('script-diff', { path: record.path, from: record.digest, ...pageScripts(record) })).json();
  const key = `page:${record.id}`;
  wanting.delete(record);
  if (answer.mode === 'fault') return 'syntax error: the last good version runs on'; // the server shows it
  hideFault(key);
  if (answer.mode === 'none') {
    record.digest = answer.to;
    return 'no difference';
  }
  if (answer.mode === 'rerun') return runAgain(record, event, answer);
  const left = (answer.left ?? []).find(([name]) => record.ran.has(name));
  if (left) return runAgain(record, event, { ...answer, why: `${left[1]} has run, and what it left behind has the old code` });
  emit('before-update', { path: record.path, mode: answer.mode });
  const over = (answer.spent ?? []).filter((name) => !calledByMarkup(name));
  if (over.length) return reload(`${over[0]} has run, and nothing calls it again`);
  const built = (answer.built ?? []).find((name) => elementsOf(record.k(name)).length);
  if (built) return reload(`what ${built} has built stands on the page`);
  following.add(record);
  wanting.add(record);
  try {
    await record.load(answer.imports, event);
    wanting.delete(record);
    if (answer.code) record.e(trustedScript(answer.code));
    record.watch();
  } catch (error) {
    if (error instanceof EvalError) return reload('the page forbids eval, so functions cannot be replaced');
    if (error instanceof Tangle) return reload(error.message);
    return failed(key, error, answer.file);
  } finally {
    following.delete(record);
  }
  record.digest = answer.to;
  answer.redrawn?.forEach((pair) => drawAgain(record, pair));
  await callAccepting(record);
  const { changed, added, removed, kept } = answer;
  emit('after-update', { path: record.path, mode: 'patch', changed, added, removed, kept });
  const list = [...changed, ...added.map((name) => `+${name}`), ...removed.map((name) => `-${name}`)];
  const state = kept.length ? ` (value kept: ${kept.join(', ')})` : '';
  const names = list.join(', ') || 'what stands outside of functions';
  say(`${record.path.split('/').pop()}: ${names}${state}`);
  return `patched ${names}${state}`;
}

// What else runs here, for the server to find out who uses what.
function pageScripts(record) {
  const file = record.path.split('/').pop();
  const uses = (script) => script.type === 'module' || /\bimport\s*\(/.test(script.textContent);
  const inline = [...document.scripts].filter((script) => !script.src && uses(script));
  return {
    loaded: [...records.values()].map((other) => other.path),
    inline: inline.map((script) => script.textContent).filter((text) => text.includes(file)),
    page: ownPath(document.baseURI) ?? '/',
    classic: record.classic,
  };
}

// Whether an attribute like onclick="toggle()", or a script in the page, can call a classic script's function.
function calledByMarkup(key) {
  const names = key.split(/[.#]/).filter((word) => /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(word) && word !== 'constructor');
  const mention = (text) => text.split(/[^\p{L}\p{N}_$]+/u).some((word) => names.includes(word));
  if ([...document.scripts].some((script) => !script.src && mention(script.textContent))) return true;
  for (const element of document.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) if (/^on|^[@:]|-on/.test(name) && mention(value)) return true;
  }
  return false;
}

// The custom elements of a class that stand on the page.
function elementsOf(definition) {
  if (!definition) return [];
  const all = [...roots()].flatMap((root) => [...root.querySelectorAll(':defined')]);
  return all.filter((element) => element instanceof definition);
}

function drawAgain(record, [name, method]) {
  for (const element of elementsOf(record.k(name))) {
    try {
      element[method]();
    } catch (error) {
      console.error(error);
    }
  }
}

// A module that accepts itself was patched, not run again: its callback may still want to draw.
async function callAccepting(record) {
  for (const { of, call } of record.hot.callbacks) {
    if (!of.includes(record.id)) continue;
    const space = await record.e(trustedScript('specifier=>import(specifier)'))(record.url);
    try {
      call([space]);
    } catch (error) {
      console.error(error);
    }
  }
}

async function runAgain(record, event, answer) {
  const runs = {};
  for (const { path, url } of records.values()) {
    const number = new URL(url).searchParams.get('t');
    if (number) runs[path] = Number(number);
  }
  const found = await (
    await post('script-boundaries', {
      path: record.path,
      id: event.id,
      page: PAGE,
      loaded: [...records.values()].map((other) => other.path),
      runs,
    })
  ).json();
  if (found.dead) return reload(`${event.path}: ${answer.why}`);
  const done = [];
  try {
    for (const { by, module } of found.accepted) {
      const owner = recordAt(by);
      const target = recordAt(module);
      if (!owner || owner.hot.declined || target?.hot.declined) return reload(`${module} declines updates`);
      const callbacks = owner.hot.callbacks.filter(({ of }) => of.includes(target?.id ?? module));
      for (const dispose of target?.hot.disposers ?? []) await dispose(target.data);
      const space = await import(`${ROOT}${encodeURI(module)}?t=${event.id}&hsp=${encodeURIComponent(PAGE)}`);
      done.push(() => callbacks.forEach(({ of, call }) => call(of.map((id) => (id === target?.id ? space : undefined)))));
    }
    done.forEach((call) => call());
  } catch (error) {
    return failed(`page:${record.id}`, error, answer.file);
  }
  emit('after-update', { path: event.path, mode: 'rerun', accepted: found.accepted });
  say(`${event.path.split('/').pop()}: ran again (${answer.why})`);
  return `ran again: ${answer.why}`;
}

function recordAt(path) {
  return [...records.values()].find((record) => record.path === path);
}

function failed(key, error, file) {
  const frames = file ? [{ file, rel: key.slice(5), line: error.lineNumber ?? 1, col: 1, func: '', code: '' }] : [];
  const hint = 'the page may run a part of the new version: reload it once the file is mended';
  showFault({ key, kind: 'javascript', title: error.name, message: error.message, hint, frames });
  console.error(error);
  return `failed: ${error.message}`;
}
