// Style sheets are replaced, never removed first: the new link stands beside the old one until it has loaded.

import { ownPath, roots, versioned } from './page.js';

// A sheet whose media do not match may report late or never.
const PATIENCE = 1500;
const IMPORT = /(@import\s+(?:url\(\s*)?["']?)([^"')\s;]+)/gi;

// By path, for images and fonts that changed since the page was loaded (assets.js): a sheet that is fetched anew
// names them without a version again.
export const assetVersions = new Map();

export async function styleChanged(path, version) {
  const jobs = [];
  for (const root of roots()) {
    for (const link of root.querySelectorAll('link[rel~="stylesheet" i]')) {
      if (link.dataset.hotswapOld === undefined && (ownPath(link.href) === path || imports(link.sheet, path))) {
        jobs.push(replaceLink(link, versioned(link.href, version)));
      }
    }
    for (const style of root.querySelectorAll('style')) {
      if (imports(style.sheet, path)) jobs.push(replaceStyle(style, version));
    }
  }
  const worked = (await Promise.all(jobs)).filter(Boolean).length;
  if (!jobs.length) return 'not on this page';
  return worked === jobs.length ? `style x${worked}` : 'the new sheet did not load: the old one stays';
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
    if (!(rule instanceof CSSImportRule)) continue;
    if (ownPath(rule.href, sheet.href || document.baseURI) === path) return true;
    if (imports(rule.styleSheet, path, seen)) return true;
  }
  return false;
}

// Gives false when the new sheet could not be loaded; the old one then stays.
export function replaceLink(link, address) {
  return new Promise((done) => {
    const fresh = link.cloneNode(false);
    fresh.removeAttribute('integrity'); // it vouched for the file as it was
    fresh.href = address;
    link.dataset.hotswapOld = '';
    const settle = (worked) => {
      clearTimeout(timer);
      if (worked) {
        link.remove();
        retouch(fresh.sheet);
      } else {
        fresh.remove();
        delete link.dataset.hotswapOld;
      }
      done(worked);
    };
    const quiet = fresh.disabled || (fresh.media && !matchMedia(fresh.media).matches);
    const timer = quiet ? setTimeout(() => settle(true), PATIENCE) : undefined;
    fresh.onload = () => settle(true);
    fresh.onerror = () => settle(false);
    link.after(fresh);
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
      if (rule instanceof CSSFontFaceRule) count += touchFont(rule, place, path, version, base);
      else if (rule.style) count += touchStyle(rule.style, path, version, base);
      if (rule.cssRules) all(rule.cssRules);
      if (rule instanceof CSSImportRule) count += touchSheet(rule.styleSheet, path, version);
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
