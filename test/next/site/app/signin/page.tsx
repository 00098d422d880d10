import { session } from '../../lib/session';
import { act } from './actions';

/** A form that works without JavaScript, and what the page that its action leads to sees. */
export default async function Page() {
  const mine = await (await session()).get();
  return (
    <form action={act}>
      <pre>{mine === null ? 'nobody' : `${mine.userId ?? 'visitor'}: ${mine.data.cart.join(',')}`}</pre>
      <input name="how" />
      <input name="item" />
    </form>
  );
}
