import { session } from '../../lib/session';

/** What a component sees, twice: both ask the one session of the request. */
export default async function Page() {
  return (
    <pre>
      <Seen />
      {' | '}
      <Seen />
    </pre>
  );
}

async function Seen() {
  const mine = await (await session()).get();
  return <>{mine === null ? 'nobody' : `${mine.userId ?? 'visitor'}: ${mine.data.cart.join(',')}`}</>;
}
