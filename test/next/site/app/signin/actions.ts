'use server';

import { after } from 'next/server';
import { notFound, redirect } from 'next/navigation';
import { session } from '../../lib/session';

export async function act(form: FormData): Promise<void> {
  const mine = await session();
  switch (form.get('how')) {
    case 'add':
      await mine.update((shop) => void shop.cart.push(String(form.get('item'))));
      return;
    case 'login':
      await mine.login('u_42');
      return;
    case 'redirect':
      await mine.login('u_42');
      return redirect('/components');
    case 'fail':
      await mine.login('u_42');
      throw new Error('the action fails after the login');
    case 'missing':
      await mine.login('u_42');
      return notFound();
    case 'logout':
      return mine.logout();
    case 'after':
      // The action's session, once the action has ended.
      after(() => keep('after', mine.login('u_late')));
      return;
    case 'floating': {
      // Goes on once Next has sent the response, and the session knows it: callbacks of `after` run in the order of their calls.
      const sent = new Promise<void>((resolve) => after(resolve));
      const begin = mine.update(async (shop) => {
        await sent;
        shop.cart.push('late');
      });
      void keep('floating', begin);
      return;
    }
    default:
      throw new Error('no such action');
  }
}

/** How a call ended that the action did not wait for. */
async function keep(name: string, call: Promise<unknown>): Promise<void> {
  globalThis.lateOutcomes ??= {};
  globalThis.lateOutcomes[name] = await call.then(
    () => 'resolved',
    (error: unknown) => String((error as { code?: string }).code),
  );
}

declare global {
  var lateOutcomes: Record<string, string> | undefined;
}
