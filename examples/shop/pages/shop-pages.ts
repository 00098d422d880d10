import { html, type Html } from '../html.ts';
import { price, PRODUCTS, productOf, type Product } from '../products.ts';
import type { Line } from '../sessions.ts';

export const productsPage = (): Html =>
  html`<ul class="products">
    ${PRODUCTS.map(card)}
  </ul>`;

const card = ({ sku, name, text, cents, colour }: Product): Html =>
  html`<li class="card">
    ${lantern(colour)}
    <h2>${name}</h2>
    <p class="quiet">${text}</p>
    <form method="post" action="/cart">
      <span class="price">${price(cents)}</span>
      <button name="sku" value="${sku}">Add to cart</button>
    </form>
  </li>`;

const lantern = (colour: string): Html =>
  html`<svg viewBox="0 0 120 120" role="presentation">
    <circle cx="60" cy="66" r="46" fill="${colour}" opacity=".12" />
    <path d="M44 40a16 16 0 0 1 32 0" fill="none" stroke="${colour}" stroke-width="4" />
    <path d="M42 44h36l6 48H36z" fill="${colour}" opacity=".35" />
    <path d="M60 56c8 10 10 14 10 19a10 10 0 0 1-20 0c0-5 2-9 10-19z" fill="#f6c453" />
    <path d="M38 40h44v7H38zM32 91h56v8H32z" fill="${colour}" />
  </svg>`;

export function cartPage(cart: readonly Readonly<Line>[]): Html {
  if (cart.length === 0) return html`<p class="card">Nothing yet. <a href="/">Have a look around.</a></p>`;
  return html`<div class="card">
    ${linesOf(cart, true)}
    <form method="get" action="/checkout"><button class="main">Check out</button></form>
  </div>`;
}

export function checkoutPage(user: string, cart: readonly Readonly<Line>[]): Html {
  return html`<div class="card">
    <p>${user}, you are about to pay:</p>
    ${linesOf(cart, false)}
    <form method="post" action="/checkout"><button class="main">Pay ${price(totalOf(cart))}</button></form>
  </div>`;
}

export const thanksPage = (): Html =>
  html`<p class="card">Paid. Your lanterns are on their way. <a href="/">Back to the shop</a></p>`;

const totalOf = (cart: readonly Readonly<Line>[]): number =>
  cart.reduce((sum, { sku, quantity }) => sum + quantity * (productOf(sku)?.cents ?? 0), 0);

function linesOf(cart: readonly Readonly<Line>[], canRemove: boolean): Html {
  return html`<table>
    ${cart.map(
      ({ sku, quantity }) =>
        html`<tr>
          <td>${productOf(sku)?.name}</td>
          <td class="number">${quantity} ×</td>
          <td class="number">${price(productOf(sku)?.cents ?? 0)}</td>
          ${canRemove ? html`<td class="number">${removeButton(sku)}</td>` : undefined}
        </tr>`,
    )}
    <tr class="total">
      <td>Total</td>
      <td></td>
      <td class="number">${price(totalOf(cart))}</td>
      ${canRemove ? html`<td></td>` : undefined}
    </tr>
  </table>`;
}

const removeButton = (sku: string): Html =>
  html`<form method="post" action="/cart/remove">
    <button class="quiet" name="sku" value="${sku}">Remove</button>
  </form>`;
