import { byId } from './dom.js';

const did = byId('did');
const reactionLine = byId('reaction');
const announcement = byId('announcement');
const frame = document.querySelector('iframe');
const buttons = [...document.querySelectorAll('[data-press]')];
const LABELS = { thaw: 'Thaw it', quicken: 'Speed it up', 'start-database': 'Start the database' };
const labels = new Map(buttons.map((button) => [button, button.textContent]));
/** Pages that a reload does not send again. */
const RELOADABLE = ['/', '/cart', '/account'];

let story = 0;

export function startControls() {
  for (const button of buttons) button.addEventListener('click', () => void press(button));
}

/** A button that undoes what it did says so, and one that makes no sense at present is off. */
export function showMachines({ redis, isSlow, database }) {
  const isUndo = { freeze: redis === 'frozen', slow: isSlow, 'stop-database': database === 'stopped' };
  const isOff = {
    kill: redis === 'killed',
    freeze: redis === 'killed',
    slow: redis !== 'running',
    flip: redis !== 'running',
    rotate: database === 'stopped',
    'both-tabs': database === 'stopped',
  };
  for (const button of buttons) {
    const { press: name, undo } = button.dataset;
    button.dataset.act = isUndo[name] ? undo : name;
    const label = isUndo[name] ? LABELS[undo] : labels.get(button);
    if (button.textContent !== label) button.textContent = label;
    // Not `disabled`, which would take the focus away from somebody who uses the keyboard.
    button.setAttribute('aria-disabled', String(isOff[name] ?? false));
  }
}

async function press(button) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  const name = button.dataset.act ?? button.dataset.press;
  button.setAttribute('aria-busy', 'true');
  reactionLine.classList.add('waiting');
  const response = await fetch(`press/${name}`, { method: 'POST' }).catch(() => undefined);
  button.removeAttribute('aria-busy');
  const { text } = (await response?.json()) ?? { text: 'The demo does not answer. Was it stopped?' };
  if (!response?.ok) say(text, '');
  done(name);
  if (['both-tabs', 'log-out-everywhere'].includes(name)) reloadShop();
}

/** The first event of a story says what happened, the second one what the library did. Only that is announced. */
export function showStory({ number, did: happened, reaction }) {
  if (number < story) return;
  story = number;
  did.textContent = happened;
  reactionLine.textContent = reaction ?? 'Watching what the library does …';
  reactionLine.classList.toggle('waiting', reaction === undefined);
  if (reaction !== undefined) announcement.textContent = `${happened} ${reaction}`;
}

function say(first, second) {
  did.textContent = first;
  reactionLine.textContent = second;
  reactionLine.classList.remove('waiting');
  announcement.textContent = first;
}

export function done(step) {
  document.querySelector(`[data-step="${step}"]`)?.classList.add('done');
}

function reloadShop() {
  const page = frame.contentWindow;
  if (RELOADABLE.includes(page?.location.pathname)) page.location.reload();
}
