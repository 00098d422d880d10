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
      return redirect('/');
    case 'fail':
      await mine.login('u_42');
      throw new Error('the action fails after the login');
    case 'missing':
      await mine.login('u_42');
      return notFound();
    case 'logout':
      return mine.logout();
    case 'after': {
      // The action's session, once the action has ended.
      after(async () => {
        globalThis.lateOutcome = await mine.login('u_late').then(
          () => 'resolved',
          (error: unknown) => String((error as { code?: string }).code),
        );
      });
      return;
    }
    default:
      throw new Error('no such action');
  }
}

declare global {
  var lateOutcome: string | undefined;
}
