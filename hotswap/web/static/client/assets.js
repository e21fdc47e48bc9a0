// Images, fonts, sounds and films, wherever the page shows them: attributes, srcset, style attributes, style sheets,
// and images that only a canvas shows. What scripts have read as data is another matter.

import { ownPath, roots, timesLoaded, versioned, whenLoaded } from './page.js';
import { reload } from './reload.js';
import { assetVersions, replacedIn, touchSheet, touchStyle } from './styles.js';

const HOLDERS =
  'img,source,video,audio,track,iframe,embed,object,input[type=image],link[rel~=icon],link[rel~=apple-touch-icon],image,use,feImage';
const ATTRIBUTES = ['src', 'href', 'poster', 'data', 'xlink:href'];

// Images that stand in no document: `new Image()`, drawn on a canvas each frame.
const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src');
const known = new WeakSet();
const images = new Set();
let fewEnough = 500;

Object.defineProperty(HTMLImageElement.prototype, 'src', {
  ...source,
  set(value) {
    source.set.call(this, value);
    if (known.has(this)) return;
    known.add(this);
    images.add(new WeakRef(this));
    if (images.size < fewEnough) return;
    for (const kept of images) if (!kept.deref()) images.delete(kept);
    fewEnough = 2 * images.size + 500;
  },
});

function detachedImages(path) {
  const all = [...images].map((kept) => kept.deref());
  return all.filter((image) => image?.src && image.getRootNode() !== document && ownPath(image.src) === path);
}

// Loaded beside it first, so that no frame is drawn without; and the page's own `load` listeners, which may start a
// game, have had their event.
function replaceImage(image, version) {
  const address = versioned(image.src, version);
  const fresh = new Image();
  return new Promise((done) => {
    fresh.onerror = () => done(0);
    fresh.onload = () => {
      image.addEventListener('load', (event) => event.stopImmediatePropagation(), { capture: true, once: true });
      source.set.call(image, address);
      done(1);
    };
    source.set.call(fresh, address);
  });
}

// Nobody saves one file twice in so many milliseconds and looks at the page in between: the app writes it.
const RESTLESS = 10000;

function isRestless(path) {
  try {
    const key = `__hotswap_data ${path}`;
    const last = Number(sessionStorage.getItem(key));
    sessionStorage.setItem(key, Date.now());
    return Date.now() - last < RESTLESS;
  } catch {
    return false; // no storage here: reload.js forgets, too
  }
}

// Levels of a game, a table, a shader: whoever read it once would have to read it again. Who reads it again and again
// takes care of itself.
export function dataChanged(path) {
  const times = timesLoaded(path);
  const why = `a script has read ${path}`;
  if (times && isRestless(path)) return `${path} changes by itself, it seems: not followed for now`;
  if (times === 1) return reload(why);
  if (!times) whenLoaded(path, () => reload(why));
  return times ? 'the page asks for it again and again' : 'not on this page';
}

export async function assetChanged(path, version) {
  assetVersions.set(path, version);
  let count = touchElements(path, version);
  for (const root of roots()) {
    for (const sheet of [...root.styleSheets, ...(root.adoptedStyleSheets ?? [])]) {
      count += touchSheet(sheet, path, version);
    }
  }
  const replaced = await Promise.all(detachedImages(path).map((image) => replaceImage(image, version)));
  count += replaced.filter(Boolean).length;
  return count ? replacedIn(count) : 'not on this page';
}

// What a merge has put into the page names files without a version: the browser would show what it remembers.
export function retouchElements() {
  for (const [path, version] of assetVersions) touchElements(path, version);
}

function touchElements(path, version) {
  let count = 0;
  for (const root of roots()) {
    for (const element of root.querySelectorAll(HOLDERS)) count += touchElement(element, path, version);
    for (const element of root.querySelectorAll('[srcset],[imagesrcset]')) count += touchSrcset(element, path, version);
    for (const element of root.querySelectorAll('[style]')) {
      count += touchStyle(element.style, path, version, document.baseURI);
    }
  }
  return count;
}

function touchElement(element, path, version) {
  let count = 0;
  for (const name of ATTRIBUTES) {
    const value = element.getAttribute(name);
    if (!value || ownPath(value) !== path) continue;
    const fresh = versioned(value, version);
    if (fresh === value) continue; // setting it would load it again
    element.setAttribute(name, fresh);
    count += 1;
  }
  return count;
}

// Candidates are separated by commas that follow a space or a descriptor; addresses may hold commas themselves.
function touchSrcset(element, path, version) {
  const name = element.hasAttribute('srcset') ? 'srcset' : 'imagesrcset';
  const value = element.getAttribute(name);
  const fresh = value.replace(/(^|,\s+|,(?=\S+\s))\s*([^\s,][^\s]*[^\s,])/g, (whole, before, address) =>
    ownPath(address) === path ? `${before}${versioned(address, version)}` : whole,
  );
  if (fresh === value) return 0;
  element.setAttribute(name, fresh);
  return 1;
}
