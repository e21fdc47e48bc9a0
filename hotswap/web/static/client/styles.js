// Style sheets are replaced, never removed first: the new link stands beside the old one until it has loaded.

import { log, NativeFetch, nonce, ownPath, roots, settings, trustedScript, versioned } from './page.js';
import { reload } from './reload.js';

// A sheet whose media do not match may report late or never.
const PATIENCE = 1500;
const IMPORT_RULE = 3; // CSSRule.IMPORT_RULE
const FONT_FACE_RULE = 5;
const IMPORT = /(@import\s+(?:url\(\s*)?["']?)([^"')\s;]+)/gi;

// By path, for images and fonts that changed since the page was loaded (assets.js): a sheet that is fetched anew
// names them without a version again.
export const assetVersions = new Map();

// What is reported when this many places show the new version.
export const replacedIn = (places) => (places === 1 ? 'replaced' : `replaced in ${places} places`);

export async function styleChanged(path, version) {
  await Promise.all(settling.values()); // until then a link has no sheet to look into
  const jobs = [];
  for (const root of roots()) {
    for (const link of root.querySelectorAll('link[rel~="stylesheet" i]:not([data-hotswap])')) {
      const sheet = standIns.has(link) ? inner(standIns.get(link)) : link.sheet;
      if (ownPath(link.href) === path || imports(sheet, path)) {
        jobs.push(replaceLink(link, versioned(link.href, version)));
      }
    }
    for (const style of root.querySelectorAll('style:not([data-hotswap])')) {
      if (imports(style.sheet, path)) jobs.push(replaceStyle(style, version));
    }
  }
  const worked = (await Promise.all(jobs)).filter(Boolean).length;
  if (!jobs.length) return (await constructedSheets(path, version)) ?? 'not on this page';
  return worked === jobs.length ? replacedIn(worked) : 'the new sheet did not load: the old one stays';
}

// Sheets that scripts made: what is imported `with { type: 'css' }` can be asked for again and written anew.
// Of one made from a fetched text nobody can tell that it came from this file.
async function constructedSheets(path, version) {
  const adopted = new Set([...roots()].flatMap((root) => [...(root.adoptedStyleSheets ?? [])]));
  const loads = performance.getEntriesByType('resource').filter((entry) => ownPath(entry.name) === path);
  if (!adopted.size || !loads.length) return undefined;
  let count = 0;
  for (const address of new Set(loads.map((entry) => entry.name))) {
    try {
      // Not written as import(): older browsers would not parse this file.
      const load = (0, eval)(trustedScript("(address) => import(address, { with: { type: 'css' } })"));
      const sheet = (await load(address)).default;
      if (!adopted.has(sheet)) continue;
      const response = await NativeFetch(versioned(address, version), { cache: 'no-store' });
      if (!response.ok) return 'the new sheet did not load: the old one stays';
      await sheet.replace(await response.text());
      retouch(sheet);
      count += 1;
    } catch (error) {
      log('not a CSS module:', address, error);
    }
  }
  if (count) return replacedIn(count);
  const fetched = loads.some(({ initiatorType }) => ['fetch', 'xmlhttprequest'].includes(initiatorType));
  return fetched ? reload(`a script has read ${path}`) : undefined;
}

// Whether a sheet imports the file at `path`, at any depth.
export function imports(sheet, path, seen = new Set()) {
  if (!sheet || seen.has(sheet)) return false;
  seen.add(sheet);
  let rules;
  try {
    rules = sheet.cssRules;
  } catch {
    return false; // of another server
  }
  for (const rule of rules) {
    if (rule.type !== IMPORT_RULE) continue; // not instanceof: a frame has classes of its own
    if (ownPath(rule.href, sheet.href || document.baseURI) === path) return true;
    if (imports(rule.styleSheet, path, seen)) return true;
  }
  return false;
}

// By link: what shows the new sheet until the link itself has loaded it.
const standIns = new Map();
const settling = new Map();
// Links that were switched off when their file went away.
const switchedOff = new WeakSet();

// Gives false when the new sheet could not be loaded; the old one then stays. The link stays the same element: scripts
// hold on to it (a switch of themes, say). Changing its address alone would show the page without it for a moment.
export async function replaceLink(link, address) {
  await settling.get(link);
  if (link.disabled || link.relList.contains('alternate')) {
    link.href = address; // not shown now
    return true;
  }
  const before = standIns.get(link);
  if (!before && (switchedOff.has(link) || link.sheet?.disabled)) {
    const unseen = reloadUnseen(link, address).finally(() => settling.delete(link));
    settling.set(link, unseen);
    return unseen;
  }
  const forbidden = settings.styles === 'none'; // by the page's policy, which would complain in the console
  let fresh = forbidden ? copied(link, address) : importing(link, address);
  let worked = await loaded(fresh, () => link.after(fresh));
  if (!fresh.sheet && !forbidden) {
    fresh.remove(); // a policy in the page's own markup: a second link then
    fresh = copied(link, address);
    worked = await loaded(fresh, () => link.after(fresh));
  }
  if (!worked) {
    fresh.remove();
    return false;
  }
  standIns.set(link, fresh);
  retouch(fresh.sheet);
  if (link.sheet) link.sheet.disabled = true;
  before?.remove();
  settling.set(link, settle(link, fresh, address).finally(() => settling.delete(link)));
  return true;
}

// The sheet is switched off by a script (`sheet.disabled`). The new one would be on from its load to the event that tells
// of it, and a frame may fall between the two.
async function reloadUnseen(link, address) {
  const media = link.getAttribute('media');
  link.removeAttribute('integrity');
  link.media = 'not all';
  const worked = await loaded(link, () => (link.href = address));
  if (link.sheet) link.sheet.disabled = true;
  if (link.sheet) switchedOff.delete(link);
  else switchedOff.add(link);
  if (media === null) link.removeAttribute('media');
  else link.media = media;
  return worked;
}

// Not a link: whoever counts or collects a page's links is not to find ours.
function importing(link, address) {
  const style = document.createElement('style');
  style.textContent = `@import url("${address.replace(/["\\\n]/g, encodeURIComponent)}");`;
  if (link.media) style.media = link.media;
  if (link.nonce || settings.styles === 'nonce') style.nonce = link.nonce || nonce;
  style.setAttribute('data-hotswap', '');
  return style;
}

function copied(link, address) {
  const fresh = link.cloneNode(false);
  for (const name of ['integrity', 'id', 'onload', 'onerror']) fresh.removeAttribute(name); // integrity of what it was
  fresh.setAttribute('data-hotswap', '');
  fresh.href = address;
  return fresh;
}

// The file may be in the middle of its next save by now: what differs from the stand-in is not shown, and the event
// of that save is on its way.
async function settle(link, fresh, address) {
  link.removeAttribute('integrity');
  const worked = await loaded(link, () => (link.href = address));
  retouch(link.sheet);
  const shown = inner(fresh);
  const taken = link.getAttribute('href') !== address; // the page has given it another file meanwhile
  const complete = taken || link.disabled || (worked && (!link.sheet || !shown || text(link.sheet) === text(shown)));
  // The page may have switched the link off meanwhile, and a sheet that was disabled already told nobody.
  if (link.sheet) link.sheet.disabled = link.disabled || !complete;
  if (!complete) return;
  standIns.delete(link);
  fresh.remove();
}

function inner(standIn) {
  return standIn.localName === 'style' ? standIn.sheet?.cssRules[0]?.styleSheet : standIn.sheet;
}

function text(sheet) {
  return [...sheet.cssRules].map((rule) => rule.cssText).join('\n');
}

// A link whose media do not match, or that a script switches off meanwhile, may never tell.
// Begins a load and waits for its end, of which the page's own listeners hear nothing: they have had theirs.
function loaded(link, begin) {
  return new Promise((done) => {
    const end = (event) => {
      event?.stopImmediatePropagation();
      clearTimeout(timer);
      for (const kind of ['load', 'error']) link.removeEventListener(kind, end, true);
      done(event?.type !== 'error');
    };
    const quiet = link.isConnected || (link.media && !matchMedia(link.media).matches);
    const timer = quiet ? setTimeout(end, PATIENCE) : undefined;
    for (const kind of ['load', 'error']) link.addEventListener(kind, end, true);
    begin();
  });
}

function replaceStyle(style, version) {
  return new Promise((done) => {
    const fresh = style.cloneNode(false);
    fresh.textContent = style.textContent.replace(IMPORT, (whole, before, address) =>
      ownPath(address) === null ? whole : before + versioned(address, version),
    );
    const settle = (worked) => {
      clearTimeout(timer);
      (worked ? style : fresh).remove();
      done(worked);
    };
    const timer = setTimeout(() => settle(true), PATIENCE);
    fresh.onload = () => settle(true);
    fresh.onerror = () => settle(false);
    style.after(fresh);
  });
}

// The paths of all sheets of this server that the page links to.
export function linkedStyles() {
  const paths = new Set();
  for (const root of roots()) {
    for (const link of root.querySelectorAll('link[rel~="stylesheet" i]')) {
      const path = ownPath(link.href);
      if (path !== null) paths.add(path);
    }
  }
  return paths;
}

export function retouch(sheet) {
  for (const [path, version] of assetVersions) touchSheet(sheet, path, version);
}

// Point every url() of `path` within a sheet, and all that it imports, to `version`; gives how many there were.
export function touchSheet(sheet, path, version) {
  let rules;
  try {
    rules = sheet?.cssRules;
  } catch {
    return 0;
  }
  let count = 0;
  const base = sheet?.href || document.baseURI;
  const all = (holder) => {
    [...(holder ?? [])].forEach((rule, place) => {
      if (rule.type === FONT_FACE_RULE) count += touchFont(rule, place, path, version, base);
      else if (rule.style) count += touchStyle(rule.style, path, version, base);
      if (rule.cssRules) all(rule.cssRules);
      if (rule.type === IMPORT_RULE) count += touchSheet(rule.styleSheet, path, version);
    });
  };
  all(rules);
  return count;
}

// A font face does not follow changes of its descriptors: the rule is written anew.
function touchFont(rule, place, path, version, base) {
  const text = replaceUrls(rule.cssText, path, version, base);
  if (text === rule.cssText) return 0;
  const holder = rule.parentRule ?? rule.parentStyleSheet;
  holder.deleteRule(place);
  holder.insertRule(text, place);
  return 1;
}

export function touchStyle(style, path, version, base) {
  let count = 0;
  for (const name of [...style]) {
    const value = style.getPropertyValue(name);
    if (!value.includes('url(')) continue;
    const text = replaceUrls(value, path, version, base);
    if (text !== value) {
      style.setProperty(name, text, style.getPropertyPriority(name));
      count += 1;
    }
  }
  return count;
}

function replaceUrls(text, path, version, base) {
  return text.replace(/url\(\s*(["']?)([^"')]+)\1\s*\)/g, (whole, _, address) =>
    ownPath(address, base) === path ? `url("${versioned(address, version, base)}")` : whole,
  );
}
