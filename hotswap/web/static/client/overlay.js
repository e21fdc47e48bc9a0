// What is broken, over the page: from the server's list of current faults, each gone the moment it is mended.
// Everything is put in as text, styles come by adoptedStyleSheets: no markup in a message and no policy of the page
// can change what is shown.

import { emit, on, post, settings } from './page.js';

const STYLE = `
:host {
  all: initial; position: fixed; inset: 0; z-index: 2147483647; pointer-events: none;
  --paper: #fffdfb; --ink: #1f2328; --soft: #656d76; --line: #e4ddd6; --red: #c62f3b; --red-wash: #fdf0ef;
  --link: #0b62c4; --amber: #9a6700; --code: #f6f2ee; --button: #f0ebe6;
  font: 14px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--ink);
}
@media (prefers-color-scheme: dark) {
  :host {
    --paper: #1b1d22; --ink: #e6e8eb; --soft: #9aa2ad; --line: #33373f; --red: #ff7b84; --red-wash: #2a1f24;
    --link: #7cb8ff; --amber: #e3b341; --code: #24272e; --button: #2d3139;
  }
}
* { box-sizing: border-box; }
.panel {
  pointer-events: auto; position: absolute; inset: auto 0 20px; margin: 0 auto; width: min(920px, calc(100% - 32px));
  max-height: min(72vh, 720px); display: flex; flex-direction: column; overflow: hidden; background: var(--paper);
  border: 1px solid var(--line); border-top: 3px solid var(--red); border-radius: 12px;
  box-shadow: 0 1px 2px #0003, 0 18px 60px #0006; animation: rise .16s ease-out;
}
@keyframes rise { from { transform: translateY(14px); opacity: 0; } }
@media (prefers-reduced-motion: reduce) { .panel, .toast { animation: none; } }
.panel.only-questions { border-top-color: var(--amber); }
.list { overflow: auto; overscroll-behavior: contain; }
.fault { padding: 16px 20px 14px; border-bottom: 1px solid var(--line); }
.kind {
  display: inline-block; font-size: 11px; font-weight: 650; letter-spacing: .05em; text-transform: uppercase;
  color: var(--red); background: var(--red-wash); border-radius: 5px; padding: 1px 8px; margin-bottom: 6px;
}
.question .kind { color: var(--amber); background: var(--code); }
h2 { all: unset; display: block; font-weight: 650; font-size: 16px; }
.message {
  font: 13px/1.55 ui-monospace, "SF Mono", Menlo, Consolas, monospace; color: var(--red); white-space: pre-wrap;
  overflow-wrap: anywhere; margin: 3px 0 0;
}
.question .message { color: var(--ink); }
.hint { color: var(--soft); margin-top: 6px; }
.frames { margin-top: 10px; display: grid; gap: 6px; }
.frame { font: 12.5px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.frame a { color: var(--link); text-decoration: none; overflow-wrap: anywhere; }
.frame a:hover, .frame a:focus-visible { text-decoration: underline; }
.where { color: var(--soft); }
.code {
  white-space: pre; overflow-x: auto; background: var(--code); border-radius: 6px; padding: 5px 10px; margin-top: 3px;
}
.caret { color: var(--red); }
.actions { margin-top: 12px; display: flex; gap: 8px; flex-wrap: wrap; }
button {
  font: inherit; font-size: 13px; color: var(--ink); background: var(--button); border: 1px solid var(--line);
  border-radius: 7px; padding: 4px 12px; cursor: pointer;
}
button:hover { border-color: var(--soft); }
button:disabled { opacity: .5; cursor: default; }
.actions button:first-child { background: var(--link); border-color: var(--link); color: var(--paper); }
footer {
  display: flex; align-items: center; justify-content: space-between; gap: 12px; padding: 8px 12px 8px 20px;
  color: var(--soft); font-size: 12.5px;
}
kbd { font: 11px ui-monospace, monospace; border: 1px solid var(--line); border-radius: 4px; padding: 0 5px; }
.toast {
  position: absolute; right: 16px; bottom: 16px; max-width: min(460px, 80vw); padding: 6px 13px; border-radius: 999px;
  background: #16181dee; color: #d9f7df; font-size: 12.5px; box-shadow: 0 4px 18px #0005; transition: opacity .35s;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; animation: rise .16s ease-out;
}
.toast::before { content: ""; display: inline-block; width: 7px; height: 7px; border-radius: 9px; background: #58d07b;
  margin-right: 8px; vertical-align: 1px; }
`;

const KINDS = {
  python: 'Python',
  javascript: 'JavaScript',
  begun: 'JavaScript',
  request: 'Request',
  config: 'Configuration',
  migration: 'Migration',
  question: 'Decision',
};
const SERVES_ON = {
  python: 'The old code keeps serving. Mend the file and save.',
  javascript: 'The page keeps running the last good version. Mend the file and save.',
  begun: 'The page may run a part of the new version. Mend the file, save, and reload the page.',
  request: 'The code is live, but this page could not be made with it.',
  config: 'The old values stay in force. Mend the file and save.',
  migration: 'The database is as it was. Mend the file and save.',
  question: 'Nothing happens until you choose.',
};
const TOAST_TIME = 2200;

