// Scripts: the changed function is put into the live module, or the module runs again where somebody accepts that, or
// the page is loaded anew.

import { emit, hasLoaded, ownPath, PAGE, post, ROOT, roots, trustedScript, whenLoaded } from './page.js';
import { recordAt, records, Unlinked } from './records.js';
import { reload } from './reload.js';
import { hideFault, say, showFault } from './overlay.js';

// A script that has come runs soon; of one that never says so (a worker) we cannot tell which version it is.
const RUNS_SOON = 20;

// The records that are being patched just now, and those whose new imports are not to be had.
const following = new Set();
const wanting = new Set();

export async function scriptChanged(event) {
  const running = [...records.values()].filter((record) => record.path === event.path);
  if (!running.length) {
    const mended = await importAgain(event);
    if (mended) return mended;
    // Loaded, but not through us: it did not parse, is a worker, carries a hash, or there is no parser.
    if (hasLoaded(event.path)) return reload(`${event.path} changed`);
    whenLoaded(event.path, () => followLate(event));
    return 'not on this page';
  }
  if (event.hot === false) return reload(`${event.path} changed`);
  const did = [];
  for (const record of running) did.push(await follow(record, event));
  const mended = await importAgain(event);
  if (mended) did.push(mended);
  return did.join('; ');
}

// It was on its way when the file was saved, and may be the old version or the new one.
async function followLate(event) {
  const now = () => [...records.values()].filter((record) => record.path === event.path);
  for (let tries = 0; !now().length && tries < RUNS_SOON; tries += 1) await new Promise((done) => setTimeout(done, 20));
  const running = now();
  if (!running.length) return reload(`${event.path} changed while it was being loaded`);
  for (const record of running) await follow(record, event);
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
  let begun = false;
  try {
    await record.load(answer.imports, (other) => patchFirst(record, other, event));
    wanting.delete(record);
    begun = true;
    if (answer.code) record.e(trustedScript(answer.code));
    record.watch();
  } catch (error) {
    if (error instanceof EvalError) return reload('the page forbids eval, so functions cannot be replaced');
    if (error instanceof Unlinked) return reload(error.message);
    return failed(key, error, answer.file, begun ? 1 : answer.lines?.[record.importing], begun);
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

// Saved together with `record`, and its own event is still to come: it may be what adds a name.
async function patchFirst(record, other, event) {
  if (following.has(other)) throw new Unlinked(`${record.path} and ${other.path} import from each other anew`);
  await follow(other, event);
}

// What else runs here, for the server to find out who uses what.
function pageScripts(record) {
  const file = record.path.split('/').pop();
  const texts = (uses) => [...document.scripts].filter((one) => !one.src && uses(one)).map((one) => one.textContent);
  const mayImport = ({ textContent }) => /\bimport\s*\(/.test(textContent) && textContent.includes(file);
  return {
    loaded: [...records.values()].map((other) => other.path),
    // A module may have it by a barrel, or by another name of an import map.
    inline: texts((script) => script.type === 'module' || mayImport(script)),
    maps: texts((script) => script.type === 'importmap'),
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
      tab: PAGE,
      ...pageScripts(record),
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
    return failed(`page:${record.id}`, error, answer.file, 1, true);
  }
  emit('after-update', { path: event.path, mode: 'rerun', accepted: found.accepted });
  say(`${event.path.split('/').pop()}: ran again (${answer.why})`);
  return `ran again: ${answer.why}`;
}

// `begun`: some of the new version may run already.
function failed(key, error, file, line = 1, begun = false) {
  const frames = file ? [{ file, rel: key.slice(5), line, col: 1, func: '', code: '' }] : [];
  showFault({ key, kind: begun ? 'begun' : 'javascript', title: error.name, message: error.message, frames });
  console.error(error);
  return `failed: ${error.message}`;
}
