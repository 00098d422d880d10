import { addCalls, startChart } from './chart.js';
import { done, showMachines, startControls, showStory } from './controls.js';
import { byId } from './dom.js';
import { addFact, refreshSession, showKeys, startTabs } from './stored.js';
import { showTiers } from './tiers.js';

/** So that a page that loads many things asks once. */
const SETTLE_MS = 150;
let waiting;

function refreshSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => void refreshSession().catch(() => undefined), SETTLE_MS);
}

const events = new EventSource('events');
const on = (name, listener) => events.addEventListener(name, ({ data }) => listener(JSON.parse(data)));

on('calls', addCalls);
on('fact', addFact);
on('state', (state) => {
  showMachines(state);
  showTiers(state);
  showKeys(state);
  refreshSoon();
});
on('story', (story) => {
  showStory(story);
  refreshSoon();
});
on('visit', ({ method, path }) => {
  if (method === 'POST' && path === '/cart') done('cart');
  refreshSoon();
});
events.addEventListener('error', () => {
  byId('did').textContent = 'The demo was stopped. Start it again, and this page goes on.';
  byId('reaction').textContent = '';
});

startControls();
startTabs();
startChart();
refreshSoon();
