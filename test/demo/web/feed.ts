import type { Request, Response } from 'express';

/** Sends events to every open panel (server-sent events). A panel that connects gets the latest of those that are kept. */
export class Feed {
  readonly #panels = new Set<Response>();
  readonly #kept = new Map<string, string>();

  /** True while somebody looks. */
  get isWatched(): boolean {
    return this.#panels.size > 0;
  }

  open(req: Request, res: Response): void {
    res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    res.flushHeaders();
    res.write('retry: 1000\n\n');
    for (const message of this.#kept.values()) res.write(message);
    this.#panels.add(res);
    req.once('close', () => this.#panels.delete(res));
  }

  send(event: string, data: unknown): void {
    const message = messageOf(event, data);
    for (const panel of this.#panels) panel.write(message);
  }

  /** Sends it now, and to every panel that connects later; does nothing if it is what was kept already. */
  keep(event: string, data: unknown): void {
    if (this.#kept.get(event) === messageOf(event, data)) return;
    this.#kept.set(event, messageOf(event, data));
    this.send(event, data);
  }

  close(): void {
    for (const panel of this.#panels) panel.end();
  }
}

const messageOf = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
