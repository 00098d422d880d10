import type { Device } from 'holdfast/express';
import { html, type Html } from '../html.ts';

export function accountPage(devices: readonly Device[]): Html {
  return html`<section class="card">
      <h2>Your devices</h2>
      <ul class="devices">
        ${devices.map(line)}
      </ul>
    </section>
    <section class="card">
      <h2>Password</h2>
      <form method="get" action="/account/password"><button>Change password</button></form>
    </section>
    <section class="card row">
      <form method="post" action="/sign-out"><button>Sign out</button></form>
      <form method="post" action="/sign-out-everywhere"><button class="warn">Sign out everywhere</button></form>
    </section>`;
}

function line({ handle, label, lastSeenAt, current }: Device): Html {
  const seen = html`<time datetime="${lastSeenAt.toISOString()}">${lastSeenAt.toUTCString()}</time>`;
  return html`<li>
    <span><b>${label ?? 'Unknown device'}</b><br /><small class="quiet">last seen ${seen}</small></span>
    ${
      current
        ? html`<span class="here">this device</span>`
        : html`<form method="post" action="/account/devices/end">
            <button name="handle" value="${handle}">Sign out</button>
          </form>`
    }
  </li>`;
}

export function passwordPage(complaint?: string): Html {
  return html`<form class="card narrow" method="post" action="/account/password">
    ${complaint === undefined ? undefined : html`<p class="complaint" role="alert">${complaint}</p>`}
    <label for="password">New password</label>
    <input id="password" name="password" type="password" autocomplete="new-password" autofocus required />
    <button class="main">Change it, and sign out all other devices</button>
  </form>`;
}
