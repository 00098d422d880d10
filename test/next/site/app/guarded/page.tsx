import { session } from '../../lib/session';

/** Behind the proxy. */
export default async function Page() {
  const mine = await session();
  return <pre>{(await mine.requireUser()).userId}</pre>;
}
