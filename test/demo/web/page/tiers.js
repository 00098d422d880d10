import { byId, element } from './dom.js';

/** What the servers do, and what each node thinks of them. */
export function showTiers({ redis, isSlow, database, nodes, keys }) {
  show(
    'redis',
    isSlow && redis === 'running' ? 'slow' : redis,
    nodes.map(({ primary }) => primary),
  );
  show(
    'database',
    database,
    nodes.map(({ durable }) => durable),
  );
  const active = keys.find(({ state, use }) => state === 'active' && use === 'data');
  show(
    'ring',
    `${active?.name.slice(0, 8)}… seals`,
    nodes.map(({ keys: { state, reason }, ring }) => ({ state, reason, word: `version ${ring}` })),
  );
}

function show(id, machine, tiers) {
  const box = byId(id);
  box.dataset.state = tiers.some(({ state }) => state !== 'up') ? 'away' : 'up';
  const words = tiers.map(({ state, reason, word = state }) => [
    state,
    reason === undefined ? word : `${word} (${reason})`,
  ]);
  const isSame = words.every(([, word]) => word === words[0][1]);
  const shown = isSame ? [['both nodes', ...words[0]]] : words.map((word, at) => [`node ${at + 1}`, ...word]);
  const chips = shown.map(([node, state, word]) => element('span', { class: `chip ${state}` }, `${node}: ${word}`));
  box.querySelector('dd').replaceChildren(element('span', {}, machine), element('span', { class: 'chips' }, ...chips));
}
