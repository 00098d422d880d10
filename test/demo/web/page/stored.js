import { byId, element } from './dom.js';

const panel = byId('stored');
const tabs = [...document.querySelectorAll('[role=tab]')];
const FACTS_MAX = 40;
const LEFT_OUT = ['absoluteExpiresAt', 'advice', 'at', 'changes', 'idleLifetimeMs', 'namespace', 'since'];

let session;
let state;
const facts = [];
let chosen = 'tab-redis';

/** Fetches what the stores hold of this browser's session. */
export async function refreshSession() {
  const response = await fetch('session');
  session = await response.json();
  render();
}

export function showKeys(newState) {
  state = newState;
  if (chosen === 'tab-keys') render();
}

export function addFact(fact) {
  facts.unshift(fact);
  facts.length = Math.min(facts.length, FACTS_MAX);
  if (chosen === 'tab-facts') render();
}

/** Arrow keys move between tabs, as the ARIA pattern for tabs has it. */
export function startTabs() {
  for (const [at, tab] of tabs.entries()) {
    tab.addEventListener('click', () => choose(tab));
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
      if (step === undefined) return;
      const next = tabs[(at + step + tabs.length) % tabs.length];
      choose(next);
      next.focus();
    });
  }
}

function choose(tab) {
  chosen = tab.id;
  for (const each of tabs) {
    each.setAttribute('aria-selected', String(each === tab));
    each.tabIndex = each === tab ? 0 : -1;
  }
  panel.setAttribute('aria-labelledby', tab.id);
  panel.scrollTop = 0;
  render();
}

function render() {
  const views = {
    'tab-redis': () => holding(session?.redis),
    'tab-database': () => holding(session?.database),
    'tab-keys': keys,
    'tab-facts': events,
  };
  const scroll = panel.scrollTop;
  panel.replaceChildren(...views[chosen]());
  panel.scrollTop = scroll;
}

function holding(store) {
  if (store === undefined) return [];
  const { cookie, opened } = session;
  const yours = element('p', { class: 'yours' });
  if (opened !== null) {
    const items = opened.data.cart.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(', ') || 'an empty cart';
    yours.append(
      element('b', {}, 'You'),
      ` (cookie ${cookie}…): ${opened.user ?? 'not signed in'}, ${items}, revision ${opened.revision}. `,
      element('b', {}, 'The thief:'),
      ` ${store.note}`,
    );
  } else yours.append(store.note);
  return store.parts.length === 0 ? [yours] : [yours, partsTable(store.parts)];
}

function partsTable(parts) {
  const head = ['Part', 'Bytes', 'What a thief reads'].map((title) => element('th', { scope: 'col' }, title));
  const rows = parts.map(({ name, bytes, kind, reads }) =>
    element(
      'tr',
      { class: kind },
      element('th', { scope: 'row' }, name),
      element('td', { class: 'bytes' }, spaced(bytes)),
      element('td', {}, reads),
    ),
  );
  return element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows));
}

const spaced = (bytes) => (bytes.match(/.{1,4}/g) ?? ['–']).join(' ');

function keys() {
  if (state === undefined) return [];
  const head = ['Key', 'For', 'State', 'Since', 'Seals'].map((title) => element('th', { scope: 'col' }, title));
  const rows = state.keys.map(({ name, use, state: keyState, since, sessions }) =>
    element(
      'tr',
      { class: keyState === 'active' ? 'active' : undefined },
      element('th', { scope: 'row', class: 'bytes' }, `${name}…`),
      element('td', {}, use === 'data' ? 'sealing sessions' : 'hashing users, signing cookies'),
      element('td', {}, keyState),
      element('td', {}, new Date(since).toLocaleTimeString()),
      element('td', {}, use !== 'data' ? '–' : sessions === undefined ? '?' : `${sessions} sessions`),
    ),
  );
  const nodes = state.nodes.map(({ ring }, at) => `node ${at + 1} has ${ring}`).join(', ');
  const note = `Version ${state.version} of the ring; ${nodes}. The keys themselves are in a file that a passphrase seals, and never come here.`;
  return [
    element('p', { class: 'yours' }, note),
    element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows)),
  ];
}

function events() {
  const note = element(
    'p',
    { class: 'yours' },
    'What the library published on node:diagnostics_channel, the latest first.',
  );
  const items = facts.map(({ at, channel, message }) => {
    const fields = Object.entries(message).filter(([name, value]) => !LEFT_OUT.includes(name) && value !== null);
    const line = fields.map(([name, value]) => `${name} ${shortened(String(value))}`).join(', ');
    return element('li', {}, element('time', {}, new Date(at).toLocaleTimeString()), ` ${channel}: ${line}`);
  });
  return [note, items.length === 0 ? element('p', {}, 'Nothing yet.') : element('ul', { class: 'events' }, ...items)];
}

/** Handles and hashed users are long, and their beginning is enough to find them again. */
const shortened = (text) => (text.length > 40 || /^[\w-]{22}$/.test(text) ? `${text.slice(0, 8)}…` : text);
