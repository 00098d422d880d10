import { channel } from 'node:diagnostics_channel';

/** Publishes one message on each channel that metrics count, whatever its sense. */
export function published(): void {
  const messages: Readonly<Record<string, object>> = {
    'holdfast:tier-change': { tier: 'primary', state: 'down', reason: 'deadline', changes: 1 },
    'holdfast:envelope-rejected': { tier: 'primary', reason: 'tampered', handle: 'h' },
    'holdfast:keys': { state: 'loaded', version: 1, reason: 'start' },
    'holdfast:sweep': { scanned: 1, removed: 1, durationMs: 1 },
    'holdfast:background-failure': { work: 'touch', code: 'unexpected' },
    'holdfast:store': { call: 'set', code: 'HOLDFAST_SESSION_ENDED', handle: null },
    'holdfast:revocation-lost': { handle: null },
    'holdfast:call': {
      namespace: 'n',
      operation: 'get',
      outcome: 'ok',
      servedBy: 'primary',
      startedAt: 0,
      durationMs: 1,
    },
  };
  for (const [name, message] of Object.entries(messages)) channel(name).publish(message);
  const audit = channel('holdfast:audit');
  const fact = { namespace: 'n', at: new Date(0), handle: null, userKey: null };
  audit.publish({ ...fact, event: 'created' });
  audit.publish({ ...fact, event: 'ended', by: 'logout', count: 1, durable: true });
  audit.publish({ ...fact, event: 'refused', reason: 'made-up', tier: null, count: 1 });
}
