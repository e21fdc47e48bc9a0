// What a served script leaves with us while it runs: by which its functions are replaced, and `import.meta.hot`, as in
// Vite. javascript/rewrite.py says what a served script asks.

import { mergeLiterals } from './literals.js';
import { off, on, ownPath, trustedScript, wire } from './page.js';
import { reload } from './reload.js';

// By address without our own parameters: the record of the module that runs there now.
export const records = new Map();

// What only a page loaded anew can link.
export class Unlinked extends Error {}

export function recordAt(path) {
  return [...records.values()].find((record) => record.path === path);
}

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

// What `$$hs` is inside a served script.
class Record {
  // Newer functions by key. No prototype with names: a function may be called `toString`. Each function asks here first,
  // so the first question tells that it has run.
  ran = new Set();
  p = Object.create(new Proxy(Object.create(null), { get: (_, key) => this.#noted(key, undefined) }));
  #classes = new Map();
  #exposed = new Map();
  #imported = new Map();
  importing = ''; // what `load` has got to

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

  // Dynamic import from within the script, so that relative paths and import maps mean what they mean there. `home` and
  // `own` say which module binds the name, by whatever ways it comes from there, and what it is called in it.
  // `patchFirst` is called with the module that has yet to bind it.
  async load(imports, patchFirst) {
    const fetchModule = this.e(trustedScript('specifier=>import(specifier)'));
    const resolve = this.meta?.resolve ?? ((specifier) => new URL(specifier, this.url).href);
    for (const [specifier, name, home, own] of imports) {
      this.importing = specifier;
      const other = records.get(idOf(resolve(specifier)));
      const binding = home ? recordAt(home) : undefined;
      if (binding && !binding.has(own)) await patchFirst(binding);
      const address = other && other.url !== resolve(specifier) ? other.url : specifier;
      const space = await linked(fetchModule, address);
      if (!name) continue;
      let value = space;
      if (name !== '*') {
        if (binding?.has(own)) value = binding.read(own);
        else if (name in space) value = space[name];
        else if (home) throw new Unlinked(`${specifier} exports ${name} only since the page was loaded`);
        else throw new SyntaxError(`${specifier} does not export ${name}`);
      }
      this.#imported.set(`${specifier}\n${name}`, value);
    }
  }
}

// A module that is new to the page is linked by the browser, which knows nothing of names that patches have added.
async function linked(fetchModule, address) {
  try {
    return await fetchModule(address);
  } catch (error) {
    const name = /export named '([^']+)'|import not found: (\S+)/.exec(error.message)?.slice(1).find(Boolean);
    if (!name || ![...records.values()].some((record) => record.has(name))) throw error;
    throw new Unlinked(`${address} imports ${name}, which is new to this page`);
  }
}

// Called by each served script before anything else in it.
export function begin(url, digest, meta, evaluate, name) {
  const record = new Record(url, digest, meta, evaluate, name);
  records.set(record.id, record);
  return record;
}