export const faults = new Map();
let host = null;
let shadow = null;
let hidden = false;
let toastTimer;

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}

function open() {
  if (host?.isConnected) return;
  if (!host) {
    host = document.createElement('hotswap-overlay');
    host.setAttribute('data-hotswap', '');
    shadow = host.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [sheet];
  }
  document.documentElement.append(host);
}

function closeIfEmpty() {
  if (shadow && !shadow.childNodes.length) host.remove();
}

// All current faults, as the server told them when the page (re)connected; what the page itself found stays.
export function setFaults(list) {
  for (const key of [...faults.keys()]) if (!key.startsWith('page:')) faults.delete(key);
  for (const fault of list) faults.set(fault.key, fault);
  draw();
}

export function showFault(fault) {
  faults.set(fault.key, fault);
  hidden = false;
  draw();
  emit('error', fault);
}

export function hideFault(key) {
  if (faults.delete(key)) draw();
}

function draw() {
  if (!document.documentElement) return;
  shadow?.querySelector('.panel')?.remove();
  if (!faults.size || hidden) return closeIfEmpty();
  open();
  const panel = element('section', 'panel');
  panel.setAttribute('role', 'alert');
  panel.setAttribute('aria-label', 'hotswap');
  const list = element('div', 'list');
  const newestFirst = [...faults.values()].reverse();
  if (newestFirst.every((fault) => fault.kind === 'question')) panel.classList.add('only-questions');
  list.append(...newestFirst.map(drawFault));
  const foot = element('footer');
  foot.append(element('span', 'serves', SERVES_ON[newestFirst[0].kind] ?? ''));
  const hide = element('button', 'hide', 'Hide ');
  hide.append(element('kbd', '', 'Esc'));
  hide.onclick = hideAll;
  foot.append(hide);
  panel.append(list, foot);
  shadow.querySelector('.toast')?.remove(); // it would lie over the button
  shadow.prepend(panel);
}

function drawFault(fault) {
  const box = element('article', `fault ${fault.kind}`);
  box.append(element('div', 'kind', KINDS[fault.kind] ?? fault.kind), element('h2', '', fault.title));
  if (fault.message) box.append(element('div', 'message', fault.message));
  if (fault.hint) box.append(element('div', 'hint', fault.hint));
  if (fault.frames?.length) {
    const frames = element('div', 'frames');
    frames.append(...fault.frames.map(drawFrame));
    box.append(frames);
  }
  if (fault.actions?.length) box.append(drawActions(fault));
  return box;
}

function drawFrame(frame) {
  const box = element('div', 'frame');
  const column = frame.col ? `:${frame.col}` : '';
  const link = element('a', '', `${frame.rel || frame.file}${frame.line ? `:${frame.line}${column}` : ''}`);
  const address = editorAddress(frame);
  if (address) link.href = address;
  box.append(link);
  if (frame.func && frame.func !== '<module>') box.append(element('span', 'where', `  in ${frame.func}`));
  if (frame.code) {
    const indent = /^\s*/.exec(frame.code)[0].length;
    const code = element('div', 'code', frame.code.slice(indent));
    const at = frame.col - 1 - indent;
    if (frame.col && at >= 0 && at <= frame.code.length) {
      code.append('\n', element('span', 'caret', `${' '.repeat(at)}^`));
    }
    box.append(code);
  }
  return box;
}

// Only addresses of editors: a template is configuration, but javascript: would be run by a click.
function editorAddress({ file, line, col }) {
  const path = encodeURI(file).replace(/[?#]/g, encodeURIComponent);
  const address = (settings.editor || '')
    .replaceAll('{file}', path)
    .replaceAll('{line}', line || 1)
    .replaceAll('{col}', col || 1);
  return /^(?!javascript:|data:|vbscript:)[a-z][a-z0-9+.-]*:/i.test(address) ? address : '';
}

function drawActions(fault) {
  const box = element('div', 'actions');
  const answer = element('div', 'message');
  for (const label of fault.actions) {
    const button = element('button', '', label);
    button.onclick = async () => {
      for (const other of box.querySelectorAll('button')) other.disabled = true;
      answer.textContent = '';
      try {
        const response = await post('action', { key: fault.key, action: label });
        answer.textContent = response.ok ? (await response.json()).error : await response.text();
      } catch (error) {
        answer.textContent = String(error);
      }
      for (const other of box.querySelectorAll('button')) other.disabled = false;
    };
    box.append(button);
  }
  const whole = element('div');
  whole.append(box, answer);
  return whole;
}

function hideAll() {
  hidden = true;
  draw();
}

addEventListener(
  'keydown',
  (event) => {
    if (event.key === 'Escape' && faults.size && !hidden) hideAll();
  },
  true,
);

// One short line that goes by itself.
export function say(text) {
  if (!document.documentElement || shadow?.querySelector('.panel')) return;
  open();
  const toast = shadow.querySelector('.toast') ?? shadow.appendChild(element('div', 'toast'));
  toast.textContent = text;
  toast.style.opacity = '1';
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => {
    toast.style.opacity = '0';
    toastTimer = setTimeout(() => {
      toast.remove();
      closeIfEmpty();
    }, 400);
  }, TOAST_TIME);
}

on('reload-held', ({ reason }) => say(`${reason}: send the form again to see it`));
