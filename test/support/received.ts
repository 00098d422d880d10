import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { onTestFinished } from 'vitest';

/** The messages of a channel from now to the end of the test. */
export function received<Message>(channel: string): Message[] {
  const messages: Message[] = [];
  const note = (message: unknown): void => void messages.push(message as Message);
  subscribe(channel, note);
  onTestFinished(() => void unsubscribe(channel, note));
  return messages;
}
