import { html, type Html } from '../html.ts';

export interface SignIn {
  /** The page to show afterwards. */
  readonly back: string;
  /** The user who is signed in already and has to enter the password again. */
  readonly user: string | undefined;
  /** The entered values, and what is wrong with them. */
  readonly name?: string;
  readonly complaint?: string;
}

const ACCOUNTS = html`Two people have an account: <b>ada</b> and <b>bob</b>. The password of both is <b>lantern</b>.`;
const AGAIN = 'You have been signed in for a while. Before you go on, say that it is you.';

export function signInPage({ back, user, name, complaint }: SignIn): Html {
  const isNew = user === undefined;
  return html`<form class="card narrow" method="post" action="/sign-in">
    <p class="quiet">${isNew ? ACCOUNTS : AGAIN}</p>
    ${complaint === undefined ? undefined : html`<p class="complaint" role="alert">${complaint}</p>`}
    <input type="hidden" name="back" value="${back}" />
    <label for="name">Name</label>
    <input id="name" name="name" value="${user ?? name}" autocomplete="username" ${isNew ? 'autofocus' : 'readonly'} />
    <label for="password">Password</label>
    <input id="password" name="password" type="password" autocomplete="current-password" autofocus required />
    <button class="main">${isNew ? 'Sign in' : 'Confirm'}</button>
  </form>`;
}
