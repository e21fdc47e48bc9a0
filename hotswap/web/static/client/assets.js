// Images, fonts, sounds and films, wherever the page shows them: attributes, srcset, style attributes, style sheets.

import { ownPath, roots, versioned } from './page.js';
import { assetVersions, touchSheet, touchStyle } from './styles.js';

const HOLDERS =
  'img,source,video,audio,track,iframe,embed,object,input[type=image],link[rel~=icon],link[rel~=apple-touch-icon],image,use,feImage';
const ATTRIBUTES = ['src', 'href', 'poster', 'data', 'xlink:href'];

export function assetChanged(path, version) {
  assetVersions.set(path, version);
  let count = touchElements(path, version);
  for (const root of roots()) {
    for (const sheet of [...root.styleSheets, ...(root.adoptedStyleSheets ?? [])]) {
      count += touchSheet(sheet, path, version);
    }
  }
  return count ? `asset x${count}` : 'not on this page';
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
