import { session } from '../lib/session';
import { add, signIn, signOut } from './actions';

export default async function Page() {
  const mine = await (await session()).get();
  return (
    <main>
      <p>{`${mine?.userId ?? 'nobody'}: ${mine?.data.cart.join(', ') ?? ''}`}</p>
      <form action={add}>
        <input name="item" required />
        <button>Add</button>
      </form>
      <form action={mine?.userId === undefined ? signIn : signOut}>
        <input name="name" placeholder="ada" />
        <input name="password" type="password" placeholder="lantern" />
        <button>{mine?.userId === undefined ? 'Sign in' : 'Sign out'}</button>
      </form>
    </main>
  );
}
