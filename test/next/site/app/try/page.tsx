import { session } from '../../lib/session';

/** Every call that writes, in a component. */
export default async function Page() {
  const mine = await session();
  const calls = {
    update: () => mine.update((shop) => void shop.cart.push('rendered')),
    login: () => mine.login('u_component'),
    logout: () => mine.logout(),
    logoutEverywhere: () => mine.logoutEverywhere({ keepThis: true }),
    logoutDevice: () => mine.logoutDevice('any'),
  };
  const outcomes: string[] = [];
  for (const [name, call] of Object.entries(calls)) {
    const outcome = await (call() as Promise<unknown>).then(
      () => 'resolved',
      (error: unknown) => (error as { code?: string }).code,
    );
    outcomes.push(`${name} ${outcome}`);
  }
  return <pre>{outcomes.join(', ')}</pre>;
}
